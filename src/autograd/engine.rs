//! A whole batch on all threads: parallel outside, serial inside, and the same bits for any number of threads.
//!
//! A batch is cut into groups of a fixed number of rows, and a group into shards of R rows. A group is one task: its shards run one
//! after the other in a worker's own memory and add to the group's sums, which are added up as a tree over the groups' numbers
//! (see [`super::tree`]). R and the groups depend on the model and the batch only, never on the machine, so neither does any sum.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::batch_op::Statistics;
use super::exchange::Exchange;
use super::factors::WeightPairs;
use super::frozen::Frozen;
use super::gradients::Gradients;
use super::group::{Group, Job, rows_of_shards};
use super::layout::Parameters;
use super::part::{GROUP_ROWS, Part, groups_of};
use super::phases::{Phase, phases};
use super::profile::OpTime;
use super::reduction::Reduction;
use super::rows::{RowSums, Told};
use super::runtime::Runtime;
use super::sparse::SparseIndex;
use super::sums::Sums;
use super::tape::{Tape, Var};
use super::trace::Stage;
use super::tree::{self, TreeNode};
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::kernels::dropout::Draw;
use crate::ranks::{Alone, Ranks};
use crate::simd::Isa;

/// Replays one tape over batches.
#[derive(Debug)]
pub struct Engine {
    /// What scoring shares.
    runtime: Arc<Runtime>,
    loss: Var,
    phases: Vec<Phase>,
    ranks: Arc<dyn Ranks>,
    groups: Vec<Group>,
    reduction: Reduction,
    /// The step's own sums, of the pieces that this rank has.
    pieces: Vec<(TreeNode, Sums)>,
    exchange: Exchange,
    /// Of all rows of the last step.
    total: Sums,
    /// Of the tape's batch ops, by their number.
    statistics: Vec<Statistics>,
    index: SparseIndex,
    /// Of the parameters of the step.
    pairs: WeightPairs,
    /// Per table: the gradients of the rows that were touched here.
    touched: Vec<Vec<f32>>,
    /// The same of all ranks.
    rows: RowSums,
}

