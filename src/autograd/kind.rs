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
    AddBias { bias: &'a Param },
    /// [`super::ops::batch_norm`]: of `[n]`, all parameters `[n]`; at inference by the moving `mean` and `variance`, which are buffers.
    BatchNorm(BatchNorm<'a>),
    /// [`super::ops::bce`]: the loss, which no score needs.
    Bce,
    /// [`super::ops::cin`]: of x0 `[fields, dim]` and, unless the layer is the first, of x `[dim, maps]`.
    Cin(Cin<'a>),
    /// [`super::ops::dropout`]: at inference its operand.
    Dropout,
    /// [`super::ops::einsum`]: `"i h c, j h c -> h i j"`, and the shapes of the two operands.
    Einsum(Einsum<'a>),
    /// [`super::ops::embedding`]
    Embedding { table: TableId },
    /// [`super::ops::fm`]: of `[fields, dim]`.
    Fm { fields: usize, dim: usize },
    /// [`super::ops::gate`]: of `[fields, width]`; the gate is `[fields]`.
    Gate { gate: &'a Param },
    /// [`super::ops::input`]: no model has one.
    Input,
    /// [`super::ops::interacting`]: of `[fields, dim]`; query, key, value and residual. Its first result are the attention weights
    /// `[heads, fields, fields]`, its second one `[fields, width]`.
    Interacting(Interacting<'a>),
    /// [`super::ops::layer_norm`]: of `[tokens, n]`.
    LayerNorm(LayerNorm<'a>),
    /// [`super::ops::linear`]: of `[tokens, k]`.
    Linear { map: Affine<'a>, tokens: usize },
    /// [`super::ops::multiply_add`]
    MultiplyAdd,
    /// An op of somebody else's, of which nothing more is told: it trains and scores, and is exported nowhere.
    Other,
    /// [`super::ops::relu`]
    Relu,
    /// [`super::ops::scale`]
    Scale { factor: f32 },
    /// [`super::ops::softmax`]: over the last axis of `[.., n]`.
    Softmax { n: usize },
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
pub struct BatchNorm<'a> {
    pub gain: &'a Param,
    pub bias: &'a Param,
    pub mean: &'a Param,
    pub variance: &'a Param,
    pub epsilon: f32,
}

/// Of a [`OpKind::Cin`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cin<'a> {
    /// `[maps * fields, outputs]`
    pub weight: &'a Param,
    pub fields: usize,
    pub dim: usize,
    pub maps: usize,
    pub first: bool,
}

/// Of an [`OpKind::Einsum`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Einsum<'a> {
    pub spec: &'a str,
    /// Of the two operands.
    pub shapes: [&'a [usize]; 2],
}

/// Of an [`OpKind::Interacting`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interacting<'a> {
    pub projections: [Affine<'a>; 4],
    pub heads: usize,
    pub scale: f32,
    pub projection_relu: bool,
    pub fields: usize,
    pub dim: usize,
}

/// Of a [`OpKind::LayerNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm<'a> {
    /// `[n]`
    pub gain: &'a Param,
    /// `[n]`
    pub bias: &'a Param,
    pub epsilon: f32,
    pub tokens: usize,
}
