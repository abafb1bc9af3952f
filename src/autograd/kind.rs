//! What an op computes, told to whoever wants to write the graph elsewhere: its kind and all its parameters.
//!
//! An operand is told by its units only, as a shape is a way to see them; a kind therefore names the shape in which it sees its
//! operands, unless it goes unit by unit.

use super::layout::{Param, TableId};

/// The kind of an op. Whoever matches on it has an arm for each, so that a new op cannot be forgotten.
#[derive(Debug, Clone, PartialEq)]
pub enum OpKind<'a> {
    /// [`super::ops::add`]
    Add,
    /// [`super::ops::add_bias`]
    AddBias {
        /// Of the operand's shape.
        bias: &'a Param,
    },
    /// [`super::ops::batch_norm`]: of `[n]`, all parameters `[n]`; at inference by the moving `mean` and `variance`, which are buffers.
    BatchNorm(BatchNormKind<'a>),
    /// [`super::ops::bce`]: the loss, which no score needs.
    Bce,
    /// [`super::ops::cin`]: of x0 `[fields, dim]` and, unless the layer is the first, of x `[dim, maps]`.
    Cin(CinKind<'a>),
    /// [`super::ops::dropout`]: at inference its operand.
    Dropout,
    /// [`super::ops::einsum`]: `"i h c, j h c -> h i j"`, and the shapes of the two operands.
    Einsum(EinsumKind<'a>),
    /// [`super::ops::embedding`]
    Embedding {
        /// Looked up by every field.
        table: TableId,
    },
    /// [`super::ops::fm`]: of `[fields, dim]`.
    Fm {
        /// F
        fields: usize,
        /// d
        dim: usize,
    },
    /// [`super::ops::gate`]: of `[fields, width]`; the gate is `[fields]`.
    Gate {
        /// One number a field.
        gate: &'a Param,
    },
    /// [`super::ops::input`]: no model has one.
    Input,
    /// [`super::ops::interacting`]: of `[fields, dim]`; query, key, value and residual. Its first result are the attention weights
    /// `[heads, fields, fields]`, its second one `[fields, width]`.
    Interacting(InteractingKind<'a>),
    /// [`super::ops::layer_norm`]: of `[tokens, n]`.
    LayerNorm(LayerNormKind<'a>),
    /// [`super::ops::linear`]: of `[tokens, k]`.
    Linear {
        /// The same for every token.
        map: Affine<'a>,
        /// 1 where the operand is seen as `[k]`.
        tokens: usize,
    },
    /// [`super::ops::multiply_add`]
    MultiplyAdd,
    /// An op of somebody else's, of which nothing more is told: it trains and scores, and is exported nowhere.
    Other,
    /// [`super::ops::relu`]
    Relu,
    /// [`super::ops::scale`]
    Scale {
        /// A constant.
        factor: f32,
    },
    /// [`super::ops::softmax`]: over the last axis of `[.., n]`.
    Softmax {
        /// Numbers that add up to 1.
        n: usize,
    },
    /// [`super::ops::sum`]
    Sum,
}

/// `x weight + bias`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine<'a> {
    /// `[k, outputs]`
    pub weight: &'a Param,
    /// `[outputs]`
    pub bias: Option<&'a Param>,
}

/// Of a [`OpKind::BatchNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNormKind<'a> {
    /// Multiplied by what is normalised.
    pub gain: &'a Param,
    /// Added afterwards.
    pub bias: &'a Param,
    /// A buffer: the moving mean.
    pub mean: &'a Param,
    /// A buffer: the moving (biased) variance.
    pub variance: &'a Param,
    /// Added to the variance.
    pub epsilon: f32,
}

/// Of a [`OpKind::Cin`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CinKind<'a> {
    /// `[maps * fields, outputs]`
    pub weight: &'a Param,
    /// F, of x0.
    pub fields: usize,
    /// d
    pub dim: usize,
    /// Of x: the filters of the layer before, or F.
    pub maps: usize,
    /// Whether x is x0, which then is the only operand.
    pub first: bool,
}

/// Of an [`OpKind::Einsum`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EinsumKind<'a> {
    /// As it was given to [`super::Tape::einsum`].
    pub spec: &'a str,
    /// Of the two operands.
    pub shapes: [&'a [usize]; 2],
}

/// Of an [`OpKind::Interacting`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InteractingKind<'a> {
    /// Query, key, value, residual.
    pub projections: [Affine<'a>; 4],
    /// H
    pub heads: usize,
    /// What scores are multiplied by before the softmax.
    pub scale: f32,
    /// Whether the projections pass through a ReLU.
    pub projection_relu: bool,
    /// F
    pub fields: usize,
    /// d
    pub dim: usize,
}

/// Of a [`OpKind::LayerNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNormKind<'a> {
    /// `[n]`
    pub gain: &'a Param,
    /// `[n]`
    pub bias: &'a Param,
    /// Added to the variance.
    pub epsilon: f32,
    /// Of which each is normalised by itself.
    pub tokens: usize,
}
