//! The arithmetic under the layers: slices in, slices out; no autograd, no allocation, no threads.
//!
//! # Rows lie in the lanes
//!
//! Activations of a shard of R rows are stored feature-major with the rows contiguous: unit u of row r is `x[u * R + r]`.
//! One vector register then holds the same unit of several rows, so a kernel reads like the maths of one sample; weights
//! are broadcast, and sums over units need no horizontal step. R is a multiple of [`crate::simd::MAX_LANES`].
//!
//! A *unit* is one number per row: a tensor of shape `[F, d]` has F * d units, in row-major order.

pub mod adagrad;
pub mod adam;
pub mod attention;
pub mod batch_norm;
pub mod bce;
pub mod dropout;
pub mod einsum;
pub mod elementwise;
pub mod layer_norm;
pub mod lookup;
pub mod math;
pub mod matmul;
pub mod nadam;
pub mod product;
pub mod rmsprop;
pub mod sgd;
pub mod softmax;
pub mod update;
pub mod weight_grad;
