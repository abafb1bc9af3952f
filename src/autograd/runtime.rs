//! What a recorded model is replayed with: its tape, the threads and their memory. Training ([`super::Engine`]) and scoring
//! share it; scoring needs no more, and may be asked for by any number of threads at once.

use std::borrow::Cow;

use rayon::prelude::*;

use super::frozen::Frozen;
use super::layout::Parameters;
use super::op::{BLOCK, Shard};
use super::tape::{Tape, Var};
use super::workspaces::Workspaces;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::simd::{Isa, MAX_LANES};

/// What a worker's arenas may take, in bytes, and the most rows of a shard. Constants, so that the cut into shards (and with it
/// every sum) is the same on every machine. Measured: longer shards spread what is done once per shard (a weight's gradient
/// folds its lanes once) over more rows, up to 64 rows; beyond that the arenas fall out of the caches.
const ARENA_BYTES: usize = 3 << 20;
const MAX_SHARD_ROWS: usize = 64;

/// The rows of a shard: as many as fit the arenas, within 16..=64.
pub fn shard_rows(tape: &Tape) -> usize {
    let row_bytes = 4 * (2 * tape.units() + tape.saved_units());
    let fit = ARENA_BYTES / row_bytes.max(1) / MAX_LANES * MAX_LANES;
    fit.clamp(MAX_LANES, MAX_SHARD_ROWS)
}

/// See the module.
#[derive(Debug)]
pub struct Runtime {
    tape: Tape,
    logit: Var,
    isa: Isa,
    rows: usize,
    pool: rayon::ThreadPool,
    workspaces: Workspaces,
}

impl Runtime {
    /// For a tape on which `logit`, of shape `[1]`, was recorded.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(tape: Tape, logit: Var, isa: Isa, threads: usize) -> Result<Runtime> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| {
                Error::config("threads", format!("cannot start {threads} threads: {e}"))
            })?;
        let rows = shard_rows(&tape);
        Ok(Runtime {
            workspaces: Workspaces::new(&tape, rows, pool.current_num_threads()),
            tape,
            logit,
            isa,
            rows,
            pool,
        })
    }

    /// The tape.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// R: the rows of a shard.
    pub fn shard_rows(&self) -> usize {
        self.rows
    }

    /// The memory that shards are replayed in.
    pub fn workspaces(&self) -> &Workspaces {
        &self.workspaces
    }

    /// Runs `work` inside these threads; parallel iterators in it use them.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Prepares weights for [`Runtime::logits`].
    pub fn freeze<'a>(&self, parameters: impl Into<Cow<'a, Parameters>>) -> Frozen<'a> {
        let parameters = parameters.into();
        self.install(|| Frozen::new(self.isa, &self.tape, parameters, &self.logit))
    }

    /// The logits of a batch, in the order of its rows. Any thread may ask, of any pool, and many at once.
    pub fn logits(&self, weights: &Frozen<'_>, batch: &Batch, out: &mut Vec<f32>) {
        out.resize(batch.rows, 0.0);
        // A request of one row is a block, not a shard of four.
        let rows = batch.rows.next_multiple_of(BLOCK).clamp(BLOCK, self.rows);
        let run = |(number, out): (usize, &mut [f32])| {
            let shard = Shard {
                batch,
                first_row: number * rows,
                used: out.len(),
                loss_scale: 0.0,
                draw: None,
                statistics: &[],
                backward: false,
            };
            self.workspaces.with(&self.tape, rows, |workspace| {
                workspace.infer(self.isa, &self.tape, weights, shard);
                out.copy_from_slice(&workspace.value(&self.logit)[..out.len()]);
            });
        };
        if batch.rows <= rows {
            // Waking a thread takes longer than one shard does.
            out.chunks_mut(rows).enumerate().for_each(run);
        } else {
            let shards = out.par_chunks_mut(rows).enumerate();
            self.install(|| shards.for_each(run));
        }
    }
}
