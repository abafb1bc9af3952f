//! The encoded store: a [`Dataset`] as one file that is mapped into memory, not read.
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | magic `AUTOINTD` |
//! | 8..12 | version of the format, u32 |
//! | 12..16 | CRC-32 of the header |
//! | 16..24 | length of the header, u64 |
//! | 24..32 | length of the file, u64 |
//! | 32..64 | zeros |
//! | from 64 | the payload: columns, each from a multiple of 64 on, to the next multiple of 64 |
//! | at the end | the header in JSON: schema, fingerprint, directory of columns (each with its CRC-32) |
//!
//! All integers are little-endian. The header stands behind the columns, so that columns are written while they are made. A file
//! is believed only after everything in it was checked: lengths, checksums, the directory against the schema, codes against the
//! vocabularies, splits against each other.

pub(crate) mod builder;
pub(crate) mod column;
pub(crate) mod directory;
pub(crate) mod payload;
mod validate;

pub use builder::Target;

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use byteorder::{ByteOrder, LittleEndian};
use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::dataset::Dataset;
use super::schema::Schema;
use crate::error::{Error, Result};
use crate::files::{replaceable, write_whole};
use directory::{Entry, Index, check_places};
use payload::{ALIGNMENT, Payload, Witness, map};

#[cfg(target_endian = "big")]
compile_error!("the encoded store maps little-endian columns; this machine is big-endian");

const MAGIC: [u8; 8] = *b"AUTOINTD";
const VERSION: u32 = 2;
/// Where the payload begins.
const PREFIX: usize = ALIGNMENT;
/// A vocabulary of some ten million texts fits; more is no header of ours.
const MAX_HEADER: usize = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: Schema,
    /// See [`Dataset::fingerprint`].
    fingerprint: String,
    /// The length of every column with one entry a row.
    rows: u32,
    counts: Counts,
    /// The directory, see [`Index::resolve`].
    columns: Vec<Entry>,
}

/// The header of a data set as it stands in a file.
fn header_of(data: &Dataset, path: &Path) -> Result<Vec<u8>> {
    let refused = |what: String| Error::file(path, format!("cannot be written: {what}"));
    let header = Header {
        schema: data.schema().clone(),
        fingerprint: data.fingerprint().to_owned(),
        rows: data.rows() as u32,
        counts: data.counts().clone(),
        columns: data.entries().to_vec(),
    };
    let json = serde_json::to_vec(&header).map_err(|error| refused(error.to_string()))?;
    if json.len() > MAX_HEADER {
        return Err(refused(format!(
            "its vocabularies take {} bytes, at most {MAX_HEADER} are possible; raise `min_count`",
            json.len()
        )));
    }
    Ok(json)
}

/// The bytes before the payload.
fn prefix_of(header: &[u8], payload: usize) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    prefix[..8].copy_from_slice(&MAGIC);
    LittleEndian::write_u32(&mut prefix[8..12], VERSION);
    LittleEndian::write_u32(&mut prefix[12..16], crc32fast::hash(header));
    LittleEndian::write_u64(&mut prefix[16..24], header.len() as u64);
    let length = PREFIX + payload + header.len();
    LittleEndian::write_u64(&mut prefix[24..32], length as u64);
    prefix
}

/// Refuses a name for a new store at which there is something that is no store.
///
/// # Errors
/// Says what is there.
pub fn check_name(path: &Path) -> Result<()> {
    if replaceable(path)?.exists() && !Dataset::is_store(path)? {
        let what = "is there and was not written by `prepare`: choose another name for --out";
        return Err(Error::file(path, what));
    }
    Ok(())
}

