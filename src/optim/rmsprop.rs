//! RMSprop (Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012), not centred, as
//! `torch.optim.RMSprop` has it.
//!
//! Keras differs twice: epsilon stands inside the root, `g / sqrt(v + epsilon)`, and the learning rate inside the velocity,
//! `b = momentum b + rate g / ...; w -= b`, so a new rate acts on new gradients only. Its defaults are rho .9 and epsilon 1e-7.

use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// The constants of one step; the state is v and the velocity b.
///
/// `g += l2 w; v = alpha v + (1 - alpha) g^2; b = momentum b + g / (sqrt(v) + epsilon); w -= rate b`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp {
    /// The learning rate.
    pub rate: f32,
    /// How much of v is kept.
    pub alpha: f32,
    /// 1 - alpha, rounded once.
    pub rest: f32,
    /// Added to the root, so that nothing is divided by zero.
    pub epsilon: f32,
    /// How much of the velocity is kept; 0 for none.
    pub momentum: f32,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
}

impl Rule<2> for RmsProp {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [v, b]: [S::F; 2]) -> (S::F, [S::F; 2]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        let squared = s.mul(g, g);
        let v = s.mul_add(s.splat(self.alpha), v, s.mul(s.splat(self.rest), squared));
        let scaled = s.div(g, s.add(s.sqrt(v), s.splat(self.epsilon)));
        let b = s.mul_add(s.splat(self.momentum), b, scaled);
        (s.sub(w, s.mul(s.splat(self.rate), b)), [v, b])
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<RmsProp, 2>();
    }
}
