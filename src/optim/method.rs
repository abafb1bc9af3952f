//! What every optimiser defines: the constants of a step, and the textbook in f64.

use super::config::OptimizerConfig;
use crate::kernels::update::Rule;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// The step's number, counted from 1.
    pub t: u64,
    /// This step's, as the schedule has it: of dense parameters or of tables, whichever are moved.
    pub learning_rate: f64,
    /// L2 penalty: its gradient is `l2 * w`.
    pub l2: f64,
}

/// An optimiser with `N` numbers of state per weight: [`Rule`] is its arithmetic in f32, this the way to its constants.
pub trait Method<const N: usize>: Rule<N> {
    /// What the numbers of state are called, in files too.
    const STATE: [&'static str; N];

    /// The constants of a step, computed in f64.
    fn new(config: &OptimizerConfig, at: At) -> Self;

    /// One step on one weight, as the textbook has it: the teaching text, and the oracle of the tests. State starts at 0.
    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        state: [f64; N],
    ) -> (f64, [f64; N]);
}
