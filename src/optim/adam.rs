//! Adam (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1), as `torch.optim.Adam` has it.
//!
//! Keras adds epsilon to the root of the *uncorrected* second moment (the paper's epsilon hat), so its epsilon weighs
//! `1 / sqrt(1 - beta2^t)` times ours: 32 times at the first step, the same in the long run.

use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// The constants of one step; the state is m and v.
///
/// `g += l2 w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// w = decay w - rate m / (sqrt(v) correction + epsilon)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// How much of m is kept.
    pub beta1: f32,
    /// 1 - beta1, rounded once: in f32 the difference would lose digits.
    pub rest1: f32,
    /// How much of v is kept.
    pub beta2: f32,
    /// 1 - beta2, likewise.
    pub rest2: f32,
    /// Added to the corrected root, so that nothing is divided by zero.
    pub epsilon: f32,
    /// learning rate / (1 - beta1^t)
    pub rate: f32,
    /// 1 / sqrt(1 - beta2^t)
    pub correction: f32,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
    /// 1 - learning rate * weight decay; 1 for Adam.
    pub decay: f32,
}

impl Rule<2> for Adam {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [m, v]: [S::F; 2]) -> (S::F, [S::F; 2]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        let m = s.mul_add(s.splat(self.beta1), m, s.mul(s.splat(self.rest1), g));
        let squared = s.mul(g, g);
        let v = s.mul_add(s.splat(self.beta2), v, s.mul(s.splat(self.rest2), squared));
        let deviation = s.mul_add(s.sqrt(v), s.splat(self.correction), s.splat(self.epsilon));
        let w = s.mul(s.splat(self.decay), w);
        let w = s.sub(w, s.div(s.mul(s.splat(self.rate), m), deviation));
        (w, [m, v])
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0 && self.decay == 1.0
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<Adam, 2>();
    }

    /// Adam's first step is the learning rate against the gradient's sign, whatever its size.
    #[test]
    fn adams_first_step_has_the_length_of_the_learning_rate() {
        let config = OptimizerConfig::default();
        let first = At {
            t: 1,
            learning_rate: 0.1,
            l2: 0.0,
        };
        for g in [1e-3, 1.0, -50.0] {
            let (w, _) = Adam::definition(&config, first, 0.0, g, [0.0; 2]);
            assert!((w + 0.1 * g.signum()).abs() < 1e-5, "{w}");
        }
    }
}