impl Engine {
    /// An engine for a tape that ends in `logit` and `loss`, both of shape `[1]`.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(tape: Tape, logit: Var, loss: Var, isa: Isa, threads: usize) -> Result<Engine> {
        let layout = tape.layout();
        let statistics = tape.nodes().iter().filter(|n| n.op.batch_op().is_some());
        Ok(Engine {
            phases: phases(&tape, &loss),
            statistics: statistics.map(|_| Statistics::default()).collect(),
            loss,
            ranks: Arc::new(Alone),
            groups: Vec::new(),
            reduction: Reduction::default(),
            pieces: Vec::new(),
            exchange: Exchange::default(),
            rows: RowSums::default(),
            total: Sums::default(),
            index: SparseIndex::default(),
            pairs: WeightPairs::default(),
            touched: vec![Vec::new(); layout.tables.len()],
            runtime: Arc::new(Runtime::new(tape, logit, isa, threads)?),
        })
    }

    /// Takes every step from now on together with the engines of other ranks.
    pub fn join(&mut self, ranks: Arc<dyn Ranks>) {
        self.ranks = ranks;
    }

    /// Whether no other ranks take its steps.
    pub fn is_alone(&self) -> bool {
        self.ranks.alone()
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

    /// Loss and gradients of a batch that is all of its step; gives the weighted mean loss. `draw` turns training on: dropout, and a
    /// batch's own statistics in batch ops.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite: the error names the op and the batch by its number.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        draw: Option<Draw>,
        batch_number: u64,
    ) -> Result<f64> {
        self.step_part(
            parameters,
            batch,
            Part::whole(batch),
            None,
            draw,
            batch_number,
        )
    }

    /// The same where each rank has a part of the step: loss and gradients are those of the whole, bit for bit what one process
    /// would have. All ranks take the step together.
    ///
    /// With `names`, the tables are rows that were fetched for the batch (see [`super::far`]), and these their numbers: gradients of
    /// tables are then those of the rows that this rank keeps.
    ///
    /// # Errors
    /// As [`Engine::step`], on all ranks alike; but of a row's gradient only where the row is kept.
    pub fn step_part(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        part: Part,
        names: Option<&[u32]>,
        draw: Option<Draw>,
        batch_number: u64,
    ) -> Result<f64> {
        let here = groups_of(self.ranks.rank(), self.ranks.size(), part.count());
        self.reserve(batch, part, &here);
        let tables = self.tape().layout().tables.iter().zip(&parameters.tables);
        let rows = tables.map(|(table, numbers)| numbers.len() / table.dim);
        self.index.grow(rows.max().unwrap_or(0));
        let (runtime, pairs) = (&self.runtime, &mut self.pairs);
        pairs.refresh(runtime.isa(), runtime.tape().layout(), parameters);
        self.index_and_replay(parameters, batch, part, draw, here);
        let lengths = (self.tape().layout().dense_len(), 0);
        let Engine {
            ranks,
            pieces,
            exchange,
            total,
            ..
        } = self;
        exchange.sum(&**ranks, pieces, part.count(), lengths, total);
        if let Some(node) = self.total.not_finite {
            let op = self.tape().nodes()[node].label();
            return Err(Error::NotFinite {
                op,
                batch: batch_number,
            });
        }
        self.sum_touched(part, names);
        let check = Stage::of("check of gradients", 1, 4 * self.total.dense.len());
        let trace = self.runtime.trace();
        trace.time(check, || self.check_gradients(batch_number))?;
        Ok(self.total.loss)
    }

    /// Makes room for all that a step takes.
    fn reserve(&mut self, batch: &Batch, part: Part, here: &Range<usize>) {
        if self.groups.len() < here.len() {
            self.groups.resize_with(here.len(), Group::default);
        }
        let tape = self.runtime.tape();
        for group in &mut self.groups[..here.len()] {
            group.reserve(tape.layout(), batch.fields.len());
        }
        self.runtime.workspaces().reserve_gradients(tape);
        for (_, sums) in self.pieces.drain(..) {
            self.reduction.give_back(sums);
        }
        self.reduction.start(here.clone(), part.count());
        let sums = tape.nodes().iter().filter_map(|n| n.op.batch_op());
        self.reduction.reserve(
            self.runtime.threads(),
            tape.layout().dense_len(),
            sums.map(|op| op.sums()).max().unwrap_or(0),
        );
    }

    fn index_and_replay(
        &mut self,
        parameters: &Parameters,
        batch: &Batch,
        part: Part,
        draw: Option<Draw>,
        here: Range<usize>,
    ) {
        let Engine {
            runtime,
            ranks,
            loss,
            groups,
            reduction,
            pieces,
            exchange,
            total,
            index,
            statistics,
            phases,
            pairs,
            ..
        } = self;
        let (trace, count, tape) = (runtime.trace(), part.count(), runtime.tape());
        let job = Job {
            replay: runtime.replay(parameters, pairs),
            batch,
            loss,
            draw,
            part,
            rows: rows_of_shards(runtime.shard_rows()),
            synchronised: phases.iter().any(Phase::is_barrier),
            statistics: &[],
        };
        runtime.install(|| {
            let replay = || {
                for phases in phases.chunk_by(|a, b| !a.is_barrier() && !b.is_barrier()) {
                    reduction.start(here.clone(), count);
                    let round = Round {
                        job: Job { statistics, ..job },
                        phases,
                        reduction,
                    };
                    let lengths = round.run(runtime, &mut groups[..here.len()]);
                    match statistics_asked(tape, phases, statistics) {
                        None => keep(reduction.pieces(), pieces),
                        Some(kept) => {
                            exchange.sum(&**ranks, reduction.pieces(), count, lengths, total);
                            std::mem::swap(kept, &mut total.statistics);
                        }
                    }
                }
            };
            let rows = rows_of_pieces(here.clone(), count, batch.rows);
            rayon::join(|| index.build_timed(trace, batch, here.start, rows), replay);
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

    /// The gradients of the last step, of all ranks.
    pub fn gradients(&self) -> Gradients<'_> {
        let (touched, tables) = match self.ranks.alone() {
            true => (self.index.touched(), &self.touched[..]),
            false => (self.rows.touched(), self.rows.tables()),
        };
        Gradients {
            dense: &self.total.dense,
            touched,
            tables,
        }
    }

    fn sum_touched(&mut self, part: Part, names: Option<&[u32]>) {
        let Engine {
            runtime,
            ranks,
            groups,
            index,
            touched,
            rows,
            ..
        } = self;
        let (isa, groups) = (runtime.isa(), &*groups);
        let tables = &runtime.tape().layout().tables;
        for (table_index, table) in tables.iter().enumerate() {
            let sample =
                |row: usize| groups[row / GROUP_ROWS].sample(table_index, row % GROUP_ROWS);
            runtime.trace().time(index.stage(table.dim), || {
                runtime.install(|| index.sum(isa, table.dim, sample, &mut touched[table_index]));
            });
        }
        if ranks.alone() {
            return;
        }
        let dims: Vec<usize> = tables.iter().map(|table| table.dim).collect();
        let most = runtime.tape().layout().table_rows();
        let here = match names {
            None => most,
            Some(_) => ranks.owners().rows(most),
        };
        let told = Told {
            index,
            sums: touched,
            names,
        };
        let count = part.count();
        runtime.install(|| rows.sum(&**ranks, (here, &dims), count, told));
    }

    /// A finite loss can have an infinite gradient; it must not reach the weights.
    fn check_gradients(&self, batch: u64) -> Result<()> {
        let layout = self.tape().layout();
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let Gradients { dense, tables, .. } = self.gradients();
        let bad = if finite(dense) {
            let tables = layout.tables.iter().zip(tables);
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
    /// Runs them on all groups, whose workers take one after the other. Gives the numbers of gradients and statistics that it summed.
    fn run(&self, runtime: &Runtime, groups: &mut [Group]) -> (usize, usize) {
        let workers = runtime.threads().min(groups.len());
        let lengths = (self.gradients(), self.statistics());
        let first = self.job.part.first_row / GROUP_ROWS;
        let (trace, stage) = (runtime.trace(), self.stage(groups.len()));
        let queue = Mutex::new(groups.iter_mut().enumerate());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let tape = self.job.replay.tape;
        let work = |_| {
            runtime.workspaces().with(tape, self.job.rows, |workspace| {
                while let Some((group_index, group)) = next() {
                    let start = trace.now();
                    let mut sums = self.reduction.take();
                    sums.clear(lengths.0, lengths.1);
                    group.run(self.job, self.phases, group_index, workspace, &mut sums);
                    self.reduction.done(first + group_index, sums);
                    trace.group(group_index, start);
                }
            });
        };
        let all = (0..workers).into_par_iter().with_max_len(1);
        trace.round(stage, || all.for_each(work));
        lengths
    }

    /// What it is in a trace. Its bytes are those of rows of tables and their gradients, and of sums that are cleared, made and added
    /// to others.
    fn stage(&self, groups: usize) -> Stage {
        let width = self.job.replay.tape.layout().table_width();
        let looked_up = GROUP_ROWS * self.job.batch.fields.len() * width;
        Stage::of(
            "round",
            groups,
            groups * (8 * looked_up + 16 * self.gradients()),
        )
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

/// The rows that make up each piece of the groups `here`, of a batch of `rows` rows that begins with them.
fn rows_of_pieces(
    here: Range<usize>,
    count: usize,
    rows: usize,
) -> impl Iterator<Item = Range<usize>> + Clone {
    let first = here.start;
    tree::pieces(here, count).map(move |node| {
        let Range { start, end } = node.groups(count);
        (start - first) * GROUP_ROWS..((end - first) * GROUP_ROWS).min(rows)
    })
}

/// Where the statistics go that a round was run for, when it was run for some.
fn statistics_asked<'s>(
    tape: &Tape,
    round: &[Phase],
    statistics: &'s mut [Statistics],
) -> Option<&'s mut Vec<f64>> {
    let (Phase::Sums(node) | Phase::GradSums(node)) = round[0] else {
        return None;
    };
    let of_op = &mut statistics[tape.nodes()[node].op.batch_op()?.number()];
    Some(match round[0] {
        Phase::Sums(_) => &mut of_op.forward,
        _ => &mut of_op.backward,
    })
}

/// Keeps the sums of a round's pieces as a part of the step's own.
fn keep(of_round: &mut Vec<(TreeNode, Sums)>, pieces: &mut Vec<(TreeNode, Sums)>) {
    // Every parameter's gradients come from one round; the others add zero to it.
    match pieces.first().is_none_or(|(_, sums)| sums.dense.is_empty()) {
        true => std::mem::swap(of_round, pieces),
        false => {
            for ((_, sums), (_, more)) in pieces.iter_mut().zip(of_round) {
                sums.add(more);
            }
        }
    }
}
