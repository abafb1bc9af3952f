//! What an op is: forward, backward, and its definition in f64.

use std::fmt::Debug;
use std::ops::Range;

use super::batch_op::{BatchOp, Statistics};
use super::factors::Weights;
use super::kind::OpKind;
use super::layout::{Parameters, TableId};
use super::part::Part;
use crate::data::batch::Batch;
use crate::kernels::dropout::Draw;
use crate::simd::{Aligned, Isa};

/// One kind of computation on a tape. One file of [`super::ops`] each: the formula, the shape rule (in the recording method of
/// [`super::Tape`]), forward, backward directly below it, and the definition.
pub trait Op: Debug + Send + Sync {
    /// The op's name, as errors and profiles show it.
    fn name(&self) -> &'static str;

    /// What it computes, in one line, as `autoint trace` shows it. No default body: a reader of a trace wants it of every op.
    fn formula(&self) -> &str;

    /// What it computes, for whoever writes the graph elsewhere. No default body: every op can be told.
    fn kind(&self) -> OpKind<'_>;

    /// Units kept from forward for backward.
    fn saved_units(&self) -> usize {
        0
    }

    /// Units that forward and backward may write to and that mean nothing afterwards; all ops share them.
    fn scratch_units(&self) -> usize {
        0
    }

    /// Computes the result from the operands.
    fn forward(&self, f: &mut Forward<'_>);

    /// Adds the operands' and parameters' gradients, given the result's. No default body: an op that forgets its gradient
    /// would silently freeze everything before it.
    fn backward(&self, b: &mut Backward<'_>);

    /// The op for one row in f64, as plainly as it can be written: the teaching text, and the oracle of the tests.
    fn definition(&self, r: &Definition<'_>) -> Vec<f64>;

    /// For an op that is linear in one operand: how many numbers [`Op::freeze`] makes of a table row when the operand is the
    /// embeddings of all fields. 0 when nothing can be known before the samples are.
    fn frozen_units(&self, _: Isa) -> usize {
        0
    }

    /// Computes the op's part for some rows of a table. Forward then gets them as [`Forward::frozen`].
    fn freeze(&self, _: &mut Freeze<'_>) {}

    /// Whether its values are set from outside: it computes nothing, and nothing flows on from it.
    fn is_leaf(&self) -> bool {
        false
    }

    /// The table whose rows are the result.
    fn table(&self) -> Option<TableId> {
        None
    }

    /// Whether in inference the result is the operand.
    fn copies_in_inference(&self) -> bool {
        false
    }

    /// The op's other half when it looks at the whole batch.
    fn batch_op(&self) -> Option<&dyn BatchOp> {
        None
    }

    /// How far the nearest argument of a ReLU is from its kink: differences across one compare nothing.
    fn kink_distance(&self, _: &Definition<'_>) -> f64 {
        f64::INFINITY
    }
}

/// The rows that lie side by side. A result of n units for R rows is `[blocks, n, BLOCK]` with R / 16 blocks: the page of
/// [`crate::kernels`] has the picture, and the words.
pub use crate::kernels::BLOCK;

/// Where the number of `unit` (of `units`) and `row` lies in `[blocks, units, BLOCK]`.
pub fn place(units: usize, unit: usize, row: usize) -> usize {
    (row / BLOCK * units + unit) * BLOCK + row % BLOCK
}

/// The unit (of `units`) and the row whose number lies at `at`: the inverse of [`place`].
pub fn unit_and_row(units: usize, at: usize) -> (usize, usize) {
    let column = at / BLOCK;
    (column % units, column / units * BLOCK + at % BLOCK)
}

/// How many of the shard's `used` rows are in block number `block`.
pub fn used_in(block: usize, used: usize) -> usize {
    used.saturating_sub(block * BLOCK).min(BLOCK)
}

/// The rows of one replay: `used` rows of a batch from `first_row` on, padded to R.
#[derive(Debug, Clone, Copy)]
pub struct Shard<'a> {
    /// The rows' fields, labels and weights.
    pub batch: &'a Batch,
    /// The number of its first row in the batch.
    pub first_row: usize,
    /// At most R. Rows beyond it repeat row 0 of each table, weigh nothing in the loss and give no gradient.
    pub used: usize,
    /// What part of its step the batch is.
    pub part: Part,
    /// Present in training only: what dropout masks are drawn from.
    pub draw: Option<Draw>,
    /// In training: what the tape's batch ops asked for, by their number.
    pub statistics: &'a [Statistics],
    /// Whether backward follows; without it, ops need not save anything for it.
    pub backward: bool,
}

impl Shard<'_> {
    /// The number of its first row in the step: what does not change with the number of ranks.
    pub fn first_row_of_step(&self) -> usize {
        self.part.first_row + self.first_row
    }
}

/// What forward gets. Slices of activations are `[blocks, units, BLOCK]`, see [`BLOCK`].
#[derive(Debug)]
pub struct Forward<'a> {
    /// What kernels are run with.
    pub isa: Isa,
    /// R, the rows of a shard: a multiple of [`BLOCK`].
    pub rows: usize,
    /// In the order in which they were given to [`super::Tape::record`].
    pub operands: Operands<'a>,
    /// The result, to be overwritten. Holds anything before.
    pub out: &'a mut [f32],
    /// Room for [`Op::saved_units`]: backward of the same shard gets it as it is left.
    pub saved: &'a mut [f32],
    /// Room for [`Op::scratch_units`]. Holds anything before.
    pub scratch: &'a mut [f32],
    /// All of the model's.
    pub parameters: &'a Parameters,
    /// The same as products take them.
    pub weights: Weights<'a>,
    /// Which rows are computed, of which batch.
    pub shard: Shard<'a>,
    /// `[table rows, frozen units]`, empty when nothing was frozen. If there is something, the operand was not computed.
    pub frozen: &'a [f32],
}

/// What [`Op::freeze`] gets: up to a block of table rows, in the lanes.
#[derive(Debug)]
pub struct Freeze<'a> {
    /// What kernels are run with.
    pub isa: Isa,
    /// All of the model's.
    pub parameters: &'a Parameters,
    /// The same as products take them.
    pub weights: Weights<'a>,
    /// The field whose rows they are.
    pub field: usize,
    /// `[dim, BLOCK]`
    pub embeddings: &'a [f32],
    /// Room for pairs of the embeddings and for what is made of them, `[dim + frozen units, BLOCK]`. Holds anything before.
    pub scratch: &'a mut [f32],
    /// `[frozen units, BLOCK]`
    pub out: &'a mut [f32],
}

