//! The same user and item in training and in the test: a model that has learnt the pair by heart looks good.

use std::collections::HashSet;

use super::columns::Columns;
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;

/// A share of the test rows that is an error.
const MANY: f64 = 0.01;

/// Looks for pairs in both, and tells the rows that are there twice.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let data = columns.data;
    let (users, items) = (data.users(), data.items());
    let mut found = Vec::new();
    let duplicates = data.counts().duplicates - data.counts().duplicates_dropped;
    if duplicates > 0 {
        found.push(Finding {
            grave: Grave::Warning,
            check: "duplicates",
            field: String::new(),
            what: format!(
                "{duplicates} of {} rows have the user, item and time of an earlier row",
                data.rows()
            ),
            advice: "keep one of each with --on-duplicate last".into(),
        });
    }
    if users.is_empty() || items.is_empty() {
        return Ok(found);
    }
    let pair = |&row: &u32| (users[row as usize], items[row as usize]);
    let trained: HashSet<(u32, u32)> = columns.rows(SplitName::Train).iter().map(pair).collect();
    let test = columns.rows(SplitName::Test);
    let again = test
        .iter()
        .map(pair)
        .filter(|pair| trained.contains(pair))
        .count();
    if again > 0 {
        let share = again as f64 / test.len() as f64;
        found.push(Finding {
            grave: if share > MANY { Grave::Error } else { Grave::Warning },
            check: "same key in train and test",
            field: String::new(),
            what: format!("{again} of {} test rows ({:.1} %) have a user and an item that stand together in a training row", test.len(), 100.0 * share),
            advice: "split in time or by users' last rows, or keep one row a pair: the model may know these answers by heart".into(),
        });
    }
    Ok(found)
}
