//! Whether cells hold several values, and what stands between them.

use std::collections::{HashMap, HashSet};

use crate::data::encode::value::values as parts_of;
use crate::data::source::cells::LIST;

/// A column of lists.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// `None`: they came as lists.
    pub separator: Option<String>,
    /// Distinct values of all lists.
    pub parts: usize,
    /// Values of a cell, on average over distinct cells.
    pub a_cell: f64,
}

/// What may separate values, and which part of the number of distinct cells their distinct values may be at most. A comma or a
/// blank occurs in plain text too, so that its values have to come back more often.
const SEPARATORS: [(&str, f64); 5] = [("|", 0.7), (";", 0.7), (", ", 0.4), (",", 0.4), (" ", 0.2)];

/// Distinct cells looked at.
const CELLS: usize = 20_000;

/// The separator of a column's distinct texts, if they are lists.
pub(super) fn find(values: &[(&str, u64)]) -> Option<List> {
    let cells: Vec<&str> = values.iter().take(CELLS).map(|(text, _)| *text).collect();
    if cells.iter().any(|cell| cell.contains(LIST)) {
        return Some(List::of(&cells, None));
    }
    let separators = SEPARATORS.into_iter();
    let mut lists = separators.filter_map(|(separator, most)| {
        let with = cells.iter().filter(|cell| cell.contains(separator)).count();
        // Two lists are the least that can have a value in common.
        if with < 2 || 5 * with < cells.len() {
            return None;
        }
        let list = List::of(&cells, Some(separator));
        let parts = list.parts as f64;
        // Of few lists each value comes back when it is in two of them.
        let back =
            ["|", ";"].contains(&separator) && 2.0 * parts <= list.a_cell * cells.len() as f64;
        let repeats = back || parts <= most * cells.len() as f64;
        (repeats && !is_prose(&cells, separator)).then_some(list)
    });
    lists.next()
}

impl List {
    fn of(cells: &[&str], separator: Option<&str>) -> List {
        let mut distinct = HashSet::new();
        let mut all = 0;
        for cell in cells {
            for part in parts_of(cell, separator.unwrap_or("|")) {
                distinct.insert(part);
                all += 1;
            }
        }
        List {
            separator: separator.map(str::to_owned),
            parts: distinct.len(),
            a_cell: f64::from(all) / cells.len().max(1) as f64,
        }
    }
}

/// Whether texts are sentences: long, or, where a blank would separate, with punctuation or with a word twice.
fn is_prose(cells: &[&str], separator: &str) -> bool {
    if !separator.contains(' ') && separator != "," {
        return false;
    }
    let (mut ended, mut twice, mut words) = (0, 0, 0);
    for cell in cells {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let mut parts = 0;
        for part in parts_of(cell, separator) {
            *seen.entry(part).or_default() += 1;
            parts += part.split_whitespace().count();
            ended += usize::from(separator == " " && part.ends_with(['.', ',', '!', '?', ':']));
        }
        words += parts;
        twice += usize::from(separator == " " && seen.values().any(|&n| n > 1));
    }
    let of_cells = |n: usize| n as f64 / cells.len().max(1) as f64;
    of_cells(ended) > 0.05 || of_cells(twice) > 0.05 || of_cells(words) > 40.0
}
