//! Columns of joined tables: the model's own copy of the table, from a key to a text.

use super::super::graph::{Attribute, Graph};
use crate::data::lookup::Lookup;
use crate::data::source::columns::ColumnRef;

/// A column of a joined table.
pub(super) struct Joined<'s> {
    /// Keys and texts.
    pub table: &'s Lookup,
    /// Its number in the table.
    pub column: usize,
    /// The column of the rows that holds the table's keys.
    pub key: &'s ColumnRef,
}

/// The texts of a table's column for the rows' keys; empty without a match, and where a text is one of `missing`.
pub(super) fn text(graph: &mut Graph, joined: &Joined<'_>, keys: &str, missing: &[&str]) -> String {
    let texts = places(joined).map(|place| text_of(joined, Some(place), missing));
    let attributes = [
        Attribute::Texts("keys_strings", joined.table.keys().collect()),
        Attribute::Texts("values_strings", texts.collect()),
        Attribute::Text("default_string", ""),
    ];
    graph.node_ml("LabelEncoder", &[keys], &attributes)
}

/// The text of a row of the table, or of a key that it does not have; empty where it is one of `missing`.
pub(super) fn text_of<'s>(joined: &Joined<'s>, place: Option<u32>, missing: &[&str]) -> &'s str {
    match joined.table.text(joined.column, place) {
        text if missing.contains(&text) => "",
        text => text,
    }
}

/// The rows of the table.
pub(super) fn places(joined: &Joined<'_>) -> std::ops::Range<u32> {
    0..joined.table.len() as u32
}
