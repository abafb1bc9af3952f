//! Putting a data set together, column by column: in memory, or straight into the file it will be mapped from.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::column::DType;
use super::directory::{Entry, Index, Role};
use super::payload::{ALIGNMENT, Owned, Payload, aligned, map_file};
use super::{PREFIX, header_of, prefix_of};
use crate::data::counts::Counts;
use crate::data::dataset::Dataset;
use crate::data::schema::Schema;
use crate::data::vocab::hex;
use crate::error::{Error, Result};
use crate::files::Draft;

/// Where a data set is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// Into memory when it is small, else into a file without a name in the folder for temporary files, which goes when the
    /// program does.
    Anywhere,
    /// Into a store of this name, whole or not at all.
    Store(&'a Path),
}

/// A data set of more bytes than this goes into a temporary file.
const IN_MEMORY: u64 = 512 << 20;

/// A data set in the making. Columns are added in the order of the directory, see [`Index::resolve`].
pub(crate) struct Builder {
    /// Where the bytes go.
    sink: Sink,
    /// One a column that is there, in the order of the directory.
    entries: Vec<Entry>,
    /// SHA-256 of each column's bytes.
    hashes: Vec<[u8; 32]>,
}

enum Sink {
    Memory(Owned),
    File {
        writer: BufWriter<File>,
        /// Bytes of payload so far.
        length: usize,
        /// What messages call the file.
        path: PathBuf,
        /// What becomes the store; a file without a name has none.
        draft: Option<Draft>,
    },
}

impl Builder {
    /// A builder for about `bytes` of columns.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(target: Target<'_>, bytes: u64) -> Result<Builder> {
        let sink = match target {
            Target::Anywhere if bytes <= IN_MEMORY => Sink::Memory(Owned::default()),
            Target::Anywhere => {
                let folder = std::env::temp_dir();
                let file = tempfile::tempfile().map_err(Error::io(&folder, "create a file in"))?;
                Sink::file(file, folder, None)?
            }
            Target::Store(path) => {
                let draft = Draft::of(path)?;
                Sink::file(draft.reopen()?, path.to_owned(), Some(draft))?
            }
        };
        Ok(Builder {
            sink,
            entries: Vec::new(),
            hashes: Vec::new(),
        })
    }

    /// Adds a column, whose bytes `fill` hands over piece by piece.
    ///
    /// # Errors
    /// When `fill` fails or the system refuses.
    pub fn column(
        &mut self,
        name: &str,
        role: Role,
        dtype: DType,
        fill: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let offset = self.sink.len();
        let (mut crc, mut hash) = (crc32fast::Hasher::new(), Sha256::new());
        let sink = &mut self.sink;
        fill(&mut |bytes| {
            crc.update(bytes);
            hash.update(bytes);
            sink.extend(bytes)
        })?;
        let length = ((self.sink.len() - offset) / dtype.size()) as u64;
        self.sink.align()?;
        self.entries.push(Entry {
            name: name.to_owned(),
            role,
            dtype,
            offset: offset as u64,
            length,
            crc32: crc.finalize(),
        });
        self.hashes.push(hash.finalize().into());
        Ok(())
    }

    /// The data set.
    ///
    /// # Errors
    /// When the columns are not those of the schema, or the system refuses.
    pub fn finish(self, schema: Schema, rows: u32, counts: Counts) -> Result<Dataset> {
        let Builder {
            sink,
            entries,
            hashes,
        } = self;
        let fingerprint = fingerprint(&schema, &entries, &hashes)?;
        let index = Index::resolve(&schema, u64::from(rows), &entries)
            .map_err(|what| Error::Data(format!("the encoded data {what}")))?;
        let (mut writer, length, path, draft) = match sink {
            Sink::Memory(owned) => {
                let payload = owned.finished();
                return Ok(Dataset::new(
                    schema,
                    counts,
                    fingerprint,
                    entries,
                    index,
                    payload,
                ));
            }
            Sink::File {
                writer,
                length,
                path,
                draft,
            } => (writer, length, path, draft),
        };
        writer.flush().map_err(Error::io(&path, "write"))?;
        let map = map_file(writer.get_ref()).map_err(Error::io(&path, "map"))?;
        let place = PREFIX..PREFIX + length;
        let payload = Payload::Mapped {
            map,
            place,
            witness: None,
        };
        let data = Dataset::new(schema, counts, fingerprint, entries, index, payload);
        if let Some(draft) = draft {
            let header = header_of(&data, &path)?;
            let ended = end(&mut writer, &header, length);
            ended.map_err(Error::io(&path, "write"))?;
            drop(writer);
            draft.persist()?;
        }
        Ok(data)
    }
}

/// Writes the header behind the payload, and then the prefix: until then it is no store.
fn end(writer: &mut BufWriter<File>, header: &[u8], payload: usize) -> io::Result<()> {
    writer.write_all(header)?;
    writer.seek(SeekFrom::Start(0))?;
    writer.write_all(&prefix_of(header, payload))?;
    writer.flush()
}

impl Sink {
    fn file(file: File, path: PathBuf, draft: Option<Draft>) -> Result<Sink> {
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        writer
            .write_all(&[0; PREFIX])
            .map_err(Error::io(&path, "write"))?;
        Ok(Sink::File {
            writer,
            length: 0,
            path,
            draft,
        })
    }

    fn len(&self) -> usize {
        match self {
            Sink::Memory(owned) => owned.len(),
            Sink::File { length, .. } => *length,
        }
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Sink::Memory(owned) => owned.extend(bytes),
            Sink::File {
                writer,
                length,
                path,
                ..
            } => {
                writer
                    .write_all(bytes)
                    .map_err(Error::io(&*path, "write"))?;
                *length += bytes.len();
            }
        }
        Ok(())
    }

    fn align(&mut self) -> Result<()> {
        if let Sink::Memory(owned) = self {
            owned.align();
            return Ok(());
        }
        let length = self.len();
        let behind = aligned(length).unwrap_or(length) - length;
        self.extend(&[0; ALIGNMENT][..behind])
    }
}

/// SHA-256 over the schema (as JSON) and, column by column, role, name, type and the SHA-256 of the bytes.
fn fingerprint(schema: &Schema, entries: &[Entry], hashes: &[[u8; 32]]) -> Result<String> {
    let schema = serde_json::to_vec(schema)
        .map_err(|error| Error::Data(format!("the schema cannot be written as JSON: {error}")))?;
    let mut hash = Sha256::new();
    hash.update((schema.len() as u64).to_le_bytes());
    hash.update(schema);
    for (entry, bytes) in entries.iter().zip(hashes) {
        hash.update(format!(
            "{:?} {:?} {:?}\n",
            entry.role, entry.name, entry.dtype
        ));
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}
