//! A whole batch on all threads: parallel outside, serial inside, and the same bits for any number of threads.
//!
//! A batch is cut into groups of a fixed number of rows, and a group into shards of R rows. A group is one task: its shards run one
//! after the other in a worker's own memory and add to the group's sums, which are added up as a tree over the groups' numbers
//! (see [`super::tree`]). R and the groups depend on the model and the batch only, never on the machine, so neither does any sum.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::batch_op::Statistics;
use super::frozen::Frozen;
use super::gradients::Gradients;
use super::group::{GROUP_ROWS, Group, Job, rows_of_shards};
use super::layout::Parameters;
use super::phases::{Phase, phases};
use super::profile::OpTime;
use super::reduction::Reduction;
use super::reference::loss_scale;
use super::runtime::Runtime;
use super::sparse::SparseIndex;
use super::sums::Sums;
use super::tape::{Tape, Var};
use super::workspace::Replay;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::simd::Isa;

/// Replays one tape over batches.
#[derive(Debug)]
pub struct Engine {
    /// What scoring shares.
    runtime: Arc<Runtime>,
    loss: Var,
    phases: Vec<Phase>,
    groups: Vec<Group>,
    reduction: Reduction,
    /// Of all rows of the last batch.
    total: Sums,
    /// Of the tape's batch ops, by their number.
    statistics: Vec<Statistics>,
    index: SparseIndex,
    /// Per table: the summed gradients of the touched rows.
    touched: Vec<Vec<f32>>,
}

impl Engine {
    /// An engine for a tape that ends in `logit` and `loss`, both of shape `[1]`.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(tape: Tape, logit: Var, loss: Var, isa: Isa, threads: usize) -> Result<Engine> {
        let layout = tape.layout();
        let table_rows = layout.tables.iter().map(|t| t.rows).max().unwrap_or(0);
        let statistics = tape.nodes().iter().filter(|n| n.op.batch_op().is_some());
        Ok(Engine {
            phases: phases(&tape, &loss),
            statistics: statistics.map(|_| Statistics::default()).collect(),
            loss,
            groups: Vec::new(),
            reduction: Reduction::default(),
            total: Sums::default(),
            index: SparseIndex::new(table_rows),
            touched: vec![Vec::new(); layout.tables.len()],
            runtime: Arc::new(Runtime::new(tape, logit, isa, threads)?),
        })
    }

    /// Tape, threads and memory, to score with.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The tape.
    pub fn tape(&self) -> &Tape {
        self.runtime.tape()
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.runtime.isa()
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        self.runtime.threads()
    }

    /// R: the rows of a shard.
    pub fn shard_rows(&self) -> usize {
        self.runtime.shard_rows()
    }

    /// Runs `work` inside the engine's threads; parallel iterators in it use them.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.runtime.install(work)
    }

    /// See [`Runtime::freeze`].
    pub fn freeze<'a>(&self, parameters: impl Into<Cow<'a, Parameters>>) -> Frozen<'a> {
        self.runtime.freeze(parameters)
    }

    /// See [`Runtime::logits`].
    pub fn logits(&self, weights: &Frozen<'_>, batch: &Batch, out: &mut Vec<f32>) {
        self.runtime.logits(weights, batch, out);
    }

    /// Loss and gradients of a batch; gives the weighted mean loss. `draw` turns training on: dropout, and a batch's own
    /// statistics in batch ops.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite: the error names the op and `number`, the batch.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        draw: Option<Draw>,
        number: u64,
    ) -> Result<f64> {
        let count = batch.rows.div_ceil(GROUP_ROWS);
        if self.groups.len() < count {
            self.groups.resize_with(count, Group::default);
        }
        let tape = self.runtime.tape();
        for group in &mut self.groups[..count] {
            group.reserve(tape.layout(), batch.fields.len());
        }
        self.runtime.workspaces().reserve_gradients(tape);
        self.reduction.start(0..count, count);
        let sums = tape.nodes().iter().filter_map(|n| n.op.batch_op());
        self.reduction.reserve(
            self.runtime.threads(),
            tape.layout().dense_len(),
            sums.map(|op| op.sums()).max().unwrap_or(0),
        );
        self.total.clear(0, 0);
        self.index_and_replay(parameters, batch, draw, count);
        if let Some(node) = self.total.not_finite {
            let op = self.tape().nodes()[node].label();
            return Err(Error::NotFinite { op, batch: number });
        }
        self.sum_touched();
        self.check_gradients(number)?;
        Ok(self.total.loss)
    }

    fn index_and_replay(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        draw: Option<Draw>,
        count: usize,
    ) {
        let Engine {
            runtime,
            loss,
            groups,
            reduction,
            total,
            index,
            statistics,
            phases,
            ..
        } = self;
        let job = Job {
            replay: Replay {
                isa: runtime.isa(),
                tape: runtime.tape(),
                parameters,
            },
            batch,
            loss,
            draw,
            loss_scale: loss_scale(batch) as f32,
            rows: rows_of_shards(runtime.shard_rows()),
            synchronised: phases.iter().any(Phase::is_barrier),
            statistics: &[],
        };
        runtime.install(|| {
            let replay = || {
                for phases in phases.chunk_by(|a, b| !a.is_barrier() && !b.is_barrier()) {
                    reduction.start(0..count, count);
                    let round = Round {
                        job: Job { statistics, ..job },
                        phases,
                        reduction,
                    };
                    round.run(runtime, &mut groups[..count]);
                    let Some((_, mut sums)) = reduction.pieces().pop() else {
                        continue;
                    };
                    keep(job.replay.tape, phases, &mut sums, statistics, total);
                    reduction.give_back(sums);
                }
            };
            rayon::join(|| index.build(batch), replay);
        });
    }

    /// Starts to measure the time of every op. It changes no result.
    pub fn start_profile(&self) {
        let nodes = self.tape().nodes().len();
        self.runtime.workspaces().start_profile(nodes);
    }

    /// The time of every node of the tape since [`Engine::start_profile`], all workers together.
    pub fn profile(&self) -> Vec<OpTime> {
        let nodes = self.tape().nodes().len();
        self.runtime.workspaces().profile(nodes)
    }

    /// Moves the moving averages of batch ops towards the last batch's statistics.
    pub fn update_buffers(&self, batch_rows: usize, parameters: &mut Parameters) {
        for op in self.tape().nodes().iter().filter_map(|n| n.op.batch_op()) {
            op.update_buffers(
                &self.statistics[op.number()],
                batch_rows,
                &mut parameters.buffers,
            );
        }
    }

    /// The gradients of the last [`Engine::step`].
    pub fn gradients(&self) -> Gradients<'_> {
        Gradients {
            dense: &self.total.dense,
            index: &self.index,
            tables: &self.touched,
        }
    }

    fn sum_touched(&mut self) {
        let Engine {
            runtime,
            groups,
            index,
            touched,
            ..
        } = self;
        let (isa, groups) = (runtime.isa(), &*groups);
        for (number, table) in runtime.tape().layout().tables.iter().enumerate() {
            let sample = |row: usize| groups[row / GROUP_ROWS].sample(number, row % GROUP_ROWS);
            runtime.install(|| index.sum(isa, table.dim, sample, &mut touched[number]));
        }
    }

    /// A finite loss can have an infinite gradient; it must not reach the weights.
    fn check_gradients(&self, batch: u64) -> Result<()> {
        let layout = self.tape().layout();
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let dense = &self.total.dense;
        let bad = if finite(dense) {
            let tables = layout.tables.iter().zip(&self.touched);
            tables
                .clone()
                .find(|(_, rows)| !finite(rows))
                .map(|(table, _)| &table.name)
        } else {
            layout
                .dense
                .iter()
                .find(|d| !finite(&dense[d.param.range.clone()]))
                .map(|d| &d.name)
        };
        match bad {
            None => Ok(()),
            Some(name) => Err(Error::NotFinite {
                op: format!("gradient of {name}"),
                batch,
            }),
        }
    }
}

