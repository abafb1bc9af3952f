//! Proofs about all optimisers at once.

mod definitions;
mod model;
mod modes;
