//! A whole batch on all threads: parallel outside, serial inside, and the same bits for any number of threads.
//!
//! A batch is cut into shards of R rows; consecutive shards form at most [`GROUPS`] groups. A group is one worker's task: its
//! shards run one after the other in the worker's own memory and add to the group's gradient. Group gradients are then
//! summed as a tree over group numbers (see [`super::group`]). R and the groups depend on the model and the batch only, never on the machine, so
//! neither does any sum.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::batch_op::Statistics;
use super::frozen::Frozen;
use super::group::{Group, Job};
use super::layout::Parameters;
use super::phases::{Phase, phases};
use super::profile::OpTime;
use super::reference::loss_scale;
use super::runtime::Runtime;
use super::sparse::SparseIndex;
use super::tape::{Tape, Var};
use super::workspace::Replay;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::simd::Isa;

/// Parallel tasks of a training step.
pub const GROUPS: usize = 16;

/// Replays one tape over batches.
#[derive(Debug)]
pub struct Engine {
    /// What scoring shares.
    runtime: Arc<Runtime>,
    loss: Var,
    phases: Vec<Phase>,
    groups: Vec<Group>,
    /// Of the tape's batch ops, by their number.
    statistics: Vec<Statistics>,
    index: SparseIndex,
    /// Per table: the summed gradients of the touched rows.
    touched: Vec<Vec<f32>>,
}

/// The gradients of one step.
#[derive(Debug, Clone, Copy)]
pub struct Gradients<'a> {
    /// Of the flat vector.
    pub dense: &'a [f32],
    /// Which table rows were touched.
    pub index: &'a SparseIndex,
    /// Per table: `[touched, dim]`, in the order of the index.
    pub tables: &'a [Vec<f32>],
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
        let rows = self.shard_rows();
        let group_rows = batch.rows.div_ceil(rows).div_ceil(GROUPS) * rows;
        let count = batch.rows.div_ceil(group_rows);
        while self.groups.len() < count {
            self.groups.push(Group::default());
        }
        let tape = self.runtime.tape();
        for group in &mut self.groups[..count] {
            group.clear(tape.layout(), group_rows * batch.fields.len());
        }
        self.runtime.workspaces().reserve_gradients(tape);
        self.index_and_replay(parameters, batch, draw, group_rows, count);
        if let Some(op) = self.groups[..count]
            .iter()
            .find_map(|g| g.not_finite.clone())
        {
            return Err(Error::NotFinite { op, batch: number });
        }
        self.sum_touched(group_rows);
        self.check_gradients(number)?;
        Ok(self.groups[..count].iter().map(|g| g.loss).sum())
    }

    fn index_and_replay(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        draw: Option<Draw>,
        group_rows: usize,
        count: usize,
    ) {
        let Engine {
            runtime,
            loss,
            groups,
            index,
            statistics,
            phases,
            ..
        } = self;
        let (tape, rows) = (runtime.tape(), runtime.shard_rows());
        let groups = &mut groups[..count];
        let job = Job {
            replay: Replay {
                isa: runtime.isa(),
                tape,
                parameters,
            },
            batch,
            loss,
            draw,
            loss_scale: loss_scale(batch) as f32,
            rows,
            group_rows,
            synchronised: phases.iter().any(Phase::is_barrier),
            statistics: &[],
        };
        let workspaces = runtime.workspaces();
        runtime.install(|| {
            let replay = || {
                for round in phases.chunk_by(|a, b| !a.is_barrier() && !b.is_barrier()) {
                    let job = Job { statistics, ..job };
                    groups.par_iter_mut().enumerate().for_each(|(g, group)| {
                        workspaces.with(tape, rows, |w| group.run(job, round, g, w));
                    });
                    add_statistics(tape, round, groups, statistics);
                }
                sum_tree(groups);
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
            dense: self.groups.first().map_or(&[], |g| &g.dense),
            index: &self.index,
            tables: &self.touched,
        }
    }

    fn sum_touched(&mut self, group_rows: usize) {
        let Engine {
            runtime,
            groups,
            index,
            touched,
            ..
        } = self;
        let (isa, groups) = (runtime.isa(), &*groups);
        for (number, table) in runtime.tape().layout().tables.iter().enumerate() {
            let stride = groups[0].samples[number].len() / group_rows;
            let sample = |row: usize| {
                let at = row % group_rows * stride;
                &groups[row / group_rows].samples[number][at..at + stride]
            };
            runtime.install(|| index.sum(isa, table.dim, sample, &mut touched[number]));
        }
    }

    /// A finite loss can have an infinite gradient; it must not reach the weights.
    fn check_gradients(&self, batch: u64) -> Result<()> {
        let layout = self.tape().layout();
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let dense = &self.groups[0].dense;
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

/// Adds the sums that the groups took in a round, in the order of the groups.
fn add_statistics(tape: &Tape, round: &[Phase], groups: &[Group], statistics: &mut [Statistics]) {
    let (Phase::Sums(node) | Phase::GradSums(node)) = round[0] else {
        return;
    };
    let Some(op) = tape.nodes()[node].op.batch_op() else {
        return;
    };
    let statistics = &mut statistics[op.number()];
    let total = match round[0] {
        Phase::Sums(_) => &mut statistics.forward,
        _ => &mut statistics.backward,
    };
    total.clear();
    total.resize(op.sums(), 0.0);
    for group in groups {
        for (total, sum) in total.iter_mut().zip(&group.sums) {
            *total += sum;
        }
    }
}

/// Sums the groups' dense gradients into the first one: neighbours, then neighbours of those, and so on.
fn sum_tree(groups: &mut [Group]) {
    let mut stride = 1;
    while stride < groups.len() {
        groups.par_chunks_mut(2 * stride).for_each(|pair| {
            if pair.len() > stride {
                let (left, right) = pair.split_at_mut(stride);
                for (sum, x) in left[0].dense.iter_mut().zip(&right[0].dense) {
                    *sum += x;
                }
            }
        });
        stride *= 2;
    }
}
