//! From gradients to new weights.

pub mod adam;

pub use adam::{Adam, AdamConfig};
