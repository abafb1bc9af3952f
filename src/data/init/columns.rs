//! The columns of an input, also where it has no header.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::finding::Finding;
use crate::data::source::layout::{Format, Layout};
use crate::data::source::reader::Reader;
use crate::data::source::{jsonl, libsvm};
use crate::error::Result;

/// Rows that are looked at for columns where no header names them.
const ROWS: usize = 20_000;
/// With more indexes than this, libsvm's are the values of one list.
const DENSE: usize = 200;

/// The names of an input's columns.
///
/// # Errors
/// When a file cannot be read.
pub fn columns_of(reader: &dyn Reader, files: &[PathBuf], layout: &Layout) -> Result<Vec<String>> {
    if let Some(header) = reader.header() {
        return Ok(header.to_vec());
    }
    let label = || vec!["label".to_owned()];
    match layout.format {
        Some(Format::Libsvm) => {
            let indexes = libsvm::numbers(files, layout, ROWS)?;
            let others = match indexes.len() > DENSE {
                true => vec!["features".to_owned()],
                false => indexes.iter().map(u64::to_string).collect(),
            };
            Ok([label(), others].concat())
        }
        Some(Format::Libffm) => {
            let fields = libsvm::numbers(files, layout, ROWS)?;
            let columns = fields
                .iter()
                .flat_map(|field| [field.to_string(), format!("{field}.value")]);
            Ok(label().into_iter().chain(columns).collect())
        }
        _ => jsonl::keys(files, layout, ROWS),
    }
}

/// Whether a column of libsvm or libffm holds numbers of features, which are marks and no amounts.
pub(super) fn is_feature(name: &str, layout: &Layout) -> bool {
    layout.format == Some(Format::Libffm) && !name.ends_with(".value") && name != "label"
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
        let Some(value) = value else {
            continue;
        };
        let (unneeded, why) = match (column.profile.distinct, columns[value].profile.distinct) {
            (_, 0 | 1) => (value, "it is always the same"),
            (0 | 1, _) => (place, "its only feature says no more than its value"),
            _ => (value, "its features say what there is to say"),
        };
        all.insert(unneeded, why.to_owned());
    }
    all
}
