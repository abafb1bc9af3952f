//! Proofs about all optimisers at once.

mod blocks;
mod definitions;
mod model;
mod modes;

pub use definitions::held;
