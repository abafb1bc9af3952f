//! The arithmetic under the layers: slices in, slices out; no autograd, no allocation, no threads.
//!
//! # Rows lie in the lanes
//!
//! The layout of all activations, here of three units for 32 rows. Memory goes from left to right and then down:
//!
//! ```text
//!                   lane 0   lane 1   lane 2         lane 15
//!                 +--------+--------+--------+-   -+--------+
//! block 0  unit 0 | row 0  | row 1  | row 2  | ... | row 15 |  one Column
//!          unit 1 | row 0  | row 1  | row 2  | ... | row 15 |  one Column
//!          unit 2 | row 0  | row 1  | row 2  | ... | row 15 |
//!                 +--------+--------+--------+-   -+--------+
//! block 1  unit 0 | row 16 | row 17 | row 18 | ... | row 31 |
//!          unit 1 | row 16 | row 17 | row 18 | ... | row 31 |
//!          unit 2 | row 16 | row 17 | row 18 | ... | row 31 |
//!                 +--------+--------+--------+-   -+--------+
//! ```
//!
//! One vector register holds the same unit of several rows, so a kernel reads like the maths of one sample: weights are broadcast, and
//! sums over units need no horizontal step. (Where a batch ends within a block, the lanes behind it are padding.)
//!
//! The words, here and in [`crate::autograd`]:
//!
//! - A **row** is a sample: of a batch, a shard, a block. Rows of a *table* or of a *matrix* are called so.
//! - A **unit** is one number a row. A tensor of shape `[F, d]` has F * d units, the last axis fastest.
//! - A **block** is [`BLOCK`] rows with all their units. What belongs to the same rows is close together however many rows there are,
//!   and fits the nearest cache. Measured against `[units, rows]`, whose strides fell into a few sets of that cache: forward of the
//!   interacting layer took 13 to 17 % less time (`benches/README.md`).
//! - A [`Column`] is one unit of a block's rows: a line of the picture.
//! - A **token** is some units that a kernel treats as it treats the next ones: the d numbers of a field. To most kernels another block is
//!   only more of the same, so their `tokens` are those of all blocks: blocks * F.
//!
//! Products may be of bf16: two units or two tokens then share a place, and the sums have half as many terms ([`pairs`]).
//!
//! A shape in a comment counts numbers, so the picture is `[blocks, units, BLOCK]`, `[2, 3, 16]`. Of a slice of columns it counts columns:
//! `[blocks, units]`.

use crate::simd::MAX_LANES;

pub mod attention;
pub mod batch_norm;
pub mod bce;
pub mod dot;
pub mod dropout;
pub mod einsum;
pub mod elementwise;
pub mod fm;
pub mod layer_norm;
pub mod lookup;
pub mod math;
pub mod matmul;
#[cfg(test)]
mod oracle;
pub mod outer;
pub mod pairs;
pub mod product;
pub mod row;
pub mod softmax;
pub mod update;
pub mod weight_grad;

/// Rows that lie side by side: as many as the widest vector has lanes.
pub const BLOCK: usize = MAX_LANES;

/// One unit of a block's sixteen rows.
pub type Column = [f32; BLOCK];

/// `[.., BLOCK]` as columns: an index into them needs no arithmetic and one check, one into a column none.
#[inline(always)]
pub fn columns(x: &[f32]) -> &[Column] {
    x.as_chunks().0
}

/// [`columns`], to be written to.
#[inline(always)]
pub fn columns_mut(x: &mut [f32]) -> &mut [Column] {
    x.as_chunks_mut().0
}
