//! A catalogue as bytes, packed with zstd.
//!
//! | part | content |
//! |---|---|
//! | 8 bytes | magic `AUTOINTC` |
//! | 4 bytes | version of the format, u32 |
//! | 8 bytes | length of what follows once it is unpacked, u64 |
//! | the rest, packed | length of the head, u64; the head in JSON; starts `[users + 1]` u32; items `[events]` u32; likes `[events]` u8; times `[events]` i64 |
//!
//! All integers are little-endian. Whether the bytes are those that training wrote is the run's business (it knows their SHA-256);
//! here they are only trusted with nothing: no length is believed before it was checked.

use std::io::Read;

use byteorder::{ByteOrder, LittleEndian};
use serde::{Deserialize, Serialize};

use super::side::{Column, Side};
use super::{Catalogue, Event};

const MAGIC: &[u8; 8] = b"AUTOINTC";
const VERSION: u32 = 1;
/// Magic, version, length.
const PREFIX: usize = 20;
/// More than this, unpacked, is no catalogue of ours.
const MOST: u64 = 16 << 30;
/// Of a million events, level 3 makes 4.6 MB in .1 s; 9 saves a tenth and takes six times as long.
const LEVEL: i32 = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Rows that were read.
    rows: u64,
    /// How long the arrays behind the head are.
    events: u64,
    users: SideFile,
    items: SideFile,
    /// See [`Catalogue::context`].
    context: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SideFile {
    /// The id's column.
    name: String,
    /// In the order of their first row.
    ids: Vec<String>,
    columns: Vec<ColumnFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnFile {
    name: String,
    /// Distinct texts.
    texts: Vec<String>,
    /// Per id, the place of its text.
    codes: Vec<u32>,
}

impl From<&Side> for SideFile {
    fn from(side: &Side) -> SideFile {
        let column = |column: &Column| ColumnFile {
            name: column.name.clone(),
            texts: column.texts.clone(),
            codes: column.codes.clone(),
        };
        SideFile {
            name: side.name.clone(),
            ids: side.ids().to_vec(),
            columns: side.columns.iter().map(column).collect(),
        }
    }
}

impl TryFrom<SideFile> for Side {
    type Error = String;

    fn try_from(file: SideFile) -> Result<Side, String> {
        let mut side = Side::new(file.name);
        for id in &file.ids {
            side.add(id);
        }
        if side.len() != file.ids.len() {
            return Err(format!("an id of `{}` is there twice", side.name));
        }
        for column in file.columns {
            if column.codes.len() != side.len() {
                return Err(format!(
                    "column `{}` is not as long as its ids",
                    column.name
                ));
            }
            side.columns.push(Column {
                name: column.name,
                texts: column.texts,
                codes: column.codes,
            });
        }
        Ok(side)
    }
}

impl Catalogue {
    /// The bytes of the file.
    ///
    /// # Errors
    /// When the head is no JSON, which cannot be, or packing fails for want of memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let head = Head {
            rows: self.rows,
            events: self.events.len() as u64,
            users: (&self.users).into(),
            items: (&self.items).into(),
            context: self.context.clone(),
        };
        let head = serde_json::to_vec(&head).map_err(|error| error.to_string())?;
        let mut plain = (head.len() as u64).to_le_bytes().to_vec();
        plain.extend(head);
        plain.extend(self.starts.iter().flat_map(|start| start.to_le_bytes()));
        plain.extend(
            self.events
                .iter()
                .flat_map(|event| event.item.to_le_bytes()),
        );
        plain.extend(self.events.iter().map(|event| u8::from(event.liked)));
        plain.extend(
            self.events
                .iter()
                .flat_map(|event| event.time.to_le_bytes()),
        );
        let packed = zstd::encode_all(&plain[..], LEVEL).map_err(|error| error.to_string())?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((plain.len() as u64).to_le_bytes());
        bytes.extend(packed);
        Ok(bytes)
    }

    /// The catalogue in the bytes of a file.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Catalogue, String> {
        let (prefix, packed) = bytes.split_at_checked(PREFIX).ok_or("it is truncated")?;
        if prefix[..8] != *MAGIC {
            return Err("it is a file of another kind".into());
        }
        let version = LittleEndian::read_u32(&prefix[8..12]);
        if version != VERSION {
            return Err(format!(
                "its format has version {version}, this program reads version {VERSION}"
            ));
        }
        let length = LittleEndian::read_u64(&prefix[12..]);
        if length > MOST {
            return Err(format!(
                "it claims {length} bytes, at most {MOST} are possible"
            ));
        }
        let plain = unpack(packed, length)?;
        let mut rest = &plain[..];
        let head = take(&mut rest, 8)?;
        let head = take(&mut rest, LittleEndian::read_u64(head))?;
        let head: Head = serde_json::from_slice(head)
            .map_err(|error| format!("its head cannot be understood ({error})"))?;
        let (users, items) = (Side::try_from(head.users)?, Side::try_from(head.items)?);
        let starts = numbers(take(&mut rest, 4 * (users.len() as u64 + 1))?);
        let events = events(&mut rest, head.events)?;
        let rise = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        let fits = starts.last().copied().unwrap_or(0) as usize == events.len();
        let known = events
            .iter()
            .all(|event| (event.item as usize) < items.len());
        if !rest.is_empty() || !rise || !fits || !known {
            return Err("its events do not fit its users and items".into());
        }
        Ok(Catalogue {
            users,
            items,
            context: head.context,
            rows: head.rows,
            starts,
            events,
        })
    }
}

