//! Stochastic gradient descent, plain and with (Nesterov's) momentum, as `torch.optim.SGD` has it (dampening 0; Sutskever et
//! al., "On the importance of initialization and momentum in deep learning", ICML 2013, in PyTorch's form).
//!
//! Keras keeps the learning rate inside the velocity, so there a new rate acts on new gradients only; at a constant rate both
//! are the same.

use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// The constants of one step; there is no state. `w -= rate (g + l2 w)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f32,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
}

impl Rule<0> for Sgd {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, _: [S::F; 0]) -> (S::F, [S::F; 0]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        (s.sub(w, s.mul(s.splat(self.rate), g)), [])
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0
    }
}

/// The constants of one step with momentum; the state is the velocity b.
///
/// `g += l2 w; b = momentum b + g; w -= rate b`, and with Nesterov `w -= rate (g + momentum b)`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    /// The learning rate.
    pub rate: f32,
    /// How much of the velocity is kept.
    pub momentum: f32,
    /// Whether the step is taken from where the velocity is about to lead.
    pub nesterov: bool,
    /// L2 penalty: its gradient is `l2 w`.
    pub l2: f32,
}

impl Rule<1> for Momentum {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, [b]: [S::F; 1]) -> (S::F, [S::F; 1]) {
        let g = s.mul_add(s.splat(self.l2), w, g);
        let b = s.mul_add(s.splat(self.momentum), b, g);
        let ahead = if self.nesterov {
            s.mul_add(s.splat(self.momentum), b, g)
        } else {
            b
        };
        (s.sub(w, s.mul(s.splat(self.rate), ahead)), [b])
    }

    fn is_pure(&self) -> bool {
        self.l2 == 0.0
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<Sgd, 0>();
        held::<Momentum, 1>();
    }
}
