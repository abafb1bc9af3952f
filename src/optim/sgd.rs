//! Stochastic gradient descent, plain and with (Nesterov's) momentum, as `torch.optim.SGD` has it (dampening 0; Sutskever et
//! al., "On the importance of initialization and momentum in deep learning", ICML 2013, in PyTorch's form).
//!
//! Keras keeps the learning rate inside the velocity, so there a new rate acts on new gradients only; at a constant rate both
//! are the same.

use super::config::OptimizerConfig;
use super::method::{At, Method};
pub use crate::kernels::sgd::{Momentum, Sgd};

impl Method<0> for Sgd {
    const STATE: [&'static str; 0] = [];

    fn new(_: &OptimizerConfig, at: At) -> Sgd {
        Sgd {
            rate: at.learning_rate as f32,
            l2: at.l2 as f32,
        }
    }

    fn definition(_: &OptimizerConfig, at: At, w: f64, g: f64, state: [f64; 0]) -> (f64, [f64; 0]) {
        (w - at.learning_rate * (g + at.l2 * w), state)
    }
}

impl Method<1> for Momentum {
    const STATE: [&'static str; 1] = ["momentum"];

    fn new(config: &OptimizerConfig, at: At) -> Momentum {
        Momentum {
            rate: at.learning_rate as f32,
            momentum: config.momentum as f32,
            nesterov: config.nesterov,
            l2: at.l2 as f32,
        }
    }

    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        [b]: [f64; 1],
    ) -> (f64, [f64; 1]) {
        let g = g + at.l2 * w;
        let b = config.momentum * b + g;
        let ahead = if config.nesterov {
            g + config.momentum * b
        } else {
            b
        };
        (w - at.learning_rate * ahead, [b])
    }
}
