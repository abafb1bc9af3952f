//! How a model is trained.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The metric on the validation rows that decides which epoch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Select {
    /// The largest AUC.
    Auc,
    /// The smallest logloss.
    Logloss,
}

/// The section `[train]` of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The most epochs.
    pub epochs: usize,
    pub batch_size: usize,
    pub learning_rate: f64,
    /// Adam's decay of the first moment.
    pub beta1: f64,
    /// Adam's decay of the second moment.
    pub beta2: f64,
    /// Adam's epsilon.
    pub epsilon: f64,
    /// L2 penalty of dense parameters (its gradient is `l2 * w`).
    pub l2_dense: f32,
    /// L2 penalty of embedding tables.
    pub l2_embedding: f32,
    /// Of initialisation, shuffling and dropout.
    pub seed: u64,
    /// Stop after this many epochs without a better validation metric.
    pub patience: usize,
    pub select: Select,
}

impl Default for TrainConfig {
    fn default() -> TrainConfig {
        TrainConfig {
            epochs: 20,
            batch_size: 2048,
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            l2_dense: 0.0,
            l2_embedding: 0.0,
            seed: 1,
            patience: 2,
            select: Select::Auc,
        }
    }
}

impl TrainConfig {
    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        let check = |key: &str, ok: bool, expected: &str, got: f64| {
            if ok {
                return Ok(());
            }
            Err(Error::config(
                format!("train.{key}"),
                format!("expected {expected}, got {got}"),
            ))
        };
        let unit = |x: f64| (0.0..1.0).contains(&x);
        let penalty = |x: f32| x.is_finite() && x >= 0.0;
        let rate = self.learning_rate;
        check(
            "epochs",
            (1..=100_000).contains(&self.epochs),
            "1 to 100000",
            self.epochs as f64,
        )?;
        let size = self.batch_size;
        check(
            "batch_size",
            (1..=1 << 20).contains(&size),
            "1 to 1048576",
            size as f64,
        )?;
        check(
            "learning_rate",
            rate.is_finite() && rate > 0.0,
            "a number above 0",
            rate,
        )?;
        check("beta1", unit(self.beta1), "0 to below 1", self.beta1)?;
        check("beta2", unit(self.beta2), "0 to below 1", self.beta2)?;
        check(
            "epsilon",
            self.epsilon.is_finite() && self.epsilon > 0.0,
            "a number above 0",
            self.epsilon,
        )?;
        check(
            "l2_dense",
            penalty(self.l2_dense),
            "0 or more",
            self.l2_dense.into(),
        )?;
        check(
            "l2_embedding",
            penalty(self.l2_embedding),
            "0 or more",
            self.l2_embedding.into(),
        )?;
        check(
            "patience",
            self.patience > 0,
            "1 or more",
            self.patience as f64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        TrainConfig::default().validate().unwrap();
        type Break = fn(&mut TrainConfig);
        let broken: [(&str, Break); 6] = [
            ("epochs", |c| c.epochs = 0),
            ("batch_size", |c| c.batch_size = 0),
            ("learning_rate", |c| c.learning_rate = f64::NAN),
            ("beta2", |c| c.beta2 = 1.0),
            ("l2_dense", |c| c.l2_dense = -1.0),
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
