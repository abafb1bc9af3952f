//! Where a training stands: all of its state that is not weights or moments.

use serde::{Deserialize, Serialize};

use super::history::{Ended, EpochRecord};
use crate::error::{Error, Result};
use crate::optim::Plateau;
use crate::settings::TrainConfig;

/// The best epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// What selection maximises.
    pub quality: f64,
    /// Counted from 1.
    pub epoch: usize,
}

/// Where a training stands between two batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Batches done over all epochs.
    pub step: u64,
    /// The epoch it is in, counted from 1; one more than there are when all are done.
    pub epoch: usize,
    /// Rows done in this epoch, in its shuffled order.
    pub done: usize,
    /// The sum of these rows' losses.
    pub loss_sum: f64,
    /// Seconds that these rows took.
    pub seconds: f64,
    /// The epochs before.
    pub history: Vec<EpochRecord>,
    /// None before the first epoch has ended.
    pub best: Option<Best>,
    /// The memory of a learning rate that falls on plateaus.
    pub plateau: Plateau,
}

impl Default for Position {
    /// The start.
    fn default() -> Position {
        Position {
            step: 0,
            epoch: 1,
            done: 0,
            loss_sum: 0.0,
            seconds: 0.0,
            history: Vec::new(),
            best: None,
            plateau: Plateau::default(),
        }
    }
}

impl Position {
    /// The mean loss over the rows that are done in this epoch.
    pub fn mean_loss(&self) -> f64 {
        self.loss_sum / self.done as f64
    }

    /// How training has ended, when it has.
    pub fn ended(&self, config: &TrainConfig) -> Option<Ended> {
        let whole = self.history.len();
        let patience = |best: Best| whole.saturating_sub(best.epoch) >= config.patience;
        if self.best.is_some_and(patience) {
            Some(Ended::Early)
        } else {
            (whole >= config.epochs).then_some(Ended::Done)
        }
    }

    /// Ends the epoch; says whether it is the best so far (the first of equals is).
    pub fn close(&mut self, record: EpochRecord, quality: f64) -> bool {
        let better = self.best.is_none_or(|best| quality > best.quality);
        if better {
            let epoch = self.epoch;
            self.best = Some(Best { quality, epoch });
        }
        self.history.push(record);
        self.epoch += 1;
        (self.done, self.loss_sum, self.seconds) = (0, 0.0, 0.0);
        better
    }

    /// Refuses what no training with these settings on so many rows ever comes to.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(&self, config: &TrainConfig, rows: usize) -> Result<()> {
        let (size, whole) = (config.batch_size, self.history.len());
        let per_epoch = rows.div_ceil(size);
        let steps = (per_epoch as u64)
            .checked_mul(whole as u64)
            .and_then(|steps| steps.checked_add(self.done.div_ceil(size) as u64));
        let counted = self.history.iter().zip(1..).all(|(r, n)| r.epoch == n);
        let checks = [
            (counted && self.epoch == whole + 1, "epoch"),
            (whole <= config.epochs, "epochs"),
            (
                self.done <= rows && (self.done.is_multiple_of(size) || self.done == rows),
                "rows done",
            ),
            (steps == Some(self.step), "steps"),
            (
                self.best
                    .map_or(whole == 0, |best| (1..=whole).contains(&best.epoch)),
                "best epoch",
            ),
        ];
        match checks.iter().find(|(fits, _)| !fits) {
            None => Ok(()),
            Some((_, what)) => Err(Error::Data(format!(
                "its position is none of this training: `{what}` does not fit"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize) -> EpochRecord {
        EpochRecord {
            epoch,
            train_loss: 0.5,
            valid_loss: None,
            valid_auc: None,
            train_seconds: 1.0,
            rows_per_second: 1.0,
            learning_rate: 0.1,
        }
    }

    fn config() -> TrainConfig {
        TrainConfig {
            epochs: 4,
            batch_size: 10,
            patience: 2,
            ..TrainConfig::default()
        }
    }

    #[test]
    fn the_first_of_equal_epochs_is_the_best_and_patience_counts_from_it() {
        let mut at = Position::default();
        assert_eq!(at.ended(&config()), None);
        assert!(at.close(record(1), 0.5));
        assert!(!at.close(record(2), 0.5));
        assert_eq!(at.ended(&config()), None);
        assert!(!at.close(record(3), 0.4));
        assert_eq!(at.ended(&config()), Some(Ended::Early));
        let patient = TrainConfig {
            patience: 9,
            ..config()
        };
        assert_eq!(at.ended(&patient), None);
        at.close(record(4), 0.6);
        assert_eq!(at.ended(&patient), Some(Ended::Done));
        assert_eq!((at.best.unwrap().epoch, at.epoch), (4, 5));
    }

    #[test]
    fn a_position_that_cannot_be_is_refused() {
        let mut good = Position::default();
        good.check(&config(), 25).unwrap();
        good.close(record(1), 0.5);
        (good.step, good.done) = (5, 20);
        good.check(&config(), 25).unwrap();
        type Break = fn(&mut Position);
        let broken: [Break; 9] = [
            |p| p.step += 1,
            |p| p.done = 15,
            |p| p.done = 30,
            |p| p.done = usize::MAX,
            |p| p.epoch = 0,
            |p| p.best = None,
            |p| p.best.as_mut().unwrap().epoch = 2,
            |p| p.history[0].epoch = 2,
            |p| p.history = (1..=5).map(record).collect(),
        ];
        for breaks in broken {
            let mut position = good.clone();
            breaks(&mut position);
            let error = position.check(&config(), 25).unwrap_err().to_string();
            assert!(error.contains("does not fit"), "{error}");
        }
    }
}
