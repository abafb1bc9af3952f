//! What every metric asks of its input, checked in one place: equal lengths, labels 0 or 1, scores that are numbers.

use crate::error::{Error, Result};

/// Rows are numbered with 32 bits in the sorted order, and labels, scores and users go row by row.
///
/// # Errors
/// When `found` is not the number of labels, or there are more than 2^32 - 1 rows.
pub(super) fn check_length(what: &str, found: usize, labels: &[u8]) -> Result<()> {
    if found != labels.len() {
        return Err(Error::Data(format!(
            "metrics got {found} {what} for {} labels: pass one of each a row",
            labels.len()
        )));
    }
    if u32::try_from(found).is_err() {
        return Err(Error::Data(format!(
            "metrics got {found} rows, at most {} can be ranked: evaluate the rows in parts",
            u32::MAX
        )));
    }
    Ok(())
}

/// # Errors
/// When a label is neither 0 nor 1.
pub(super) fn check_labels(labels: &[u8]) -> Result<()> {
    match labels.iter().position(|&label| label > 1) {
        None => Ok(()),
        Some(row) => Err(Error::Data(format!(
            "row {row} (from 0) has label {}, expected 0 or 1: apply the label rule before the metrics",
            labels[row]
        ))),
    }
}

/// Checks a whole input: one score a row, none of them NaN, labels 0 or 1. Infinite scores are fine: they have a rank.
///
/// # Errors
/// When any of this does not hold; the message names the first row.
pub(super) fn check<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Result<()> {
    check_length("scores", scores.len(), labels)?;
    check_labels(labels)?;
    match scores.iter().position(|&score| score.into().is_nan()) {
        None => Ok(()),
        Some(row) => Err(Error::Data(format!(
            "row {row} (from 0) has the score NaN, expected a number: the model diverged or its input holds a NaN; \
             lower the learning rate or check the numeric fields"
        ))),
    }
}

/// As [`check`], for scores that are probabilities.
///
/// # Errors
/// As there, and when one lies outside 0..=1.
pub(super) fn check_probabilities(probabilities: &[f64], labels: &[u8]) -> Result<()> {
    check(probabilities, labels)?;
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        None => Ok(()),
        Some(row) => Err(Error::Data(format!(
            "row {row} (from 0) has the probability {}, expected 0 to 1: pass logits as logits",
            probabilities[row]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named_by_its_row() {
        let message =
            |scores: &[f64], labels: &[u8]| check(scores, labels).unwrap_err().to_string();
        assert!(message(&[1.0], &[0, 1]).contains("1 scores for 2 labels"));
        assert!(message(&[1.0, 2.0], &[0, 3]).contains("row 1 (from 0) has label 3"));
        assert!(message(&[1.0, f64::NAN], &[0, 1]).contains("row 1 (from 0) has the score NaN"));
        assert!(check(&[f32::INFINITY, f32::NEG_INFINITY], &[0, 1]).is_ok());
    }
}
