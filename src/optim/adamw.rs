//! AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019), as `torch.optim.AdamW` has it: weights
//! shrink by `learning rate * weight decay` of themselves, outside of the moments, then Adam steps.
//!
//! In f32 a decay below 3e-8 a step is lost to rounding, here as in PyTorch and Keras: a learning rate of 1e-3 with a decay of
//! 1e-5 does not decay at all.

use super::adam::Adam;
use super::config::OptimizerConfig;
use super::method::{At, Method};
use crate::kernels::update::Rule;
use crate::simd::Simd;

/// Adam's kernel with a decay that may be below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW(Adam);

impl Rule<2> for AdamW {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, w: S::F, g: S::F, state: [S::F; 2]) -> (S::F, [S::F; 2]) {
        self.0.apply(s, w, g, state)
    }

    fn is_pure(&self) -> bool {
        self.0.is_pure()
    }
}

impl Method<2> for AdamW {
    const STATE: [&'static str; 2] = Adam::STATE;

    fn new(config: &OptimizerConfig, at: At) -> AdamW {
        AdamW(Adam {
            decay: (1.0 - at.learning_rate * config.weight_decay) as f32,
            ..Adam::new(config, at)
        })
    }

    fn definition(
        config: &OptimizerConfig,
        at: At,
        w: f64,
        g: f64,
        state: [f64; 2],
    ) -> (f64, [f64; 2]) {
        // The penalty, if any, is that of the weight before it decayed.
        let (moved, state) = Adam::definition(config, at, w, g, state);
        (moved - at.learning_rate * config.weight_decay * w, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::held;

    #[test]
    fn the_kernel_does_what_the_definition_says() {
        held::<AdamW, 2>();
    }

    /// Decay is outside of the moments: without a gradient AdamW only shrinks weights.
    #[test]
    fn adamw_without_gradient_only_decays() {
        let config = OptimizerConfig {
            weight_decay: 0.5,
            ..OptimizerConfig::default()
        };
        let first = At {
            t: 1,
            learning_rate: 0.1,
            l2: 0.0,
        };
        let (w, state) = AdamW::definition(&config, first, 2.0, 0.0, [0.0; 2]);
        assert_eq!((w, state), (1.9, [0.0; 2]));
    }
}
