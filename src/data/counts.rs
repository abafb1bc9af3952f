//! What became of the rows that were read: the numbers always add up.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::protocol::field::is_default;

/// How many bad rows are told with their place.
pub(crate) const TOLD: usize = 10;

/// Rows read = kept + dropped + bad + duplicates dropped + outside the core.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rows of the input, those that were bad, dropped or doubled included.
    pub read: u64,
    /// Rows of the data set: each has a label and codes, and lies in at most one part of the split.
    pub kept: u64,
    /// By the condition of the protocol that they met (the first, where several do).
    pub dropped: BTreeMap<String, u64>,
    /// Rows that were not what their format or a field says, and were skipped.
    pub bad: u64,
    /// The first of them, with their place.
    pub first_bad: Vec<String>,
    /// Rows whose user, item and time stand in an earlier row too.
    pub duplicates: u64,
    /// How many of them were left out.
    pub duplicates_dropped: u64,
    /// Rows of users or items that have fewer than `core` rows, see [`super::protocol::Rows`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub outside_core: u64,
    /// Rows whose key a joined table does not have, by table.
    pub unmatched: BTreeMap<String, u64>,
    /// Negative training rows that `[sampling]` leaves out; they are kept, but in no part of the split.
    pub sampled_out: u64,
    /// What else a user should know.
    pub notes: Vec<String>,
}

impl Counts {
    /// Whether there is more to tell than the number of rows.
    pub fn is_plain(&self) -> bool {
        self.read == self.kept
            && self.duplicates == 0
            && self.unmatched.is_empty()
            && self.sampled_out == 0
            && self.notes.is_empty()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows   {} read, {} kept", self.read, self.kept)?;
        for (condition, rows) in &self.dropped {
            write!(f, ", {rows} dropped ({condition})")?;
        }
        if self.bad > 0 {
            write!(f, ", {} bad ones skipped", self.bad)?;
        }
        if self.duplicates_dropped > 0 {
            write!(f, ", {} duplicates dropped", self.duplicates_dropped)?;
        }
        if self.outside_core > 0 {
            let rows = self.outside_core;
            write!(f, ", {rows} dropped (users or items with too few rows)")?;
        }
        for bad in &self.first_bad {
            write!(f, "\n       skipped {bad}")?;
        }
        if self.duplicates > self.duplicates_dropped {
            write!(
                f,
                "\n       {} rows have the user, item and time of an earlier row: such a pair can stand in train and in test; \
                 --on-duplicate last keeps one of each",
                self.duplicates - self.duplicates_dropped
            )?;
        }
        for (table, rows) in &self.unmatched {
            write!(
                f,
                "\n       {rows} rows have a key that table `{table}` lacks: its columns are missing in them"
            )?;
        }
        if self.sampled_out > 0 {
            write!(
                f,
                "\n       {} negative training rows are left out by [sampling]",
                self.sampled_out
            )?;
        }
        for note in &self.notes {
            write!(f, "\n       {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {

    use crate::data::encode::encode;
    use crate::data::protocol::{FitOn, OnBad, OnDuplicate};
    use crate::data::testing::{any_rows, protocol, random_split, table};
    use proptest::prelude::*;

    proptest! {
        /// Rows that are dropped, bad, there twice, and several of these at once.
        #[test]
        fn every_row_that_was_read_is_counted_once(
            mut rows in any_rows(),
            bad in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
            twice in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
            last: bool,
        ) {
            // The first two stay, so that some do.
            for place in bad {
                let place = 2 + place.index(rows.len());
                rows.get_mut(place).iter_mut().for_each(|row| row.2 = "much".into());
            }
            for place in twice {
                rows.push(rows[place.index(rows.len())].clone());
            }
            let mut rules = protocol(FitOn::All, random_split(1));
            rules.roles.item = Some("tags".into());
            rules.rows.on_bad = OnBad::Skip;
            rules.rows.on_duplicate = if last { OnDuplicate::Last } else { OnDuplicate::Keep };
            let data = encode(&table(&rows), &rules).unwrap();
            let counts = data.counts();
            prop_assert_eq!(counts.read, rows.len() as u64);
            prop_assert_eq!(counts.kept, data.rows() as u64);
            let dropped: u64 = counts.dropped.values().sum();
            let sum = counts.kept + dropped + counts.bad + counts.duplicates_dropped;
            prop_assert_eq!(counts.read, sum, "{}", counts);
            prop_assert_eq!(counts.duplicates_dropped, if last { counts.duplicates } else { 0 });
            // Also as they are printed: the first line has all of them.
            let text = counts.to_string();
            let line = text.lines().next().unwrap_or_default();
            let told = line.replace("rows ", "").replace("(\"rating\" == 3)", "");
            let numbers: Vec<u64> = told.split(',').map(|part| {
                part.split_whitespace().next().unwrap().parse().unwrap()
            }).collect();
            prop_assert_eq!(numbers[0], numbers[1..].iter().sum::<u64>(), "{}", line);
        }
    }
}
