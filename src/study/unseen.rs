//! Values of the test rows that no training row has: the model has nothing to say of them.

use super::columns::Columns;
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;

/// Shares of the test rows that are worth a note, and a warning.
const SOME: f64 = 0.001;
const MANY: f64 = 0.05;

/// Looks at every field but numbers.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let (train, test) = (
        columns.rows(SplitName::Train),
        columns.rows(SplitName::Test),
    );
    let mut found = Vec::new();
    for column in columns.all.iter().filter(|column| column.bounds.is_none()) {
        let mut seen = vec![false; column.end];
        train
            .iter()
            .for_each(|&row| seen[column.codes[row as usize] as usize] = true);
        let unseen = |row: &&u32| !seen[column.codes[**row as usize] as usize];
        let unknown = |row: &&u32| column.codes[**row as usize] == 0;
        let rows = test
            .iter()
            .filter(|row| unseen(row) || unknown(row))
            .count();
        let share = rows as f64 / test.len().max(1) as f64;
        if share > SOME {
            found.push(Finding {
                grave: if share > MANY { Grave::Warning } else { Grave::Note },
                check: "values unseen in training",
                field: column.name.clone(),
                what: format!("{rows} of {} test rows ({:.1} %) have no value that training knows, or none at all", test.len(), 100.0 * share),
                advice: "give the model fields that such rows share with others (a category beside an id), hash rare values, or train on more days".into(),
            });
        }
    }
    Ok(found)
}
