//! What a fused interacting layer is made of.

use crate::autograd::kind::Affine;
use crate::autograd::layout::Param;

/// One of the four projections.
#[derive(Debug, Clone)]
pub struct Projection {
    /// `[d, width]`
    pub weight: Param,
    /// `[width]`
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
    /// Query, key, value, residual.
    pub projections: [Projection; 4],
    pub heads: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// Pass the projections through ReLU.
    pub projection_relu: bool,
    /// Dropout of the attention weights.
    pub dropout: f32,
}
