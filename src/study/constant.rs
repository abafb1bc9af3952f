//! Fields with one value in all training rows: they say nothing.

use super::columns::Columns;
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;

/// Looks at every field.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let rows = columns.rows(SplitName::Train);
    let constant = columns.all.iter().filter(|column| {
        let mut codes = rows.iter().map(|&row| column.codes[row as usize]);
        let first = codes.next();
        first.is_some() && codes.all(|code| Some(code) == first)
    });
    Ok(constant
        .map(|column| Finding {
            grave: Grave::Warning,
            check: "constant field",
            field: column.name.clone(),
            what: format!("has one value in all {} training rows", rows.len()),
            advice: "leave the field out: it costs time in every layer and says nothing".into(),
        })
        .collect())
}
