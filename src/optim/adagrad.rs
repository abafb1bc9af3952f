//! Adagrad (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011),
//! as `torch.optim.Adagrad` has it, without its decay of the learning rate. PyTorch's epsilon is 1e-10.
//!
//! Keras puts epsilon (1e-7) inside the root and starts the sum at 0.1 instead of 0.

use super::config::OptimizerConfig;
use super::method::{At, Method};
pub use crate::kernels::adagrad::Adagrad;

impl Method<1> for Adagrad {
    const STATE: [&'static str; 1] = ["v"];

    fn new(config: &OptimizerConfig, at: At) -> Adagrad {
        Adagrad {
            rate: at.learning_rate as f32,
            epsilon: config.epsilon as f32,
            l2: at.l2 as f32,
        }
    }

    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        [v]: [f64; 1],
    ) -> (f64, [f64; 1]) {
        let g = g + at.l2 * w;
        let v = v + g * g;
        (w - at.learning_rate * g / (v.sqrt() + config.epsilon), [v])
    }
}
