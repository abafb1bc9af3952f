//! Where the time of a training goes.

use std::time::{Duration, Instant};

use crate::autograd::OpTime;

/// A part of training that is timed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Picking a batch's rows from the columns.
    Gather,
    /// Bringing table rows from the ranks that keep them, and giving them.
    Fetch,
    /// Forward and backward: the ops and the sums over shards.
    Replay,
    /// The optimiser.
    Update,
    /// Scoring the validation rows after an epoch.
    Validate,
    /// Writing checkpoints, and telling whoever listens of them.
    Checkpoint,
}

impl Stage {
    /// All of them, in the order in which a batch meets them.
    pub const ALL: [Stage; 6] = [
        Stage::Gather,
        Stage::Fetch,
        Stage::Replay,
        Stage::Update,
        Stage::Validate,
        Stage::Checkpoint,
    ];

    /// For people, who see the ops' own times beside it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Gather => "gather the batch",
            Stage::Fetch => "fetch rows of other ranks",
            Stage::Replay => "sums over shards, waiting",
            Stage::Update => "optimiser",
            Stage::Validate => "validation",
            Stage::Checkpoint => "checkpoint",
        }
    }
}

/// Time by stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages([Duration; Stage::ALL.len()]);

impl Stages {
    /// Adds the time since `start`.
    pub(super) fn add(&mut self, stage: Stage, start: Instant) {
        self.0[stage as usize] += start.elapsed();
    }

    /// Does some work, which takes the time of a stage.
    pub(super) fn timed<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.add(stage, start);
        done
    }

    /// How long a stage took in all.
    pub fn time(&self, stage: Stage) -> Duration {
        self.0[stage as usize]
    }
}

/// What [`super::Trainer::profile`] gives.
#[derive(Debug, Clone)]
pub struct Profile {
    /// By the clock.
    pub stages: Stages,
    /// By op, in the order of the tape: the times of all workers added up.
    pub ops: Vec<(String, OpTime)>,
}
