//! Nadam (Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016), as `torch.optim.NAdam` has it.
//!
//! Its momentum warms up: `mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)`. Keras' Nadam is the same with `momentum_decay = 1`
//! (PyTorch: 0.004).

use super::config::OptimizerConfig;
use super::method::{At, Method};
pub use crate::kernels::nadam::Nadam;

fn mu(config: &OptimizerConfig, t: u64) -> f64 {
    config.beta1 * (1.0 - 0.5 * 0.96f64.powf(t as f64 * config.momentum_decay))
}

/// `1 - mu_1 ... mu_t`. Once the product is below half an ulp of 1 the difference is 1 whatever follows, so a step's number
/// alone gives it at little cost.
fn rest_of_product(config: &OptimizerConfig, t: u64) -> f64 {
    let mut product = 1.0;
    for i in 1..=t {
        product *= mu(config, i);
        if product < f64::EPSILON / 4.0 {
            break;
        }
    }
    1.0 - product
}

impl Method<2> for Nadam {
    const STATE: [&'static str; 2] = ["m", "v"];

    fn new(config: &OptimizerConfig, at: At) -> Nadam {
        let t = at.t;
        let rest2 = 1.0 - config.beta2.powf(t as f64);
        let gradient = (1.0 - mu(config, t)) / rest_of_product(config, t);
        let moment = mu(config, t + 1) / rest_of_product(config, t + 1);
        Nadam {
            beta1: config.beta1 as f32,
            rest1: (1.0 - config.beta1) as f32,
            beta2: config.beta2 as f32,
            rest2: (1.0 - config.beta2) as f32,
            epsilon: config.epsilon as f32,
            gradient_rate: (at.learning_rate * gradient) as f32,
            moment_rate: (at.learning_rate * moment) as f32,
            correction: (1.0 / rest2.sqrt()) as f32,
            l2: at.l2 as f32,
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
        let product: f64 = (1..=at.t).map(|i| mu(config, i)).product();
        let next = mu(config, at.t + 1);
        let g = g + at.l2 * w;
        let m = beta1 * m + (1.0 - beta1) * g;
        let v = beta2 * v + (1.0 - beta2) * g * g;
        let v_hat = v / (1.0 - beta2.powf(at.t as f64));
        let g_hat = (1.0 - mu(config, at.t)) * g / (1.0 - product);
        let m_hat = next * m / (1.0 - product * next);
        let w = w - at.learning_rate * (g_hat + m_hat) / (v_hat.sqrt() + config.epsilon);
        (w, [m, v])
    }
}
