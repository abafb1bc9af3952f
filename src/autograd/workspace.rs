//! The memory of one worker, and the replay of a tape over one shard.

use super::layout::Parameters;
use super::op::{Backward, Forward, OperandGrads, Operands, Shard};
use super::tape::{Tape, Var};
use crate::simd::Isa;

/// Arenas for one shard. All slices are `[units, rows]`.
#[derive(Debug)]
pub struct Workspace {
    rows: usize,
    values: Vec<f32>,
    grads: Vec<f32>,
    saved: Vec<f32>,
    scratch: Vec<f32>,
}

/// Where a shard's gradients are added.
#[derive(Debug)]
pub struct ShardGrads<'a> {
    /// Of the flat vector.
    pub dense: &'a mut [f32],
    /// Of the looked-up embeddings, see [`Backward::d_samples`].
    pub samples: &'a mut [Vec<f32>],
    /// Where this shard's samples begin in `samples`.
    pub first_sample: usize,
}

impl Workspace {
    /// Memory to replay `tape` forward over shards of `rows` rows; [`Workspace::backward`] allocates the gradients at its
    /// first call.
    pub fn new(tape: &Tape, rows: usize) -> Workspace {
        Workspace {
            rows,
            values: vec![0.0; tape.units() * rows],
            grads: Vec::new(),
            saved: vec![0.0; tape.saved_units() * rows],
            scratch: vec![0.0; tape.scratch_units() * rows],
        }
    }

    /// The values of a result, `[units, rows]`.
    pub fn value(&self, var: &Var) -> &[f32] {
        let units = var.units();
        &self.values[units.start * self.rows..units.end * self.rows]
    }

    /// Sets the values of a leaf recorded with [`Tape::input`].
    pub fn value_mut(&mut self, var: &Var) -> &mut [f32] {
        let units = var.units();
        &mut self.values[units.start * self.rows..units.end * self.rows]
    }

    /// The gradient of a result, `[units, rows]`, after [`Workspace::backward`].
    pub fn grad(&self, var: &Var) -> &[f32] {
        let units = var.units();
        &self.grads[units.start * self.rows..units.end * self.rows]
    }

    /// Runs the tape up to and including the op that makes `last`.
    pub fn forward(
        &mut self,
        isa: Isa,
        tape: &Tape,
        last: &Var,
        parameters: &Parameters,
        shard: Shard<'_>,
    ) {
        let rows = self.rows;
        for node in tape.nodes() {
            let units = node.result.units();
            if units.start >= last.units().end {
                break;
            }
            let (before, after) = self.values.split_at_mut(units.start * rows);
            node.op.forward(&mut Forward {
                isa,
                rows,
                operands: Operands {
                    before,
                    units: &node.operands,
                    rows,
                },
                out: &mut after[..units.len() * rows],
                saved: &mut self.saved[node.saved.start * rows..node.saved.end * rows],
                scratch: &mut self.scratch[..node.op.scratch_units() * rows],
                parameters,
                shard,
            });
        }
    }

    /// Runs the tape backward from `last`, whose gradient `seed` (`[units, rows]`) is given. Needs a forward pass before.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another thing: what to run, on what, into what"
    )]
    pub fn backward(
        &mut self,
        isa: Isa,
        tape: &Tape,
        last: &Var,
        seed: impl FnOnce(&mut [f32]),
        parameters: &Parameters,
        shard: Shard<'_>,
        grads: ShardGrads<'_>,
    ) {
        let rows = self.rows;
        self.grads.resize(tape.units() * rows, 0.0);
        let end = last.units().end * rows;
        self.grads[..end].fill(0.0);
        seed(&mut self.grads[last.units().start * rows..end]);
        for node in tape.nodes().iter().rev() {
            let units = node.result.units();
            if units.start >= last.units().end {
                continue;
            }
            let (before, after) = self.values.split_at(units.start * rows);
            let (d_before, d_after) = self.grads.split_at_mut(units.start * rows);
            node.op.backward(&mut Backward {
                isa,
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
                parameters,
                d_dense: grads.dense,
                d_samples: grads.samples,
                first_sample: grads.first_sample,
                shard,
            });
        }
    }

    /// The label of the first op whose result is not finite, if any.
    pub fn first_not_finite(&self, tape: &Tape) -> Option<String> {
        tape.nodes()
            .iter()
            .find(|node| self.value(&node.result).iter().any(|x| !x.is_finite()))
            .map(super::tape::Node::label)
    }
}
