//! A group: consecutive shards that one worker replays one after the other, and the sums it makes.
//!
//! Groups are what a batch's work is cut into: a fixed number of rows each, whatever the machine, so that there are the more of them
//! the larger the batch is.

use super::batch_op::Statistics;
use super::layout::Layout;
use super::op::{BLOCK, Shard};
use super::part::{GROUP_ROWS, Part};
use super::phases::Phase;
use super::sums::Sums;
use super::tape::Var;
use super::workspace::{Replay, ShardGrads, Workspace};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;
use crate::simd::Aligned;

/// The rows of a group's shards, R being the most: all are equally long.
pub fn rows_of_shards(most: usize) -> usize {
    (GROUP_ROWS / GROUP_ROWS.div_ceil(most)).next_multiple_of(BLOCK)
}

/// What a group keeps from one round of a step to the next.
#[derive(Debug, Default)]
pub struct Group {
    /// Per table: gradients of the looked-up embeddings, `[group rows, fields * dim]`.
    pub samples: Vec<Aligned>,
    /// One per shard, when shards wait for each other; otherwise the worker's own memory serves them all.
    workspaces: Vec<Workspace>,
}

/// What all groups of a step have in common.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Tape and parameters.
    pub replay: Replay<'a>,
    /// Of which a group is some rows.
    pub batch: &'a Batch,
    /// Where backward starts.
    pub loss: &'a Var,
    /// Turns training on.
    pub draw: Option<Draw>,
    /// What part of its step the batch is.
    pub part: Part,
    /// Rows of a shard.
    pub rows: usize,
    /// Whether shards wait for each other.
    pub synchronised: bool,
    /// Of the tape's batch ops, by their number, as far as they are known.
    pub statistics: &'a [Statistics],
}

impl Group {
    /// Makes room for the looked-up embeddings of `fields` fields, at the first call or for another batch.
    pub fn reserve(&mut self, layout: &Layout, fields: usize) {
        self.samples.resize(layout.tables.len(), Aligned::default());
        for (samples, table) in self.samples.iter_mut().zip(&layout.tables) {
            samples.resize(GROUP_ROWS * fields * table.dim);
        }
    }

    /// The gradients of table number `table`, `[fields * dim]`, of one of its rows.
    pub fn sample(&self, table: usize, row: usize) -> &[f32] {
        let samples = &self.samples[table];
        let stride = samples.len() / GROUP_ROWS;
        &samples[row * stride..(row + 1) * stride]
    }

    /// Runs some phases on every shard of group number `g`, and adds to its sums.
    pub fn run(
        &mut self,
        job: Job<'_>,
        phases: &[Phase],
        g: usize,
        worker: &mut Workspace,
        sums: &mut Sums,
    ) {
        let mut workspaces = std::mem::take(&mut self.workspaces);
        let start = g * GROUP_ROWS;
        let end = (start + GROUP_ROWS).min(job.batch.rows);
        for (shard_index, first_row) in (start..end).step_by(job.rows).enumerate() {
            let shard = Shard {
                batch: job.batch,
                first_row,
                used: job.rows.min(end - first_row),
                part: job.part,
                draw: job.draw,
                statistics: job.statistics,
                backward: true,
            };
            if job.synchronised && workspaces.len() <= shard_index {
                workspaces.push(Workspace::new(job.replay.tape, job.rows));
            }
            let workspace = if job.synchronised {
                // The worker's stopwatch goes with the work.
                std::mem::swap(&mut workspaces[shard_index].profile, &mut worker.profile);
                &mut workspaces[shard_index]
            } else {
                &mut *worker
            };
            for phase in phases {
                let at = At {
                    shard,
                    first_sample: first_row - start,
                };
                self.run_phase(job, phase, at, workspace, sums);
            }
            if job.synchronised {
                std::mem::swap(&mut workspaces[shard_index].profile, &mut worker.profile);
            }
        }
        self.workspaces = workspaces;
    }

    fn run_phase(
        &mut self,
        job: Job<'_>,
        phase: &Phase,
        at: At<'_>,
        workspace: &mut Workspace,
        sums: &mut Sums,
    ) {
        let shard = at.shard;
        match phase {
            Phase::Forward(nodes) => workspace.forward(job.replay, nodes.clone(), shard),
            Phase::Seed => {
                let loss: f64 = workspace
                    .value(job.loss)
                    .iter()
                    .map(|&x| f64::from(x))
                    .sum();
                if !loss.is_finite() && sums.not_finite.is_none() {
                    sums.not_finite = workspace.first_not_finite(job.replay.tape);
                }
                sums.loss += loss;
                workspace.seed(job.replay.tape, job.loss).fill(1.0);
            }
            Phase::Backward(nodes) => {
                let mut grads = ShardGrads {
                    dense: &mut sums.dense,
                    samples: &mut self.samples,
                    first_sample: at.first_sample,
                };
                workspace.backward(job.replay, nodes.clone(), shard, &mut grads);
            }
            Phase::Sums(node) | Phase::GradSums(node) => {
                let forward = matches!(phase, Phase::Sums(_));
                add_statistics(job, *node, forward, shard.used, workspace, sums);
            }
        }
    }
}

/// A shard, and its first row's place in the group.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    shard: Shard<'a>,
    first_sample: usize,
}

fn add_statistics(
    job: Job<'_>,
    node: usize,
    forward: bool,
    used: usize,
    workspace: &Workspace,
    sums: &mut Sums,
) {
    let node = &job.replay.tape.nodes()[node];
    let Some(op) = node.op.batch_op() else {
        return;
    };
    if forward {
        let x = workspace.values(&node.operands[0]);
        op.add_sums(x, used, &mut sums.statistics);
    } else {
        let (saved, d_out) = (workspace.saved(node), workspace.grad(&node.result));
        op.add_grad_sums(saved, d_out, used, &mut sums.statistics);
    }
}
