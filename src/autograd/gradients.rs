//! What a step of the engine gives, and a step of an optimiser takes.

use super::touched::Touched;

/// The gradients of one step.
#[derive(Debug, Clone, Copy)]
pub struct Gradients<'a> {
    /// Of the flat vector.
    pub dense: &'a [f32],
    /// Which table rows were touched.
    pub touched: &'a Touched,
    /// Per table: `[touched, dim]`, in the order of the list.
    pub tables: &'a [Vec<f32>],
}