impl Dataset {
    /// Writes the store, whole or not at all; an older file of that name is replaced.
    ///
    /// # Errors
    /// When the system refuses; the message names the file.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let header = header_of(self, path)?;
        let payload = self.payload().bytes();
        write_whole(path, |file| {
            file.write_all(&prefix_of(&header, payload.len()))?;
            file.write_all(payload)?;
            file.write_all(&header)
        })
    }

    /// Whether a file begins as a store does; what follows may still be damaged.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_store(path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let mut start = Vec::new();
        let read = |file: File| file.take(MAGIC.len() as u64).read_to_end(&mut start);
        File::open(path)
            .and_then(read)
            .map_err(Error::io(path, "read"))?;
        Ok(start == MAGIC)
    }

    /// Opens a store by mapping it, after checking all of it.
    ///
    /// # Errors
    /// When the file cannot be opened, or is truncated, altered, of another kind or version; the message names the file and
    /// what is wrong with it.
    pub fn open(path: impl AsRef<Path>) -> Result<Dataset> {
        let path = path.as_ref();
        let size = std::fs::metadata(path).map_err(Error::io(path, "open"))?;
        let refused = |what: String| {
            let hint = "write it anew with `autoint prepare`";
            Error::file(path, format!("is no usable encoded store: {what}; {hint}"))
        };
        // Before mapping: a folder or an empty file cannot be mapped.
        if !size.is_file() || size.len() < PREFIX as u64 {
            return Err(refused(format!("it has {} bytes", size.len())));
        }
        let (map, witness) = map(path)?;
        let data = read(map, witness).map_err(refused)?;
        data.check_unchanged()?;
        Ok(data)
    }
}

/// Checks a mapped file and makes a dataset of it.
fn read(map: Mmap, witness: Witness) -> Result<Dataset, String> {
    let (header, place) = read_header(&map)?;
    let payload = map.get(place.clone()).ok_or("it is truncated")?;
    header.schema.check().map_err(|error| error.to_string())?;
    check_places(&header.columns, payload.len())?;
    for entry in &header.columns {
        let bytes = entry.range().and_then(|range| payload.get(range));
        if bytes.map(crc32fast::hash) != Some(entry.crc32) {
            return Err(format!(
                "column {:?} {:?} is damaged (wrong checksum)",
                entry.role, entry.name
            ));
        }
    }
    let index = Index::resolve(&header.schema, u64::from(header.rows), &header.columns)?;
    let data = Dataset::new(
        header.schema,
        header.counts,
        header.fingerprint,
        header.columns,
        index,
        Payload::Mapped {
            map,
            place,
            witness: Some(witness),
        },
    );
    validate::check(&data)?;
    Ok(data)
}