/// Unpacks `length` bytes, not more.
fn unpack(packed: &[u8], length: u64) -> Result<Vec<u8>, String> {
    let damaged = |error| format!("it cannot be unpacked ({error})");
    let reader = zstd::Decoder::new(packed).map_err(damaged)?;
    // Memory grows with what is there, not with what is claimed.
    let mut plain = Vec::new();
    reader
        .take(length + 1)
        .read_to_end(&mut plain)
        .map_err(damaged)?;
    match plain.len() as u64 == length {
        true => Ok(plain),
        false => Err("it is truncated, or longer than it says".into()),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let length = usize::try_from(length).map_err(|_| "it is truncated")?;
    let (taken, left) = rest.split_at_checked(length).ok_or("it is truncated")?;
    *rest = left;
    Ok(taken)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(LittleEndian::read_u32).collect()
}

fn events(rest: &mut &[u8], count: u64) -> Result<Vec<Event>, String> {
    let of = |width: u64| count.checked_mul(width).ok_or("it is truncated");
    let items = numbers(take(rest, of(4)?)?);
    let likes = take(rest, count)?;
    let times = take(rest, of(8)?)?;
    let times = times.chunks_exact(8).map(LittleEndian::read_i64);
    let events = items.into_iter().zip(likes).zip(times);
    let event = |((item, &liked), time)| Event {
        item,
        liked: liked != 0,
        time,
    };
    Ok(events.map(event).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::catalogue::build::build;
    use crate::data::movielens::protocols;
    use crate::data::source::table::TableReader;
    use crate::data::synthetic::{SyntheticConfig, generate};

    fn catalogue() -> Catalogue {
        let table = generate(&SyntheticConfig::of_rows(500)).unwrap();
        let protocol = protocols::named("course").unwrap();
        let readers: Vec<Box<dyn crate::data::source::reader::Reader>> =
            vec![Box::new(TableReader::new(table))];
        build(readers, &protocol, &BTreeMap::new(), 500)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let catalogue = catalogue();
        assert_eq!(catalogue.rows, 500);
        let bytes = catalogue.to_bytes().unwrap();
        assert_eq!(Catalogue::from_bytes(&bytes).unwrap(), catalogue);
    }

    #[test]
    fn damage_is_refused_or_harmless_and_never_a_panic() {
        let bytes = catalogue().to_bytes().unwrap();
        for end in [0, 7, 19, 20, bytes.len() / 2, bytes.len() - 1] {
            assert!(Catalogue::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        for at in (0..bytes.len()).step_by(7) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            let _ = Catalogue::from_bytes(&bytes);
        }
        let mut huge = bytes;
        huge[12..20].fill(0xff);
        assert!(Catalogue::from_bytes(&huge).unwrap_err().contains("claims"));
    }
}