/// What backward gets. Slices of activations are laid out as forward's.
#[derive(Debug)]
pub struct Backward<'a> {
    /// What kernels are run with.
    pub isa: Isa,
    /// R, the rows of a shard: a multiple of [`BLOCK`].
    pub rows: usize,
    /// As forward got them.
    pub operands: Operands<'a>,
    /// What forward computed.
    pub out: &'a [f32],
    /// The result's gradient: complete, as everything that uses the result has run before.
    pub d_out: &'a [f32],
    /// To be added to: an operand may be another op's too.
    pub d_operands: OperandGrads<'a>,
    /// What forward left there.
    pub saved: &'a [f32],
    /// Room for [`Op::scratch_units`]. Holds anything before.
    pub scratch: &'a mut [f32],
    /// All of the model's.
    pub parameters: &'a Parameters,
    /// The same as products take them.
    pub weights: Weights<'a>,
    /// Gradients of the flat vector, to be added to.
    pub d_dense: &'a mut [f32],
    /// One per table: gradients of the looked-up embeddings, `[samples, fields * dim]`, this shard's samples only.
    pub d_samples: &'a mut [Aligned],
    /// Where this shard's samples begin in `d_samples`.
    pub first_sample: usize,
    /// Which rows it is, of which batch.
    pub shard: Shard<'a>,
}

/// What a definition gets: everything about one row, in f64.
#[derive(Debug)]
pub struct Definition<'a> {
    /// One row's values of each operand.
    pub operands: Vec<&'a [f64]>,
    /// The flat vector of dense parameters.
    pub dense: &'a [f64],
    /// Embedding tables, `[table rows, dim]` each.
    pub tables: &'a [Vec<f64>],
    /// The flat vector of buffers.
    pub buffers: &'a [f64],
    /// In training: what the tape's batch ops asked for, by their number.
    pub statistics: &'a [Statistics],
    /// The batch that the row is of.
    pub batch: &'a Batch,
    /// The row's number in the batch.
    pub row: usize,
    /// What part of its step the batch is.
    pub part: Part,
    /// Present in training only: what dropout masks are drawn from.
    pub draw: Option<Draw>,
}

/// The operands' values.
#[derive(Debug, Clone, Copy)]
pub struct Operands<'a> {
    pub(super) before: &'a [f32],
    pub(super) units: &'a [Range<usize>],
    pub(super) rows: usize,
}

impl<'a> Operands<'a> {
    /// The values of operand `i`, `[blocks, units, BLOCK]`.
    pub fn get(&self, i: usize) -> &'a [f32] {
        let Range { start, end } = self.units[i];
        &self.before[start * self.rows..end * self.rows]
    }
}

/// The operands' gradients, to be added to.
#[derive(Debug)]
pub struct OperandGrads<'a> {
    pub(super) before: &'a mut [f32],
    pub(super) units: &'a [Range<usize>],
    pub(super) rows: usize,
}

impl OperandGrads<'_> {
    /// The gradient of operand `i`, `[blocks, units, BLOCK]`.
    pub fn get(&mut self, i: usize) -> &mut [f32] {
        let Range { start, end } = self.units[i];
        &mut self.before[start * self.rows..end * self.rows]
    }

    /// The same gradients, borrowed for a shorter time.
    #[cfg(test)]
    pub(super) fn reborrow(&mut self) -> OperandGrads<'_> {
        OperandGrads {
            before: self.before,
            units: self.units,
            rows: self.rows,
        }
    }
}
