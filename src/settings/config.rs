//! How a model is trained.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::data::protocol::field::is_default;
use crate::error::{Error, Result};
use crate::simd::Precision;

/// The metric on the validation rows that decides which epoch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Select {
    /// The largest AUC.
    Auc,
    /// The smallest logloss.
    Logloss,
}

/// How items are drawn that a user did not choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NegativeSampling {
    /// All alike.
    #[default]
    Uniform,
    /// By their share of the training rows.
    Popularity,
}

/// The section `[train]` of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The most epochs.
    pub epochs: usize,
    /// Rows of a step, of all ranks together; the last step of an epoch has what is left.
    pub batch_size: usize,
    /// What a positive row weighs in the loss; a negative one weighs 1. The loss stays a weighted mean.
    pub positive_weight: f32,
    /// Rows with another item and label 0 that are drawn beside each positive row, anew in every epoch; 0: none. For logs that hold
    /// only what was chosen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub negatives: u32,
    /// How likely each item is to be drawn; without `negatives` it means nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub negatives_by: NegativeSampling,
    /// Of initialisation, shuffling, dropout and drawn rows.
    pub seed: u64,
    /// Stop after this many epochs without a better validation metric.
    pub patience: usize,
    /// What the validation rows are asked, by which the kept epoch and `patience` go.
    pub select: Select,
    /// In what products of matrices are taken, forward and backward; and in what the trained model is used, unless told otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        TrainConfig {
            epochs: 20,
            batch_size: 2048,
            positive_weight: 1.0,
            negatives: 0,
            negatives_by: NegativeSampling::Uniform,
            seed: 1,
            patience: 2,
            select: Select::Auc,
            precision: Precision::F32,
        }
    }
}

impl TrainConfig {
    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        let check = |key: &str, ok: bool, expected: &str, got: &dyn fmt::Display| {
            if ok {
                return Ok(());
            }
            Err(Error::config(
                format!("train.{key}"),
                format!("expected {expected}, got {got}"),
            ))
        };
        check(
            "epochs",
            (1..=100_000).contains(&self.epochs),
            "1 to 100000",
            &self.epochs,
        )?;
        let size = self.batch_size;
        check(
            "batch_size",
            (1..=1 << 20).contains(&size),
            "1 to 1048576",
            &size,
        )?;
        let weight = self.positive_weight;
        check(
            "positive_weight",
            weight.is_finite() && weight > 0.0,
            "a number above 0",
            &weight,
        )?;
        let negatives = self.negatives;
        check("negatives", negatives <= 1_000, "at most 1000", &negatives)?;
        check("patience", self.patience > 0, "1 or more", &self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        TrainConfig::default().validate().unwrap();
        type Break = fn(&mut TrainConfig);
        let broken: [(&str, Break); 5] = [
            ("negatives", |c| c.negatives = 1_001),
            ("epochs", |c| c.epochs = 0),
            ("batch_size", |c| c.batch_size = 0),
            ("positive_weight", |c| c.positive_weight = f32::NAN),
            ("patience", |c| c.patience = 0),
        ];
        for (key, breaks) in broken {
            let mut config = TrainConfig::default();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
