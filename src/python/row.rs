//! One row as a dict, the way a request brings it: no array is made for it.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::objects::{cell, is_scalar};
use crate::explain::row::RawRow;

/// The row in a dict of single values or lists of a cell's values; none when it is a dict of columns.
///
/// A dict is a row when one of its values is a single one: a column is never.
///
/// # Errors
/// When a value is none that a field can be made of.
pub fn row_of(data: &Bound<'_, PyAny>) -> PyResult<Option<RawRow>> {
    let Ok(dict) = data.cast::<PyDict>() else {
        return Ok(None);
    };
    if !dict.iter().any(|(_, value)| is_scalar(&value)) {
        return Ok(None);
    }
    let mut row = RawRow::default();
    for (name, value) in dict {
        row.header.push(name.extract()?);
        row.values.push(cell(&value)?.text());
    }
    Ok(Some(row))
}
