//! What happened in a training: its epochs, and how it ended.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::directory::METRICS;
use crate::error::{Error, Result};
use crate::settings::config::Select;

/// One epoch, as `metrics.jsonl` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: usize,
    /// The mean loss over the epoch's rows, each with the weights and dropout of its batch.
    pub train_loss: f64,
    /// Logloss on the validation rows.
    pub valid_loss: Option<f64>,
    /// AUC on the validation rows.
    pub valid_auc: Option<f64>,
    /// Seconds of training, validation not counted.
    pub train_seconds: f64,
    /// Rows of the epoch, drawn ones included, over `train_seconds`.
    pub rows_per_second: f64,
    /// Of the epoch's last step.
    pub learning_rate: f64,
}

impl EpochRecord {
    /// What selection maximises; the negative training loss when there is nothing to validate on.
    pub fn quality(&self, select: Select) -> f64 {
        let valid = match select {
            Select::Auc => self.valid_auc,
            Select::Logloss => self.valid_loss.map(|loss| -loss),
        };
        valid.unwrap_or(-self.train_loss)
    }
}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were done.
    Done,
    /// The validation metric did not improve for `patience` epochs.
    Early,
    /// It was asked to stop.
    Stopped,
    /// It has come as far as it was meant to for now, at the end of an epoch; see `Trainer::pause_after`.
    Paused,
}

/// The epochs of a run directory, in their order.
///
/// # Errors
/// When `metrics.jsonl` cannot be read or has a line that is no epoch.
pub fn read(run: &Path) -> Result<Vec<EpochRecord>> {
    let file = run.join(METRICS);
    let text = std::fs::read_to_string(&file).map_err(Error::io(&file, "read"))?;
    let line = |(number, line): (u64, &str)| {
        let wrong = |e| Error::line(&file, number, format!("is not an epoch's numbers: {e}"));
        serde_json::from_str(line).map_err(wrong)
    };
    (1..).zip(text.lines()).map(line).collect()
}
