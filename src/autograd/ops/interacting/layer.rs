//! An interacting layer as it is given to be recorded.

use crate::autograd::kind::Affine;
use crate::autograd::layout::Param;

/// One of the four projections.
#[derive(Debug, Clone)]
pub struct Projection {
    /// `[d, width]`
    pub weight: Param,
    /// `[width]`; none means zero.
    pub bias: Option<Param>,
}

impl Projection {
    /// As an op's kind tells it.
    pub(super) fn affine(&self) -> Affine<'_> {
        Affine {
            weight: &self.weight,
            bias: self.bias.as_ref(),
        }
    }
}

/// What a fused layer is made of.
#[derive(Debug, Clone)]
pub struct Fused {
    /// Query, key, value, residual: all of one shape.
    pub projections: [Projection; 4],
    /// H: divides the projections' width.
    pub heads: usize,
    /// What scores are multiplied by before the softmax.
    pub scale: f32,
    /// Pass all four projections through a ReLU.
    pub projection_relu: bool,
    /// The probability with which an attention weight is dropped in training; 0 for none.
    pub dropout: f32,
}
