//! `field_dims.npy`: how many values each field has, one number a field.
//!
//! The format: `\x93NUMPY`, version, the header's length (two bytes, little-endian; four from version 2 on), the header (a Python dictionary
//! as text), the numbers. (NEP 1, "A simple file format for NumPy arrays".)

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
/// A file of ten thousand fields is smaller.
const MOST_BYTES: u64 = 1 << 20;

/// Reads the numbers.
///
/// # Errors
/// When the file cannot be read, or is no list of whole numbers.
pub fn read_counts(path: &Path) -> Result<Vec<u64>> {
    let file = std::fs::File::open(path).map_err(Error::io(path, "read"))?;
    let mut bytes = Vec::new();
    let read = file.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(Error::io(path, "read"))?;
    counts(&bytes).map_err(|what| {
        Error::file(
            path,
            format!("expected a .npy file with one whole number for each field: {what}"),
        )
    })
}

/// The numbers of a file's bytes.
///
/// # Errors
/// Says what is wrong.
pub fn counts(bytes: &[u8]) -> Result<Vec<u64>, String> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it is longer than {MOST_BYTES} bytes"));
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is none")?;
    let short = || "it is cut off".to_owned();
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [version, ..] if *version > 3 => return Err(format!("its version is {version}")),
        _ => return Err(short()),
    };
    let (header, numbers) = rest.split_at_checked(length as usize).ok_or_else(short)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is no text".to_owned())?;
    let size = match value(header, "descr").trim_matches(['\'', '"']) {
        "<i8" | "<u8" => 8,
        "<i4" | "<u4" => 4,
        other => {
            return Err(format!(
                "expected numbers of the type <i8 or <i4, got {other}"
            ));
        }
    };
    let shape = value(header, "shape").trim_matches(['(', ')', ' ']);
    let count = shape.strip_suffix(',').unwrap_or(shape).parse::<usize>();
    let count = count.map_err(|_| format!("expected one axis, got the shape ({shape})"))?;
    if Some(numbers.len()) != count.checked_mul(size) {
        let got = numbers.len();
        return Err(format!(
            "expected {count} numbers of {size} bytes, got {got} bytes"
        ));
    }
    numbers.chunks_exact(size).map(number).collect()
}

/// A little-endian number that is not negative.
fn number(bytes: &[u8]) -> Result<u64, String> {
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let number = bytes
        .iter()
        .rev()
        .fold(0, |n, &byte| n << 8 | u64::from(byte));
    match negative {
        false => Ok(number),
        true => Err("one of its numbers is negative".into()),
    }
}

/// The text of a key's value in the header: up to the next comma that is in no brackets.
fn value<'h>(header: &'h str, key: &str) -> &'h str {
    let found = ['\'', '"'].iter().find_map(|quote| {
        let (_, rest) = header.split_once(&format!("{quote}{key}{quote}:"))?;
        Some(rest.trim_start())
    });
    let rest = found.unwrap_or_default();
    let mut depth = 0;
    let end = rest.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && c == ',' || c == '}'
    });
    &rest[..end.unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}   \n");
        let length = (header.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), numbers].concat()
    }

    #[test]
    fn numbers_are_read() {
        let two = [6040u64, 3706].map(u64::to_le_bytes).concat();
        assert_eq!(counts(&npy("<i8", "(2,)", &two)).unwrap(), [6040, 3706]);
        assert_eq!(
            counts(&npy("<i4", "(4,)", &two)).unwrap(),
            [6040, 0, 3706, 0]
        );
    }

    #[test]
    fn what_is_no_list_of_whole_numbers_is_refused() {
        let one = 7u64.to_le_bytes();
        let whole = npy("<i8", "(1,)", &one);
        for end in 0..whole.len() {
            counts(&whole[..end]).unwrap_err();
        }
        for (file, what) in [
            (npy("<f8", "(1,)", &one), "<f8"),
            (npy("<i8", "(1, 1)", &one), "one axis"),
            (npy("<i8", "()", &one), "one axis"),
            (
                npy("<i8", "(18446744073709551615,)", &one),
                "expected 18446744073709551615",
            ),
            (npy("<i8", "(1,)", &(-1i64).to_le_bytes()), "negative"),
            (b"\x93NUMPY\x09\x00".to_vec(), "version is 9"),
        ] {
            let error = counts(&file).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
