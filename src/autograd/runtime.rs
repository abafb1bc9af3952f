//! What a recorded model is replayed with: its tape, the threads and their memory. Training ([`super::Engine`]) and scoring
//! share it; scoring needs no more, and may be asked for by any number of threads at once.

use std::borrow::Cow;

use rayon::prelude::*;

use super::cores;
use super::factors::WeightPairs;
use super::frozen::Frozen;
use super::layout::Parameters;
use super::op::{BLOCK, Shard, place};
use super::part::Part;
use super::tape::{Tape, Var};
use super::trace::Trace;
use super::workspace::Replay;
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
    trace: Trace,
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
            trace: Trace::default(),
        })
    }

    /// The tape.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Where the logit lies on the tape.
    pub fn logit(&self) -> &Var {
        &self.logit
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The tape and what it is replayed with.
    pub(super) fn replay<'a>(
        &'a self,
        parameters: &'a Parameters,
        pairs: &'a WeightPairs,
    ) -> Replay<'a> {
        Replay {
            isa: self.isa,
            tape: &self.tape,
            parameters,
            pairs,
        }
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

    /// What a step is made of; off until it is started.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Binds each thread to a core of its own, for work that comes in small pieces; see `cores.rs`.
    pub fn bind(&self) {
        cores::bind(&self.pool);
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

    /// The same for rows that were fetched, those of each field from one of `starts` on.
    pub fn freeze_rows<'a>(&self, parameters: &'a Parameters, starts: &[usize]) -> Frozen<'a> {
        let parameters = Cow::Borrowed(parameters);
        let (isa, tape, starts) = (self.isa, &self.tape, Some(starts));
        self.install(|| Frozen::of_rows(isa, tape, parameters, starts, &self.logit))
    }

    /// The logits of a batch, in the order of its rows. Any thread may ask, of any pool, and many at once.
    pub fn logits(&self, weights: &Frozen<'_>, batch: &Batch, out: &mut Vec<f32>) {
        out.resize(batch.rows, 0.0);
        let rows = self.rows_of_shards(batch);
        let run = |(shard_index, out): (usize, &mut [f32])| {
            let shard = inference(batch, shard_index * rows, out.len());
            self.workspaces.with(&self.tape, rows, |workspace| {
                workspace.infer(self.isa, &self.tape, weights, weights.needed(), shard);
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

    /// What the tape computes for a batch, looked at: for each of `vars`, which were recorded on this tape and do not need the
    /// labels, its values `[B, units]`, the units of a row side by side and the rows in their order.
    ///
    /// They are the numbers that [`Runtime::logits`] goes on with, bit for bit. Any thread may ask, as there; but this is to look
    /// at a model, not to serve it: memory is allocated for every call, 4 bytes a row and unit.
    pub fn read(&self, weights: &Frozen<'_>, batch: &Batch, vars: &[&Var]) -> Vec<Vec<f32>> {
        let rows = self.rows_of_shards(batch);
        let needed = weights.needed_for(&self.tape, vars);
        let run = |shard_index: usize| {
            let used = rows.min(batch.rows - shard_index * rows);
            let shard = inference(batch, shard_index * rows, used);
            self.workspaces.with(&self.tape, rows, |workspace| {
                workspace.infer(self.isa, &self.tape, weights, &needed, shard);
                let of_row = |var: &Var| rows_of(workspace.value(var), var.units().len(), used);
                vars.iter().map(|var| of_row(var)).collect::<Vec<_>>()
            })
        };
        let shards = batch.rows.div_ceil(rows);
        let parts: Vec<Vec<Vec<f32>>> = if shards <= 1 {
            (0..shards).map(run).collect()
        } else {
            self.install(|| (0..shards).into_par_iter().map(run).collect())
        };
        let mut all = vec![Vec::new(); vars.len()];
        for part in parts {
            for (all, part) in all.iter_mut().zip(part) {
                all.extend(part);
            }
        }
        all
    }

    /// R for this batch: a request of one row is a block, not a shard of four.
    fn rows_of_shards(&self, batch: &Batch) -> usize {
        batch.rows.next_multiple_of(BLOCK).clamp(BLOCK, self.rows)
    }
}

/// Rows of a batch that nothing is learnt from.
fn inference(batch: &Batch, first_row: usize, used: usize) -> Shard<'_> {
    Shard {
        batch,
        first_row,
        used,
        part: Part::inference(batch),
        draw: None,
        statistics: &[],
        backward: false,
    }
}

/// The first `used` rows of `[blocks, units, BLOCK]` as `[used, units]`.
fn rows_of(values: &[f32], units: usize, used: usize) -> Vec<f32> {
    let row = |row| (0..units).map(move |unit| values[place(units, unit, row)]);
    (0..used).flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::layout::{Init, Role, TableSpec};
    use crate::data::batch::FieldBatch;

    /// Two fields of five values, their embeddings, and a logit that is linear in them.
    fn recorded() -> (Tape, Var, Var) {
        let mut tape = Tape::new();
        let table = tape.table(TableSpec {
            name: "embedding".into(),
            rows: 10,
            dim: 3,
            init: Init::GlorotUniform,
            field_starts: vec![0, 5],
        });
        let embedded = tape.embedding(table, 2).unwrap();
        let flat = tape.reshape(&embedded, &[6]).unwrap();
        let weight = tape.parameter("weight", &[6, 1], Init::GlorotUniform, Role::Kernel);
        let logit = tape.linear(&flat, &weight.unwrap(), None).unwrap();
        (tape, embedded, logit)
    }

    /// What frozen weights leave out is run when it is asked for, however many shards the rows are cut into.
    #[test]
    fn what_the_logit_does_without_is_read() {
        let (tape, embedded, logit) = recorded();
        let parameters = Parameters::initialise(tape.layout(), 1);
        let runtime = Runtime::new(tape, logit.clone(), Isa::choose().unwrap(), 2).unwrap();
        let weights = runtime.freeze(&parameters);
        assert!(weights.bytes() > 0 && weights.needed() == [false, true]);
        for rows in [0, 1, 16, 17, 500] {
            let ids = [0, 1].map(|field| (0..rows as u32).map(|r| 5 * field + r % 5).collect());
            let batch = Batch {
                rows,
                fields: ids.map(|ids| FieldBatch::One { ids }).to_vec(),
                ..Batch::default()
            };
            let mut logits = vec![7.0];
            runtime.logits(&weights, &batch, &mut logits);
            let read = runtime.read(&weights, &batch, &[&embedded, &logit, &embedded]);
            assert_eq!(read[1], logits, "{rows} rows");
            let row = |row: usize| {
                let of = |field: usize| (5 * field + row % 5) * 3;
                [0, 1]
                    .map(|field| &parameters.tables[0][of(field)..of(field) + 3])
                    .concat()
            };
            let expected: Vec<f32> = (0..rows).flat_map(row).collect();
            assert_eq!((&read[0], &read[2]), (&expected, &expected), "{rows} rows");
        }
        assert!(runtime.read(&weights, &Batch::default(), &[]).is_empty());
    }
}
