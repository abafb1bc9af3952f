//! A group: consecutive shards that one worker replays one after the other, and the sums it makes.

use super::batch_op::Statistics;
use super::layout::Layout;
use super::op::Shard;
use super::phases::Phase;
use super::tape::Var;
use super::workspace::{Replay, ShardGrads, Workspace};
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;

/// One task's memory and results.
#[derive(Debug, Default)]
pub struct Group {
    /// Gradients of the flat vector.
    pub dense: Vec<f32>,
    /// Per table: gradients of the looked-up embeddings, `[group rows, fields * dim]`.
    pub samples: Vec<Vec<f32>>,
    /// The sum of its rows' parts of the loss.
    pub loss: f64,
    /// The label of the first op that gave a value that is not finite.
    pub not_finite: Option<String>,
    /// What the last barrier asked for.
    pub sums: Vec<f64>,
    /// One per shard, when shards wait for each other; otherwise the worker's own memory serves them all.
    workspaces: Vec<Workspace>,
}

/// What all groups of a step have in common.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    pub replay: Replay<'a>,
    pub batch: &'a Batch,
    pub loss: &'a Var,
    pub draw: Option<Draw>,
    pub loss_scale: f32,
    /// Rows of a shard.
    pub rows: usize,
    /// Rows of a group.
    pub group_rows: usize,
    /// Whether shards wait for each other.
    pub synchronised: bool,
    pub statistics: &'a [Statistics],
}

impl Group {
    /// Clears what a step adds to, and makes room at the first call or for a larger batch. `lookups` is rows times fields.
    pub fn clear(&mut self, layout: &Layout, lookups: usize) {
        self.dense.resize(layout.dense_len(), 0.0);
        self.dense.fill(0.0);
        self.samples.resize(layout.tables.len(), Vec::new());
        for (samples, table) in self.samples.iter_mut().zip(&layout.tables) {
            samples.resize(lookups * table.dim, 0.0);
        }
        self.loss = 0.0;
        self.not_finite = None;
    }

    /// Runs some phases on every shard of group number `g`.
    pub fn run(&mut self, job: Job<'_>, phases: &[Phase], g: usize, worker: &mut Workspace) {
        self.sums.clear();
        let mut workspaces = std::mem::take(&mut self.workspaces);
        let start = g * job.group_rows;
        let end = (start + job.group_rows).min(job.batch.rows);
        for (number, first_row) in (start..end).step_by(job.rows).enumerate() {
            let shard = Shard {
                batch: job.batch,
                first_row,
                used: job.rows.min(end - first_row),
                loss_scale: job.loss_scale,
                draw: job.draw,
                statistics: job.statistics,
                backward: true,
            };
            if job.synchronised && workspaces.len() <= number {
                workspaces.push(Workspace::new(job.replay.tape, job.rows));
            }
            let workspace = if job.synchronised {
                // The worker's stopwatch goes with the work.
                std::mem::swap(&mut workspaces[number].profile, &mut worker.profile);
                &mut workspaces[number]
            } else {
                &mut *worker
            };
            for phase in phases {
                self.run_phase(job, phase, shard, first_row - start, workspace);
            }
            if job.synchronised {
                std::mem::swap(&mut workspaces[number].profile, &mut worker.profile);
            }
        }
        self.workspaces = workspaces;
    }

    fn run_phase(
        &mut self,
        job: Job<'_>,
        phase: &Phase,
        shard: Shard<'_>,
        first_sample: usize,
        workspace: &mut Workspace,
    ) {
        match phase {
            Phase::Forward(nodes) => workspace.forward(job.replay, nodes.clone(), shard),
            Phase::Seed => {
                let loss: f64 = workspace
                    .value(job.loss)
                    .iter()
                    .map(|&x| f64::from(x))
                    .sum();
                if !loss.is_finite() && self.not_finite.is_none() {
                    self.not_finite = workspace.first_not_finite(job.replay.tape);
                }
                self.loss += loss;
                workspace.seed(job.replay.tape, job.loss).fill(1.0);
            }
            Phase::Backward(nodes) => {
                let mut grads = ShardGrads {
                    dense: &mut self.dense,
                    samples: &mut self.samples,
                    first_sample,
                };
                workspace.backward(job.replay, nodes.clone(), shard, &mut grads);
            }
            Phase::Sums(node) | Phase::GradSums(node) => {
                let forward = matches!(phase, Phase::Sums(_));
                self.add_sums(job, *node, forward, shard.used, workspace);
            }
        }
    }

    fn add_sums(
        &mut self,
        job: Job<'_>,
        node: usize,
        forward: bool,
        used: usize,
        workspace: &Workspace,
    ) {
        let node = &job.replay.tape.nodes()[node];
        let Some(op) = node.op.batch_op() else {
            return;
        };
        self.sums.resize(op.sums(), 0.0);
        if forward {
            op.add_sums(workspace.values(&node.operands[0]), used, &mut self.sums);
        } else {
            let (saved, d_out) = (workspace.saved(node), workspace.grad(&node.result));
            op.add_grad_sums(saved, d_out, used, &mut self.sums);
        }
    }
}
