//! Several models on live traffic: who gets which, and how each does.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::feedback::Feedback;
use super::metrics::label;
use crate::error::{Error, Result};
use crate::metrics::wilson::wilson;

/// The shares of the models, in their order. Empty: the first has all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shares(Vec<u32>);

impl Shares {
    /// `90,10`: one whole number a model, not all of them 0.
    ///
    /// # Errors
    /// When their number is not that of the models, or none is above 0.
    pub fn new(shares: &[u32], models: usize) -> Result<Shares> {
        let sum: u64 = shares.iter().map(|&share| u64::from(share)).sum();
        if !shares.is_empty() && (shares.len() != models || sum == 0) {
            let what = format!(
                "expected {models} whole numbers joined by commas, one a model, not all of them 0"
            );
            return Err(Error::config("--split", what));
        }
        Ok(Shares(shares.to_vec()))
    }

    /// The number of the model for a user: always the same, by a hash (XXH3) of the id.
    pub fn model_of(&self, user: &str) -> usize {
        let sum: u64 = self.0.iter().map(|&share| u64::from(share)).sum();
        if sum == 0 {
            return 0;
        }
        let mut place = xxh3_64(user.as_bytes()) % sum;
        for (model, &share) in self.0.iter().enumerate() {
            if place < u64::from(share) {
                return model;
            }
            place -= u64::from(share);
        }
        0
    }
}

/// How a model does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Feedback that came: items that were shown.
    pub shown: u64,
    /// How many of them were chosen.
    pub clicked: u64,
    /// Of those whose score is known: how many, the scores' sum, the clicks.
    pub scored: u64,
    /// The probabilities' sum: the clicks that the model promised.
    pub scores: f64,
    /// The clicks that came.
    pub scored_clicks: u64,
}

impl Tally {
    /// The click rate with Wilson's 95 % interval: rate, low, high. None before the first.
    pub fn rate(&self) -> Option<[f64; 3]> {
        wilson(self.clicked, self.shown)
    }

    /// Clicks for each click that the scores promised; 1 is calibrated.
    pub fn calibration(&self) -> Option<f64> {
        (self.scores > 0.0).then(|| self.scored_clicks as f64 / self.scores)
    }
}

impl Tally {
    /// Its lines of `/metrics`.
    fn lines(&self, name: &str) -> String {
        let label = label(name);
        let mut text = String::new();
        for (counter, count) in [("shown", self.shown), ("clicked", self.clicked)] {
            text += &format!(
                "autoint_feedback_total{{model=\"{label}\",what=\"{counter}\"}} {count}\n"
            );
        }
        text
    }
}

/// The tallies of all models, by name.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<std::collections::BTreeMap<String, Tally>>);

impl Tallies {
    /// Counts feedback.
    pub fn add(&self, feedback: &Feedback) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = all.entry(feedback.model.clone()).or_default();
        tally.shown += 1;
        tally.clicked += u64::from(feedback.clicked);
        if let Some(score) = feedback.score {
            tally.scored += 1;
            tally.scores += f64::from(score);
            tally.scored_clicks += u64::from(feedback.clicked);
        }
    }

    /// The lines of `/metrics`.
    pub fn text(&self) -> String {
        let name = "autoint_feedback_total";
        let head = format!("# HELP {name} Feedback by model.\n# TYPE {name} counter\n");
        let lines = self
            .all()
            .into_iter()
            .map(|(name, tally)| tally.lines(&name));
        head + &lines.collect::<String>()
    }

    /// A copy.
    pub fn all(&self) -> Vec<(String, Tally)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, tally)| (name.clone(), *tally))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_keep_their_model_and_shares_are_kept() {
        let shares = Shares::new(&[90, 10], 2).unwrap();
        let of = |user: u32| shares.model_of(&user.to_string());
        let second = (0..10_000).filter(|&user| of(user) == 1).count();
        assert!((900..1_100).contains(&second), "{second}");
        assert!((0..100).all(|user| of(user) == of(user)));
        assert!(Shares::new(&[1], 2).is_err() && Shares::new(&[0, 0], 2).is_err());
        assert_eq!(Shares::default().model_of("x"), 0);
    }
}
