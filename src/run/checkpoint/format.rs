//! The file of a checkpoint: a header and sections of numbers.
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | magic `AUTOINTC` |
//! | 8..12 | version of the format, u32 |
//! | 12..16 | CRC-32 of the header |
//! | 16..24 | length of the header, u64 |
//! | 24..32 | length of the file, u64 |
//! | 32.. | the header in JSON |
//! | then, for each section that the header lists | its numbers, f32, and the CRC-32 of their bytes |
//!
//! All numbers are little-endian. Lengths are compared with the file's own before anything is read or any memory is taken.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use byteorder::{ByteOrder, LittleEndian, ReadBytesExt, WriteBytesExt};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"AUTOINTC";
const VERSION: u32 = 1;
/// Bytes before the header.
const START: u64 = 32;
/// The longest header: a history of 100,000 epochs has a tenth of this.
const MAX_HEADER: u64 = 1 << 28;
/// Numbers that are converted at once.
const CHUNK: usize = 1 << 14;

/// An entry of the header's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    /// What the numbers are, such as `weights.dense`.
    pub name: String,
    /// In numbers, not in bytes.
    pub length: u64,
}

impl Section {
    /// A section of `length` numbers.
    pub fn new(name: impl Into<String>, length: usize) -> Section {
        Section {
            name: name.into(),
            length: length as u64,
        }
    }

    /// Bytes in the file, checksum and all; none when there can be no such file.
    fn bytes(&self) -> Option<u64> {
        self.length.checked_mul(4)?.checked_add(4)
    }
}

/// The bytes of a header.
pub(super) fn header_bytes(header: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(header)
        .map_err(|e| Error::Data(format!("a checkpoint's header cannot be written: {e}")))
}

/// Writes a file.
pub(super) fn write(out: &mut dyn Write, header: &[u8], sections: &[&[f32]]) -> io::Result<()> {
    let body: usize = sections.iter().map(|numbers| 4 * numbers.len() + 4).sum();
    out.write_all(MAGIC)?;
    out.write_u32::<LittleEndian>(VERSION)?;
    out.write_u32::<LittleEndian>(crc32fast::hash(header))?;
    out.write_u64::<LittleEndian>(header.len() as u64)?;
    out.write_u64::<LittleEndian>(START + (header.len() + body) as u64)?;
    out.write_all(header)?;
    let mut bytes = vec![0; 4 * CHUNK];
    for numbers in sections {
        let mut crc = crc32fast::Hasher::new();
        for chunk in numbers.chunks(CHUNK) {
            let bytes = &mut bytes[..4 * chunk.len()];
            LittleEndian::write_f32_into(chunk, bytes);
            crc.update(bytes);
            out.write_all(bytes)?;
        }
        out.write_u32::<LittleEndian>(crc.finalize())?;
    }
    Ok(())
}

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// Of the whole file.
    length: u64,
    /// Where the first section begins, less the 32 bytes before the header.
    header_length: u64,
}

impl Reader {
    /// Opens a file and reads its header, which is then known to be whole.
    pub fn open(path: &Path) -> Result<(Reader, Vec<u8>)> {
        let file = File::open(path).map_err(Error::io(path, "read"))?;
        let metadata = file.metadata().map_err(Error::io(path, "read"))?;
        let mut reader = Reader {
            path: path.to_path_buf(),
            file: BufReader::new(file),
            length: metadata.len(),
            header_length: 0,
        };
        if !metadata.is_file() || reader.length < START {
            return Err(reader.damaged("it is no file, or shorter than any checkpoint"));
        }
        let mut start = [0; START as usize];
        reader.read_exact(&mut start)?;
        if start[..8] != *MAGIC {
            return Err(reader.damaged("it does not begin as a checkpoint does"));
        }
        let version = LittleEndian::read_u32(&start[8..12]);
        if version != VERSION {
            let what = format!("is of format version {version}, this program reads {VERSION}");
            return Err(Error::file(path, what));
        }
        let (header, length) = (
            LittleEndian::read_u64(&start[16..24]),
            LittleEndian::read_u64(&start[24..32]),
        );
        if length != reader.length {
            let what = format!("it has {} bytes instead of {length}", reader.length);
            return Err(reader.damaged(&what));
        }
        if header > MAX_HEADER || header > length - START {
            return Err(reader.damaged("its header is longer than it can be"));
        }
        reader.header_length = header;
        let mut bytes = vec![0; header as usize];
        reader.read_exact(&mut bytes)?;
        if crc32fast::hash(&bytes) != LittleEndian::read_u32(&start[12..16]) {
            return Err(reader.damaged("the checksum of its header is wrong"));
        }
        Ok((reader, bytes))
    }

