//! Adam (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1), as `torch.optim.Adam` has it.
//!
//! Keras adds epsilon to the root of the *uncorrected* second moment (the paper's epsilon hat), so its epsilon weighs
//! `1 / sqrt(1 - beta2^t)` times ours: 32 times at the first step, the same in the long run.

use super::config::OptimizerConfig;
use super::method::{At, Method};
pub use crate::kernels::adam::Adam;

impl Method<2> for Adam {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn new(config: &OptimizerConfig, at: At) -> Adam {
        let rest = |beta: f64| 1.0 - beta.powf(at.t as f64);
        Adam {
            beta1: config.beta1 as f32,
            rest1: (1.0 - config.beta1) as f32,
            beta2: config.beta2 as f32,
            rest2: (1.0 - config.beta2) as f32,
            epsilon: config.epsilon as f32,
            rate: (at.learning_rate / rest(config.beta1)) as f32,
            correction: (1.0 / rest(config.beta2).sqrt()) as f32,
            l2: at.l2 as f32,
            decay: 1.0,
        }
    }

    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        [m, v]: [f64; 2],
    ) -> (f64, [f64; 2]) {
        let OptimizerConfig { beta1, beta2, .. } = *config;
        let g = g + at.l2 * w;
        let m = beta1 * m + (1.0 - beta1) * g;
        let v = beta2 * v + (1.0 - beta2) * g * g;
        let m_hat = m / (1.0 - beta1.powf(at.t as f64));
        let v_hat = v / (1.0 - beta2.powf(at.t as f64));
        let w = w - at.learning_rate * m_hat / (v_hat.sqrt() + config.epsilon);
        (w, [m, v])
    }
}
