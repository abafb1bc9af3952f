//! A training on record: epochs and checkpoints go into its run directory, whoever else is told of them.

use std::path::Path;

use super::observer::Observer;
use crate::error::Result;
use crate::run::checkpoint::save;
use crate::run::tensorboard::Events;
use crate::run::{EpochRecord, Origin, Snapshot, Writer};

/// Records what happens, then tells `told`.
pub(super) struct Recorder<'a> {
    /// Where epochs and checkpoints go.
    pub run: &'a mut Writer,
    /// What a checkpoint says the training was made from.
    pub origin: &'a Origin,
    /// TensorBoard's file; none where it was not asked for.
    pub events: Option<Events>,
    /// Who else is told.
    pub told: &'a mut dyn Observer,
}

impl Observer for Recorder<'_> {
    fn batch(&mut self, epoch: usize, done: usize, rows: usize, loss: f64) {
        self.told.batch(epoch, done, rows, loss);
    }

    fn epoch(&mut self, record: &EpochRecord, best: bool) -> Result<()> {
        self.run.append(record)?;
        if let Some(events) = &mut self.events {
            events.epoch(record)?;
        }
        self.told.epoch(record, best)
    }

    fn checkpoint(&mut self, snapshot: &Snapshot<'_>) -> Result<()> {
        self.run.checkpoint(self.origin, snapshot)?;
        self.told.checkpoint(snapshot)
    }
}

/// A rank whose run another one keeps.
pub(super) struct Helper<'a> {
    /// The run directory of the rank that keeps it.
    pub folder: &'a Path,
    /// What a checkpoint says the training was made from.
    pub origin: &'a Origin,
}

impl Observer for Helper<'_> {
    fn batch(&mut self, _epoch: usize, _done: usize, _rows: usize, _loss: f64) {}

    fn epoch(&mut self, _record: &EpochRecord, _best: bool) -> Result<()> {
        Ok(())
    }

    fn checkpoint(&mut self, snapshot: &Snapshot<'_>) -> Result<()> {
        match snapshot.spread {
            Some(_) => save(self.folder, self.origin, snapshot),
            None => Ok(()),
        }
    }
}
