//! What a training runs on. None of it shows in the model, but for the instruction set.

use std::sync::Arc;

use crate::ranks::{Alone, Ranks};
use crate::simd::Isa;

/// See the module.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Whose rounding the bits of the weights are.
    pub isa: Isa,
    /// Of this process; the bits are the same with any number.
    pub threads: usize,
    /// Who trains together with this process.
    pub ranks: Arc<dyn Ranks>,
}

impl Machine {
    /// This process alone.
    pub fn new(isa: Isa, threads: usize) -> Machine {
        Machine {
            isa,
            threads,
            ranks: Arc::new(Alone),
        }
    }
}
