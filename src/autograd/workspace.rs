//! The memory of one worker, and the replay of a tape over one shard.

use std::ops::Range;

use super::factors::{WeightPairs, Weights};
use super::frozen::Frozen;
use super::layout::Parameters;
use super::op::{Backward, Forward, OperandGrads, Operands, Shard};
use super::profile::Profile;
use super::tape::{Node, Tape, Var};
use crate::simd::{Aligned, Isa};

/// Arenas for one shard. All slices are `[blocks, units, BLOCK]`, see [`super::op::BLOCK`].
#[derive(Debug)]
pub struct Workspace {
    rows: usize,
    values: Aligned,
    grads: Aligned,
    saved: Aligned,
    scratch: Aligned,
    /// Off until started.
    pub profile: Profile,
}

/// What is replayed: the same for all shards of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Replay<'a> {
    /// What kernels are run with.
    pub isa: Isa,
    /// Whose nodes are run.
    pub tape: &'a Tape,
    /// Of the tape's layout.
    pub parameters: &'a Parameters,
    /// Made of the parameters as they are.
    pub pairs: &'a WeightPairs,
}

impl<'a> Replay<'a> {
    fn weights(self) -> Weights<'a> {
        Weights {
            parameters: self.parameters,
            pairs: self.pairs,
        }
    }
}

/// Where a shard's gradients are added.
#[derive(Debug)]
pub struct ShardGrads<'a> {
    /// Of the flat vector.
    pub dense: &'a mut [f32],
    /// Of the looked-up embeddings, see [`Backward::d_samples`].
    pub samples: &'a mut [Aligned],
    /// Where this shard's samples begin in `samples`.
    pub first_sample: usize,
}

impl Workspace {
    /// Memory to replay `tape` forward over shards of `rows` rows; the gradients have none before [`Workspace::reserve_gradients`].
    pub fn new(tape: &Tape, rows: usize) -> Workspace {
        Workspace {
            rows,
            values: Aligned::zeros(tape.units() * rows),
            grads: Aligned::default(),
            saved: Aligned::zeros(tape.saved_units() * rows),
            scratch: Aligned::zeros(tape.scratch_units() * rows),
            profile: Profile::default(),
        }
    }

    /// Replays shards of `rows` rows from now on, at most as many as there is memory for.
    pub fn set_rows(&mut self, rows: usize) {
        self.rows = rows;
    }

    fn span(&self, var: &Var) -> Range<usize> {
        let units = var.units();
        units.start * self.rows..units.end * self.rows
    }

    /// The values of a result.
    pub fn value(&self, var: &Var) -> &[f32] {
        &self.values[self.span(var)]
    }

    /// The values of some units.
    pub fn values(&self, units: &Range<usize>) -> &[f32] {
        &self.values[units.start * self.rows..units.end * self.rows]
    }

    /// Sets the values of a leaf recorded with [`Tape::input`].
    pub fn value_mut(&mut self, var: &Var) -> &mut [f32] {
        let span = self.span(var);
        &mut self.values[span]
    }

    /// The gradient of a result, after [`Workspace::backward`].
    pub fn grad(&self, var: &Var) -> &[f32] {
        &self.grads[self.span(var)]
    }

    /// What a node kept for backward.
    pub fn saved(&self, node: &Node) -> &[f32] {
        &self.saved[node.saved.start * self.rows..node.saved.end * self.rows]
    }

    /// Runs some nodes of the tape, whose operands' values are there.
    pub fn forward(&mut self, replay: Replay<'_>, nodes: Range<usize>, shard: Shard<'_>) {
        for node_index in nodes {
            self.forward_node(replay, node_index, shard, &[]);
        }
    }

    /// Runs the nodes that frozen weights leave to be run: those for the logit, or for what else is asked for.
    pub(super) fn infer(
        &mut self,
        isa: Isa,
        tape: &Tape,
        frozen: &Frozen<'_>,
        needed: &[bool],
        shard: Shard<'_>,
    ) {
        let replay = Replay {
            isa,
            tape,
            parameters: frozen.parameters(),
            pairs: frozen.pairs(),
        };
        for (node_index, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
            self.forward_node(replay, node_index, shard, frozen.rows(node_index));
        }
    }

    fn forward_node(
        &mut self,
        replay: Replay<'_>,
        node_index: usize,
        shard: Shard<'_>,
        frozen: &[f32],
    ) {
        let rows = self.rows;
        let node = &replay.tape.nodes()[node_index];
        let units = node.result.units();
        let (before, after) = self.values.split_at_mut(units.start * rows);
        let mut forward = Forward {
            isa: replay.isa,
            rows,
            operands: Operands {
                before,
                units: &node.operands,
                rows,
            },
            out: &mut after[..units.len() * rows],
            saved: &mut self.saved[node.saved.start * rows..node.saved.end * rows],
            scratch: &mut self.scratch[..node.op.scratch_units() * rows],
            parameters: replay.parameters,
            weights: replay.weights(),
            shard,
            frozen,
        };
        let run = || node.op.forward(&mut forward);
        self.profile.time(node_index, true, run);
    }

    /// Makes room for the gradients of shards of `rows` rows.
    pub fn reserve_gradients(&mut self, tape: &Tape, rows: usize) {
        let length = tape.units() * rows;
        if self.grads.len() < length {
            self.grads = Aligned::zeros(length);
        }
    }

    /// Clears all gradients that are added to and gives that of `last`, the end of some op's result, to be set: where
    /// backward starts.
    pub fn seed(&mut self, tape: &Tape, last: &Var) -> &mut [f32] {
        self.reserve_gradients(tape, self.rows);
        for units in tape.consumed() {
            self.grads[units.start * self.rows..units.end * self.rows].fill(0.0);
        }
        let span = self.span(last);
        &mut self.grads[span]
    }

    /// Runs some nodes backward, the last one first. Their results' gradients are there.
    pub fn backward(
        &mut self,
        replay: Replay<'_>,
        nodes: Range<usize>,
        shard: Shard<'_>,
        grads: &mut ShardGrads<'_>,
    ) {
        let rows = self.rows;
        for node_index in nodes.rev() {
            let node = &replay.tape.nodes()[node_index];
            let units = node.result.units();
            let (before, after) = self.values.split_at(units.start * rows);
            let (d_before, d_after) = self.grads.split_at_mut(units.start * rows);
            let mut backward = Backward {
                isa: replay.isa,
                rows,
                operands: Operands {
                    before,
                    units: &node.operands,
                    rows,
                },
                out: &after[..units.len() * rows],
                d_out: &d_after[..units.len() * rows],
                d_operands: OperandGrads {
                    before: d_before,
                    units: &node.operands,
                    rows,
                },
                saved: &self.saved[node.saved.start * rows..node.saved.end * rows],
                scratch: &mut self.scratch[..node.op.scratch_units() * rows],
                parameters: replay.parameters,
                weights: replay.weights(),
                d_dense: grads.dense,
                d_samples: grads.samples,
                first_sample: grads.first_sample,
                shard,
            };
            let run = || node.op.backward(&mut backward);
            self.profile.time(node_index, false, run);
        }
    }

    /// The first node whose result is not finite, if any.
    pub fn first_not_finite(&self, tape: &Tape) -> Option<usize> {
        let not_finite = |node: &Node| self.value(&node.result).iter().any(|x| !x.is_finite());
        tape.nodes().iter().position(not_finite)
    }
}
