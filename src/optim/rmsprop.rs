//! RMSprop (Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012), not centred, as
//! `torch.optim.RMSprop` has it.
//!
//! Keras differs twice: epsilon stands inside the root, `g / sqrt(v + epsilon)`, and the learning rate inside the velocity,
//! `b = momentum b + rate g / ...; w -= b`, so a new rate acts on new gradients only. Its defaults are rho .9 and epsilon 1e-7.

use super::config::OptimizerConfig;
use super::method::{At, Method};
pub use crate::kernels::rmsprop::RmsProp;

impl Method<2> for RmsProp {
    const STATE: [&'static str; 2] = ["v", "momentum"];

    fn new(config: &OptimizerConfig, at: At) -> RmsProp {
        RmsProp {
            rate: at.learning_rate as f32,
            alpha: config.alpha as f32,
            rest: (1.0 - config.alpha) as f32,
            epsilon: config.epsilon as f32,
            momentum: config.momentum as f32,
            l2: at.l2 as f32,
        }
    }

    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        [v, b]: [f64; 2],
    ) -> (f64, [f64; 2]) {
        let g = g + at.l2 * w;
        let v = config.alpha * v + (1.0 - config.alpha) * g * g;
        let b = config.momentum * b + g / (v.sqrt() + config.epsilon);
        (w - at.learning_rate * b, [v, b])
    }
}
