//! Scores with what they mean.

use std::borrow::Cow;

use super::input;
use super::loss::sigmoid;
use crate::error::Result;

/// Scores of n rows, with what they mean; higher means more likely positive.
#[derive(Debug, Clone, Copy)]
pub enum Scores<'a> {
    /// Log-odds, as models give them: `[n]`.
    Logits(&'a [f32]),
    /// Probabilities in 0..=1: `[n]`.
    Probabilities(&'a [f64]),
    /// Numbers that only order the rows, so there is no log loss: `[n]`.
    Ranking(&'a [f64]),
}

impl<'a> Scores<'a> {
    /// # Errors
    /// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
    pub(super) fn check(&self, labels: &[u8]) -> Result<()> {
        match self {
            Scores::Logits(z) => input::check(z, labels),
            Scores::Probabilities(p) => input::check_probabilities(p, labels),
            Scores::Ranking(s) => input::check(s, labels),
        }
    }

    /// As numbers that order the rows: logits as they are.
    pub(super) fn order(&self) -> Cow<'a, [f64]> {
        match *self {
            Scores::Logits(z) => z.iter().map(|&z| f64::from(z)).collect(),
            Scores::Probabilities(s) | Scores::Ranking(s) => Cow::Borrowed(s),
        }
    }

    /// As probabilities; none for what only orders.
    pub(super) fn probabilities(&self) -> Option<Cow<'a, [f64]>> {
        match *self {
            Scores::Logits(z) => Some(z.iter().map(|&z| sigmoid(f64::from(z))).collect()),
            Scores::Probabilities(p) => Some(Cow::Borrowed(p)),
            Scores::Ranking(_) => None,
        }
    }
}