/// The header, and where the payload is.
fn read_header(file: &[u8]) -> Result<(Header, Range<usize>), String> {
    let prefix = file.get(..PREFIX).ok_or("it is truncated")?;
    if prefix[..8] != MAGIC {
        return Err("it is a file of another kind".into());
    }
    let version = LittleEndian::read_u32(&prefix[8..12]);
    if version != VERSION {
        return Err(format!(
            "its format has version {version}, this program reads version {VERSION}"
        ));
    }
    let length = LittleEndian::read_u64(&prefix[24..32]);
    if length != file.len() as u64 {
        return Err(format!(
            "it has {} bytes, but should have {length} (truncated or altered)",
            file.len()
        ));
    }
    let length = usize::try_from(LittleEndian::read_u64(&prefix[16..24])).ok();
    let start = length
        .filter(|&length| length <= MAX_HEADER)
        .and_then(|length| file.len().checked_sub(length))
        .filter(|&start| start >= PREFIX)
        .ok_or("the length of its header is wrong")?;
    let json = &file[start..];
    if crc32fast::hash(json) != LittleEndian::read_u32(&prefix[12..16]) {
        return Err("its header is damaged (wrong checksum)".into());
    }
    let header = serde_json::from_slice(json)
        .map_err(|error| format!("its header cannot be understood ({error})"))?;
    Ok((header, PREFIX..start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batch::Batch;
    use crate::data::dataset::SplitName;
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{any_rows, protocol, random_split, table};
    use proptest::prelude::*;

    fn gathered(data: &Dataset) -> Batch {
        let mut batch = Batch::default();
        for name in SplitName::ALL {
            data.gather(data.split(name), &mut batch);
        }
        let all: Vec<u32> = (0..data.rows() as u32).collect();
        data.gather(&all, &mut batch);
        batch
    }

    fn example() -> Dataset {
        let row = |i: u32| {
            let tags = ["x", "y|x", "", "z|y"][i as usize % 4].to_owned();
            (
                format!("user {}", i % 3),
                tags,
                format!("{i}"),
                1 + (i % 5) as u8,
            )
        };
        let rows: Vec<_> = (0..30).map(row).collect();
        let mut rules = protocol(FitOn::Train, random_split(3));
        rules.roles.weight = Some("rating".into());
        encode(&table(&rows), &rules).unwrap()
    }

    fn example_bytes() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        example().write(&path).unwrap();
        std::fs::read(&path).unwrap()
    }

    /// Opens `bytes` as a file; the error must name the file.
    fn open(bytes: &[u8]) -> Result<Dataset, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("the-store");
        std::fs::write(&path, bytes).unwrap();
        Dataset::open(&path).map_err(|error| {
            let text = error.to_string();
            assert!(text.contains("the-store"), "{text}");
            text
        })
    }

    fn header_of(bytes: &[u8]) -> serde_json::Value {
        let length = LittleEndian::read_u64(&bytes[16..24]) as usize;
        serde_json::from_slice(&bytes[bytes.len() - length..]).unwrap()
    }

    /// The same file with another header, all lengths and the header's checksum right.
    fn with_header(bytes: &[u8], header: &serde_json::Value) -> Vec<u8> {
        let old = LittleEndian::read_u64(&bytes[16..24]) as usize;
        let payload = &bytes[PREFIX..bytes.len() - old];
        let json = serde_json::to_vec(header).unwrap();
        let prefix = prefix_of(&json, payload.len());
        [&prefix[..], payload, &json].concat()
    }

    /// The file after `change` to the payload of column number `column`, all checksums right.
    fn with_column(bytes: &[u8], column: usize, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut header = header_of(bytes);
        let mut file = bytes.to_vec();
        let entry: Entry = serde_json::from_value(header["columns"][column].clone()).unwrap();
        let range = entry.range().unwrap();
        let part = &mut file[PREFIX..][range];
        change(part);
        header["columns"][column]["crc32"] = crc32fast::hash(part).into();
        with_header(&file, &header)
    }

    #[test]
    fn a_file_of_another_kind_version_or_length_is_refused() {
        let bytes = example_bytes();
        assert_eq!(open(&bytes).unwrap().fingerprint(), example().fingerprint());
        let refused = |bytes: &[u8]| open(bytes).unwrap_err();
        assert!(refused(b"").contains("0 bytes"));
        assert!(refused(&[b'x'; 100]).contains("another kind"));
        let mut newer = bytes.clone();
        newer[8] = 9;
        assert!(refused(&newer).contains("version 9"));
        assert!(refused(&bytes[..bytes.len() - 1]).contains("truncated"));
        assert!(refused(&[&bytes[..], b"x"].concat()).contains("altered"));
        let mut huge = bytes.clone();
        huge[16..24].fill(0xff);
        assert!(refused(&huge).contains("length of its header"));
        let folder = tempfile::tempdir().unwrap();
        assert!(Dataset::open(folder.path()).is_err());
        assert!(Dataset::open(folder.path().join("none")).is_err());
    }

    #[test]
    fn contents_that_would_mislead_are_refused_although_their_checksum_is_right() {
        let bytes = example_bytes();
        let columns = header_of(&bytes)["columns"].as_array().unwrap().len();
        // user, tags (starts, codes), weight, label, user, weights, true probability, train, valid, test
        assert_eq!(columns, 11);
        let refused = |column: usize, word: &str, change: fn(&mut [u8])| {
            let error = open(&with_column(&bytes, column, change)).unwrap_err();
            assert!(error.contains(word), "column {column}: {error}");
        };
        refused(0, "field `user` has code 200", |codes| codes[3] = 200);
        refused(1, "lists that do not follow", |starts| starts[4..8].fill(0));
        refused(1, "lists that do not follow", |starts| starts[0] = 1);
        refused(2, "field `tags` has code", |codes| codes[0] = 4);
        refused(3, "number outside", |numbers| {
            numbers[..4].copy_from_slice(&2f32.to_le_bytes())
        });
        refused(4, "neither 0 nor 1", |labels| labels[0] = 2);
        refused(5, "user number beyond", |users| users[3] = 1);
        refused(6, "weight that is not", |w| w[..4].fill(0));
        refused(7, "true probability", |p| p[..4].fill(0xff));
        refused(8, "split `train`", |rows| rows.copy_within(..4, 4));
        refused(10, "only 24 rows", |rows| rows[1] = 1);
    }

    #[test]
    fn a_directory_that_does_not_fit_is_refused() {
        let bytes = example_bytes();
        let header = header_of(&bytes);
        let refused = |change: fn(&mut serde_json::Value)| {
            let mut header = header.clone();
            change(&mut header);
            open(&with_header(&bytes, &header)).unwrap_err()
        };
        assert!(refused(|h| h["columns"][0]["offset"] = u64::MAX.into()).contains("does not fit"));
        assert!(refused(|h| h["columns"][0]["length"] = u64::MAX.into()).contains("column 0"));
        assert!(
            refused(|h| h["columns"][10]["length"] = (1u64 << 62).into()).contains("does not fit")
        );
        assert!(refused(|h| h["columns"][0]["name"] = "else".into()).contains("else"));
        assert!(refused(|h| h["columns"][0]["dtype"] = "u128".into()).contains("understood"));
        assert!(refused(|h| h["rows"] = 23.into()).contains("expected"));
        assert!(refused(|h| h["columns"].as_array_mut().unwrap().clear()).contains("do not fill"));
        assert!(
            refused(|h| h["schema"]["protocol"]["field"]
                .as_array_mut()
                .unwrap()
                .clear())
            .contains("encodings are not")
        );
        assert!(
            refused(|h| h["schema"]["encodings"][1]["field"] = "user".into())
                .contains("encodings are not")
        );
        assert!(
            refused(|h| h["schema"]["protocol"]["roles"]["item"] = "user".into())
                .contains("expected")
        );
    }

    proptest! {
        #[test]
        fn writing_and_opening_gives_the_same_data(rows in any_rows(), seed: u64) {
            let data = encode(&table(&rows), &protocol(FitOn::Train, random_split(seed))).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store");
            data.write(&path).unwrap();
            let opened = Dataset::open(&path).unwrap();
            prop_assert_eq!(opened.schema(), data.schema());
            prop_assert_eq!(opened.fingerprint(), data.fingerprint());
            prop_assert_eq!(gathered(&opened), gathered(&data));
            prop_assert_eq!(opened.users(), data.users());
            prop_assert_eq!(opened.true_probability(), data.true_probability());
            for name in SplitName::ALL {
                prop_assert_eq!(opened.split(name), data.split(name));
            }
        }

        /// Whatever happened to the bytes: the file is refused, or it is the same data (only padding was hit).
        #[test]
        fn altered_or_truncated_bytes_are_refused_or_harmless(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 0..4),
            end in any::<prop::sample::Index>(),
            truncate: bool,
        ) {
            let mut bytes = example_bytes();
            for (place, bits) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= bits;
            }
            if truncate {
                bytes.truncate(end.index(bytes.len()));
                prop_assert!(open(&bytes).is_err());
            } else if let Ok(data) = open(&bytes) {
                prop_assert_eq!(gathered(&data), gathered(&example()));
            }
        }

        /// A header written by someone who knows the checksums: never a panic, also when rows are read.
        #[test]
        fn forged_numbers_never_panic(
            column in 0usize..10,
            key in 0usize..3,
            number in prop_oneof![any::<u64>(), 0u64..2000],
            place in any::<prop::sample::Index>(),
            value: u8,
        ) {
            let bytes = example_bytes();
            let mut header = header_of(&bytes);
            header["columns"][column][["offset", "length", "crc32"][key]] = number.into();
            prop_assert!(open(&with_header(&bytes, &header)).is_err() || header == header_of(&bytes));
            let forged = with_column(&bytes, column, |part| {
                let place = place.index(part.len());
                part[place] = value;
            });
            if let Ok(data) = open(&forged) {
                gathered(&data);
            }
        }
    }
}
