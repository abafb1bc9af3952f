//! Fields that know the answer: the rate of positives of a field's value, learnt on the training rows, as the only score of the validation rows.
//!
//! (smoothed as in [`crate::metrics::baselines`]). A field that alone reaches an AUC of [`KNOWS`] is most often made of the label (a status, a refund),
//! or known only after the fact.

use super::columns::{Column, Columns};
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;
use crate::metrics::auc::auc;
use crate::metrics::baselines::positive_rate;

/// From this AUC on a field is taken to know the answer.
pub const KNOWS: f64 = 0.95;

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
    let of = |split| {
        let rows = columns.rows(split).iter().map(|&row| row as usize);
        let labels = columns.data.labels();
        rows.map(|row| (column.codes[row], labels[row]))
            .unzip::<u32, u8, Vec<u32>, Vec<u8>>()
    };
    let (codes, labels) = of(SplitName::Train);
    let positives = labels.iter().filter(|&&label| label == 1).count();
    let p = positives as f64 / labels.len().max(1) as f64;
    let (asked, answers) = of(SplitName::Valid);
    auc(&positive_rate(&codes, &labels, &asked, p), &answers)
}
