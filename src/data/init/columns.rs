//! The columns of an input, also where it has no header.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Finding;
use crate::data::source::layout::Layout;
use crate::data::source::reader::Reader;
use crate::error::{Error, Result};

/// The names of an input's columns.
///
/// # Errors
/// When a file cannot be read.
pub fn columns_of(reader: &dyn Reader, files: &[PathBuf], _layout: &Layout) -> Result<Vec<String>> {
    match reader.header() {
        Some(header) => Ok(header.to_vec()),
        None => Err(Error::file(&files[0], "TODO")),
    }
}

/// Columns of libffm that need not be fields, with the reason: of a field that always has the same feature the value says all;
/// of one with several features the features do.
pub(super) fn unneeded(columns: &[Finding]) -> BTreeMap<usize, String> {
    let mut all = BTreeMap::new();
    for (place, column) in columns.iter().enumerate() {
        let name = &column.profile.name;
        let value = columns
            .iter()
            .position(|other| other.profile.name == format!("{name}.value"));
        let Some(value) = value.filter(|&value| columns[value].profile.distinct > 1) else {
            continue;
        };
        let (unneeded, why) = match column.profile.distinct {
            0 | 1 => (place, "its only feature says no more than its value"),
            _ => (value, "its features say what there is to say"),
        };
        all.insert(unneeded, why.to_owned());
    }
    all
}
