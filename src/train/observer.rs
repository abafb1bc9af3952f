//! Who is told how a training goes.

use crate::error::Result;
use crate::run::{EpochRecord, Snapshot};

/// Is told how training goes.
pub trait Observer {
    /// After every batch: the epoch (from 1), rows done and to do in it, and the mean loss so far.
    fn batch(&mut self, epoch: usize, done: usize, rows: usize, loss: f64);
    /// After every epoch; `best` says whether it is the best so far.
    ///
    /// # Errors
    /// When what happened cannot be recorded; it ends the training.
    fn epoch(&mut self, record: &EpochRecord, best: bool) -> Result<()>;
    /// At the start, after every epoch, when training is stopped, and as often as [`super::Trainer::checkpoint_every`] says: what
    /// a checkpoint has to hold. Keeps nothing by default.
    ///
    /// # Errors
    /// When it cannot be kept; it ends the training.
    fn checkpoint(&mut self, _snapshot: &Snapshot<'_>) -> Result<()> {
        Ok(())
    }
}

/// Tells nobody, and keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn batch(&mut self, _epoch: usize, _done: usize, _rows: usize, _loss: f64) {}

    fn epoch(&mut self, _record: &EpochRecord, _best: bool) -> Result<()> {
        Ok(())
    }
}
