//! Fields that know the answer: the rate of positives of a field's value, learnt on the training rows, as the only score of the validation rows.
//!
//! ```text
//! r(value) = (positives of the value + 5 p) / (training rows of the value + 5)
//! ```
//!
//! as in [`crate::metrics::baselines`]. A field that alone reaches an AUC of [`KNOWS`] is most often made of the label (a status, a refund),
//! or known only after the fact.

use super::columns::{Column, Columns};
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;
use crate::metrics::auc::auc;

/// From this AUC on a field is taken to know the answer.
pub const KNOWS: f64 = 0.95;

/// Rows of the overall rate that every value is given beforehand.
const PRIOR_ROWS: f64 = 5.0;

/// Looks at every field.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for column in &columns.all {
        if let Some(value) = alone(columns, column)?.filter(|value| *value > KNOWS) {
            found.push(Finding {
                grave: Grave::Error,
                check: "field that knows the answer",
                field: column.name.clone(),
                what: format!("alone reaches an AUC of {value:.4} on the validation rows"),
                advice: "make sure that it is known before the event, and is not made of the label; leave it out otherwise".into(),
            });
        }
    }
    Ok(found)
}

/// The AUC of a field alone; none where a class is missing.
fn alone(columns: &Columns<'_>, column: &Column) -> Result<Option<f64>> {
    let labels = columns.data.labels();
    let (train, valid) = (
        columns.rows(SplitName::Train),
        columns.rows(SplitName::Valid),
    );
    let mut counts = vec![(0u32, 0u32); column.end];
    let mut positives = 0u32;
    for &row in train {
        let count = &mut counts[column.codes[row as usize] as usize];
        let positive = u32::from(labels[row as usize]);
        *count = (count.0 + positive, count.1 + 1);
        positives += positive;
    }
    let p = f64::from(positives) / train.len().max(1) as f64;
    let rate = |&row: &u32| {
        let (positives, rows) = counts[column.codes[row as usize] as usize];
        (f64::from(positives) + PRIOR_ROWS * p) / (f64::from(rows) + PRIOR_ROWS)
    };
    let scores: Vec<f64> = valid.iter().map(rate).collect();
    let answers: Vec<u8> = valid.iter().map(|&row| labels[row as usize]).collect();
    auc(&scores, &answers)
}
