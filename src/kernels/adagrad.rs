//! The Adagrad update (Duchi, Hazan & Singer 2011).

use super::update::Rule;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_steps, wide};

    #[test]
    fn steps_are_the_formula_in_f64() {
        let rule = Adagrad {
            rate: 0.1,
            epsilon: 1e-3,
            l2: 0.25,
        };
        assert_steps(rule, |w, g, [v]| {
            let g = g + wide(rule.l2) * w;
            let v = v + g * g;
            let step = wide(rule.rate) * g / (v.sqrt() + wide(rule.epsilon));
            (w - step, [v])
        });
    }
}
