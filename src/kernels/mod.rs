//! The arithmetic under the layers: slices in, slices out; no autograd, no allocation, no threads.
//!
//! # Rows lie in the lanes
//!
//! Activations are stored feature-major, the rows of a [`BLOCK`] contiguous: unit u of row r is `x[u * BLOCK + r]`. One vector
//! register then holds the same unit of several rows, so a kernel reads like the maths of one sample; weights are broadcast,
//! and sums over units need no horizontal step.
//!
//! A *unit* is one number per row: a tensor of shape `[F, d]` has F * d units, in row-major order. A unit's numbers for a block
//! are a [`Column`].

use crate::simd::MAX_LANES;

pub mod adagrad;
pub mod adam;
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
pub mod nadam;
pub mod outer;
pub mod product;
pub mod rmsprop;
pub mod row;
pub mod sgd;
pub mod softmax;
pub mod update;
pub mod weight_grad;

/// Rows that lie side by side: as many as the widest vector has lanes.
pub const BLOCK: usize = MAX_LANES;

/// One unit of a block's rows.
pub type Column = [f32; BLOCK];

/// `[units, BLOCK]` as columns: an index into them needs no arithmetic and one check, one into the columns none.
#[inline(always)]
pub fn columns(x: &[f32]) -> &[Column] {
    x.as_chunks().0
}

/// [`columns`], to be written to.
#[inline(always)]
pub fn columns_mut(x: &mut [f32]) -> &mut [Column] {
    x.as_chunks_mut().0
}
