//! Reading a table that is joined by a key.

use std::path::PathBuf;

use super::columns::ColumnRef;
use super::layout::Layout;
use super::open::open;
use crate::data::lookup::Lookup;
use crate::error::{Error, Result};

/// Reads a whole table into memory.
///
/// # Errors
/// When a file is not what it should be, the key is missing, or a key is there twice.
pub fn load(files: &[PathBuf], layout: &Layout, key: &ColumnRef) -> Result<Lookup> {
    let mut reader = open(files, layout)?;
    let Some(header) = reader.header().map(<[String]>::to_vec) else {
        let what = "has no fixed columns: give a joined table as CSV or Parquet";
        return Err(Error::file(&files[0], what));
    };
    let place = key
        .place(&header)
        .map_err(|error| Error::file(&files[0], format!("cannot be joined by its key: {error}")))?;
    let all: Vec<ColumnRef> = (1..=header.len() as u32).map(ColumnRef::Number).collect();
    reader.select(&all)?;
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); header.len()];
    while let Some(block) = reader.next_block()? {
        let chunk = block.parse()?;
        if let Some(bad) = chunk.bad.first() {
            return Err(Error::line(&chunk.file, bad.line, &*bad.what));
        }
        for (column, cells) in columns.iter_mut().zip(&chunk.columns) {
            column.extend((0..cells.len()).map(|row| cells.text(row).into_owned()));
        }
    }
    let keys = columns[place]
        .iter()
        .map(|key| key.trim().to_owned())
        .collect();
    let others = header.into_iter().zip(columns).enumerate();
    let others = others
        .filter(|(at, _)| *at != place)
        .map(|(_, column)| column);
    Lookup::new(keys, others.collect())
        .map_err(|what| Error::file(&files[0], format!("cannot be joined: {what}")))
}
