//! A row that a person wrote: a file with one JSON object.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use autoint::explain::row::RawRow;
use autoint::{Error, Result};

/// The most bytes of a row's file: more is no row.
const MOST_BYTES: u64 = 1 << 20;

/// The row of a file; `-` is standard input.
pub fn read(path: &Path) -> Result<RawRow> {
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => io::stdin().take(MOST_BYTES).read_to_string(&mut text),
        false => fs::File::open(path)
            .map_err(Error::io(path, "open"))?
            .take(MOST_BYTES)
            .read_to_string(&mut text),
    };
    read.map_err(Error::io(path, "read"))?;
    if text.len() as u64 == MOST_BYTES {
        let what = "is too long for a row: expected one JSON object";
        return Err(Error::file(path, what));
    }
    RawRow::from_json(&text).map_err(|error| Error::file(path, error.to_string()))
}
