//! Adagrad (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011),
//! as `torch.optim.Adagrad` has it, without its decay of the learning rate. PyTorch's epsilon is 1e-10.
//!
//! Keras puts epsilon (1e-7) inside the root and starts the sum at 0.1 instead of 0.

use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// The constants of one step; the state is the sum v of squared gradients.
///
/// `g += l2 w; v += g^2; w -= rate g / (sqrt(v) + epsilon)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adagrad {
    /// The learning rate.
    pub rate: f32,
    /// Added to the root, so that nothing is divided by zero.
    pub epsilon: f32,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
}

impl Rule<1> for Adagrad {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [v]: [S::F; 1]) -> (S::F, [S::F; 1]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        let v = s.mul_add(g, g, v);
        let deviation = s.add(s.sqrt(v), s.splat(self.epsilon));
        (
            s.sub(w, s.div(s.mul(s.splat(self.rate), g), deviation)),
            [v],
        )
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0
    }

    /// Always: a gradient of zero adds zero to the sum, which is never -0, and moves nothing.
    fn rests(_: [&[f32]; 1]) -> bool {
        true
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<Adagrad, 1>();
    }
}
