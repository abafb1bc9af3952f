//! Proofs about all optimisers at once.

mod definitions;
mod modes;
mod model;