    /// Refuses a list of sections that does not make up the file.
    pub fn check(&self, sections: &[Section]) -> Result<()> {
        let mut sum = Some(START + self.header_length);
        for section in sections {
            sum = sum.zip(section.bytes()).and_then(|(a, b)| a.checked_add(b));
        }
        if sum == Some(self.length) {
            return Ok(());
        }
        Err(self.damaged("its sections are not as long as its header says"))
    }

    /// Reads the next section, whose length [`Reader::check`] has found to be that of `numbers`.
    pub fn section(&mut self, name: &str, numbers: &mut [f32]) -> Result<()> {
        let length = numbers.len();
        let mut copy = |first: usize, chunk: &[f32]| {
            numbers[first..first + chunk.len()].copy_from_slice(chunk);
        };
        self.each_chunk(name, length, 1, &mut copy)
    }

    /// Reads the next section, which [`Reader::check`] has found to be so long, in chunks of whole rows of `width` numbers; each is
    /// told with the number of its first.
    pub fn each_chunk(
        &mut self,
        name: &str,
        length: usize,
        width: usize,
        take: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<()> {
        let most = (CHUNK / width).max(1) * width;
        let (mut bytes, mut numbers) = (vec![0; 4 * most], vec![0.0; most]);
        let mut crc = crc32fast::Hasher::new();
        for first in (0..length).step_by(most) {
            let count = most.min(length - first);
            let (bytes, numbers) = (&mut bytes[..4 * count], &mut numbers[..count]);
            self.read_exact(bytes)?;
            crc.update(bytes);
            LittleEndian::read_f32_into(bytes, numbers);
            take(first, numbers);
        }
        let stored = self.file.read_u32::<LittleEndian>();
        if stored.map_err(Error::io(&self.path, "read"))? != crc.finalize() {
            return Err(self.damaged(&format!("the checksum of section `{name}` is wrong")));
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is said of a file that cannot be trusted.
    pub fn damaged(&self, what: &str) -> Error {
        let what = format!("is no whole checkpoint: {what}; train the run anew");
        Error::file(&self.path, what)
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<()> {
        let read = self.file.read_exact(bytes);
        read.map_err(Error::io(&self.path, "read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write_whole;

    const NUMBERS: [f32; 3] = [1.0, -0.0, f32::MIN_POSITIVE / 2.0];

    /// A disk that is full after some bytes.
    struct Full<'a>(&'a mut dyn Write, usize);

    impl Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self.0.write(&bytes[..bytes.len().min(self.1)])?;
            self.1 -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    fn read(path: &Path) -> Result<(Vec<u8>, Vec<f32>)> {
        let (mut reader, header) = Reader::open(path)?;
        reader.check(&[Section::new("some", 3), Section::new("none", 0)])?;
        let mut numbers = vec![0.0; 3];
        reader.section("some", &mut numbers)?;
        reader.section("none", &mut [])?;
        Ok((header, numbers))
    }

    #[test]
    fn a_disk_that_fills_up_at_any_byte_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        write_whole(&path, |w| write(w, b"old", &[&NUMBERS, &[]])).unwrap();
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        for room in 0..size {
            let header = [b'x'; 3];
            let failed = write_whole(&path, |w| {
                write(&mut Full(w, room), &header, &[&NUMBERS, &[]])
            });
            let message = failed.unwrap_err().to_string();
            assert!(message.contains("state: cannot write"), "{message}");
            let (header, numbers) = read(&path).unwrap();
            assert_eq!(header, b"old");
            assert_eq!(numbers.map_bits(), NUMBERS.map_bits());
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    trait Bits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl<T: AsRef<[f32]>> Bits for T {
        fn map_bits(&self) -> Vec<u32> {
            self.as_ref().iter().map(|x| x.to_bits()).collect()
        }
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut whole = Vec::new();
        write(&mut whole, b"header", &[&NUMBERS, &[]]).unwrap();
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("state: is "), "{message}");
        };
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            refused(&bytes);
        }
        for end in 0..whole.len() {
            refused(&whole[..end]);
        }
        refused(&[&whole[..], b"more"].concat());
    }

    #[test]
    fn a_list_of_sections_that_overflows_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        write_whole(&path, |w| write(w, b"", &[])).unwrap();
        let (reader, _) = Reader::open(&path).unwrap();
        reader.check(&[]).unwrap();
        for length in [1, u64::MAX / 4, u64::MAX, 1 << 62] {
            let name = "huge".to_owned();
            assert!(reader.check(&[Section { name, length }]).is_err());
        }
    }
}