/// Phases that all groups run before any goes on.
struct Round<'a> {
    job: Job<'a>,
    phases: &'a [Phase],
    reduction: &'a Reduction,
}

impl Round<'_> {
    /// Runs them on all groups, whose workers take one after the other.
    fn run(&self, runtime: &Runtime, groups: &mut [Group]) {
        let workers = runtime.threads().min(groups.len());
        let queue = Mutex::new(groups.iter_mut().enumerate());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let tape = self.job.replay.tape;
        let work = |_| {
            runtime.workspaces().with(tape, self.job.rows, |workspace| {
                while let Some((number, group)) = next() {
                    let mut sums = self.reduction.take();
                    sums.clear(self.gradients(), self.statistics());
                    group.run(self.job, self.phases, number, workspace, &mut sums);
                    self.reduction.done(number, sums);
                }
            });
        };
        (0..workers).into_par_iter().with_max_len(1).for_each(work);
    }

    /// How many gradients it sums.
    fn gradients(&self) -> usize {
        match self.phases.iter().any(Phase::is_backward) {
            true => self.job.replay.tape.layout().dense_len(),
            false => 0,
        }
    }

    /// How many statistics it sums.
    fn statistics(&self) -> usize {
        let (Phase::Sums(node) | Phase::GradSums(node)) = self.phases[0] else {
            return 0;
        };
        let op = self.job.replay.tape.nodes()[node].op.batch_op();
        op.map_or(0, |op| op.sums())
    }
}

/// Keeps the sums of a round over all rows: what a batch op asked for, or a part of the step's own.
fn keep(
    tape: &Tape,
    round: &[Phase],
    sums: &mut Sums,
    statistics: &mut [Statistics],
    total: &mut Sums,
) {
    let (Phase::Sums(node) | Phase::GradSums(node)) = round[0] else {
        // Every parameter's gradients come from one round; the others add zero to it.
        match total.dense.is_empty() {
            true => std::mem::swap(total, sums),
            false => total.add(sums),
        }
        return;
    };
    let Some(op) = tape.nodes()[node].op.batch_op() else {
        return;
    };
    let of_op = &mut statistics[op.number()];
    let kept = match round[0] {
        Phase::Sums(_) => &mut of_op.forward,
        _ => &mut of_op.backward,
    };
    std::mem::swap(kept, &mut sums.statistics);
}
