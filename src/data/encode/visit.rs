//! The raw rows that a protocol keeps, shown as they are read: what the encoded store has no place for (times, the label's number, what is missing
//! rather than unknown).
//!
//! Rows are read, dropped and found bad as they are for encoding; duplicates and rows outside the core are still there, as those are only known at
//! the end.

use std::collections::BTreeMap;

use super::admit::{Admitted, Made};
use super::plan::Plan;
use super::value::values;
use super::{Inputs, each_admitted};
use crate::data::lookup::Lookup;
use crate::data::protocol::Protocol;
use crate::data::schema::FieldKind;
use crate::data::source::cells::Cells;
use crate::error::Result;

/// Some kept rows.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The chunk, and which of its rows are kept.
    admitted: &'a Admitted,
    /// Where in the chunk fields and roles are.
    plan: &'a Plan,
    protocol: &'a Protocol,
}

impl Seen<'_> {
    /// 0 or 1, one a row.
    pub fn labels(&self) -> &[u8] {
        &self.admitted.labels
    }

    /// Seconds since 1970, NaN where missing; empty when the protocol has no time.
    pub fn times(&self) -> &[f64] {
        &self.admitted.times
    }

    /// What stands in the label's column, as numbers; NaN where it is none.
    pub fn label_numbers(&self) -> Vec<f64> {
        let kept = self.admitted.kept.iter().map(|&row| row as usize);
        let parsed = |text: &str| text.trim().parse().unwrap_or(f64::NAN);
        match &self.admitted.chunk.columns[self.plan.label] {
            Cells::Number(numbers) => kept.map(|row| numbers[row]).collect(),
            cells => kept.map(|row| parsed(&cells.text(row))).collect(),
        }
    }

    /// How many rows have no value of a field of the protocol.
    pub fn missing(&self, field: usize) -> u64 {
        let kept = self.admitted.kept.iter().map(|&row| row as usize);
        let numbers = match (&self.admitted.made[field], self.cells(field)) {
            (Some(Made::Numbers(numbers)), _) | (_, Some(Cells::Number(numbers))) => numbers,
            (_, Some(cells)) => {
                return kept
                    .filter(|&row| self.is_missing(&cells.text(row)))
                    .count() as u64;
            }
            (_, None) => return 0,
        };
        kept.filter(|&row| numbers[row].is_nan()).count() as u64
    }

    /// Shows the values of a field, row by row: the row's place among these, and a text; of a list each of its values, of a missing value none.
    /// Nothing of a numeric field.
    pub fn each(&self, field: usize, see: &mut dyn FnMut(usize, &str)) {
        let (Some(cells), Some(spec)) = (self.cells(field), self.protocol.fields.get(field)) else {
            return;
        };
        for (place, &row) in self.admitted.kept.iter().enumerate() {
            let text = cells.text(row as usize);
            if self.is_missing(&text) {
                continue;
            }
            if spec.kind == FieldKind::MultiValued {
                values(&text, spec.separator()).for_each(|value| see(place, value));
            } else {
                see(place, &text);
            }
        }
    }

    fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.protocol.input.missing.iter().any(|m| m == text)
    }

    /// None for numbers that were made.
    fn cells(&self, field: usize) -> Option<&Cells> {
        match &self.admitted.made[field] {
            Some(Made::Cells(cells)) => Some(cells),
            Some(Made::Numbers(_)) => None,
            None => {
                let slot = self.plan.fields[field].first()?;
                self.admitted.chunk.columns.get(*slot)
            }
        }
    }
}

/// Shows all kept rows, some at a time and in their order.
///
/// # Errors
/// When a column is missing, or the rows cannot be read.
pub fn visit(
    inputs: Inputs,
    protocol: &Protocol,
    tables: &BTreeMap<String, Lookup>,
    see: &mut dyn FnMut(&Seen<'_>),
) -> Result<()> {
    for mut reader in inputs {
        let plan = Plan::new(protocol, tables, reader.as_mut())?;
        each_admitted(reader.as_mut(), &plan, protocol, tables, &mut |some| {
            for admitted in some {
                see(&Seen {
                    admitted,
                    plan: &plan,
                    protocol,
                });
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::protocol::FitOn;
    use crate::data::source::table::TableReader;
    use crate::data::testing::{protocol, random_split, table};

    /// Rating 3 is dropped; the second and the last row have no tags and no weight.
    #[test]
    fn kept_rows_are_shown_with_what_they_hold_and_lack() {
        let rows = [
            ("a", "x|y", "1", 5),
            ("b", "", "", 1),
            ("c", "x", "2", 3),
            ("d", "-", "-", 4),
        ];
        let rows = rows
            .map(|(user, tags, weight, rating)| (user.into(), tags.into(), weight.into(), rating));
        let mut rules = protocol(FitOn::All, random_split(1));
        rules.input.missing = vec!["-".into()];
        let mut seen = 0;
        let inputs: Inputs = vec![Box::new(TableReader::new(table(&rows)))];
        visit(inputs, &rules, &BTreeMap::new(), &mut |some| {
            seen += 1;
            assert_eq!(some.labels(), [1, 0, 1]);
            assert_eq!(some.label_numbers(), [5.0, 1.0, 4.0]);
            assert_eq!(some.times(), [2.0, 1.0, 1.0]);
            let missing: Vec<u64> = (0..3).map(|field| some.missing(field)).collect();
            assert_eq!(missing, [0, 2, 2]);
            let mut tags = Vec::new();
            some.each(1, &mut |row, text| tags.push((row, text.to_owned())));
            let expected = [(0, "x"), (0, "y")];
            assert_eq!(tags, expected.map(|(row, text)| (row, text.to_owned())));
        })
        .unwrap();
        assert_eq!(seen, 1);
    }
}
