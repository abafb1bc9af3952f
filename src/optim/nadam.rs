//! Nadam (Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016), as `torch.optim.NAdam` has it.
//!
//! Its momentum warms up: `mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)`. Keras' Nadam is the same with `momentum_decay = 1`
//! (PyTorch: 0.004).

use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// The constants of one step; the state is m and v.
///
/// `g += l2 w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// w -= (gradient_rate g + moment_rate m) / (sqrt(v) correction + epsilon)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nadam {
    /// How much of m is kept.
    pub beta1: f32,
    /// 1 - beta1, rounded once.
    pub rest1: f32,
    /// How much of v is kept.
    pub beta2: f32,
    /// 1 - beta2, likewise.
    pub rest2: f32,
    /// Added to the corrected root, so that nothing is divided by zero.
    pub epsilon: f32,
    /// learning rate * (1 - mu_t) / (1 - mu_1 ... mu_t)
    pub gradient_rate: f32,
    /// learning rate * mu_(t+1) / (1 - mu_1 ... mu_(t+1))
    pub moment_rate: f32,
    /// 1 / sqrt(1 - beta2^t)
    pub correction: f32,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
}

impl Rule<2> for Nadam {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [m, v]: [S::F; 2]) -> (S::F, [S::F; 2]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        let m = s.mul_add(s.splat(self.beta1), m, s.mul(s.splat(self.rest1), g));
        let squared = s.mul(g, g);
        let v = s.mul_add(s.splat(self.beta2), v, s.mul(s.splat(self.rest2), squared));
        let deviation = s.mul_add(s.sqrt(v), s.splat(self.correction), s.splat(self.epsilon));
        let ahead = s.mul(s.splat(self.gradient_rate), g);
        let ahead = s.mul_add(s.splat(self.moment_rate), m, ahead);
        (s.sub(w, s.div(ahead, deviation)), [m, v])
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<Nadam, 2>();
    }
}
