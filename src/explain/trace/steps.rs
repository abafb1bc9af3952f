//! What a trace tells.

use serde::Serialize;

use super::tensor::Tensor;

/// What is asked of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ask {
    /// The row's label, 0 or 1: with it the trace ends in the loss, without it in the logit.
    pub label: Option<f32>,
    /// The gradients of the end too, and of each tensor at most so many of them (the largest, and others evenly spaced) beside
    /// differences.
    pub gradients: Option<usize>,
}

/// A row's way through a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The names of the fields, `[F]`.
    pub fields: Vec<String>,
    /// Those of a raw row whose value the model does not know.
    pub unknown: Vec<String>,
    /// For each field the table rows that are looked up, and what each is multiplied by.
    pub looked_up: Vec<Vec<(u32, f32)>>,
    /// What the steps end in, and gradients are of: `logit` or `loss`.
    pub end: &'static str,
    /// Of the tape.
    pub logit: f32,
    /// What scoring gives: the logit, moved where negative rows were sampled, and calibrated where the run is.
    pub scored: f32,
    /// Of `scored`.
    pub probability: f32,
    /// In the order of the tape.
    pub steps: Vec<Step>,
    /// With gradients: the parameters, of tables the rows that were looked up.
    pub parameters: Vec<Tensor>,
    /// With gradients: how far the nearest argument of a ReLU is from 0, where there is a ReLU. Differences across it compare nothing.
    pub kink: Option<f64>,
}

/// An op and what it made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// `scope/op`.
    pub op: String,
    /// What it computes, in one line.
    pub formula: String,
    /// The steps whose results it takes, by their place in the list.
    pub operands: Vec<usize>,
    /// One, or the attention weights and what came of them.
    pub results: Vec<Tensor>,
}

/// Below this a ReLU's argument is so near to 0 that f32 and f64, or the two sides of a difference (a step of 1e-6 each, times a weight or
/// two), may be on different sides.
pub const NEAR: f64 = 5e-6;
