//! The RMSprop update (Tieleman & Hinton 2012) with momentum.

use super::update::Rule;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_steps, wide};

    #[test]
    fn steps_are_the_formula_in_f64() {
        let rule = RmsProp {
            rate: 0.1,
            alpha: 0.75,
            rest: 0.25,
            epsilon: 1e-3,
            momentum: 0.5,
            l2: 0.25,
        };
        assert_steps(rule, |w, g, [v, b]| {
            let g = g + wide(rule.l2) * w;
            let v = wide(rule.alpha) * v + wide(rule.rest) * g * g;
            let b = wide(rule.momentum) * b + g / (v.sqrt() + wide(rule.epsilon));
            (w - wide(rule.rate) * b, [v, b])
        });
    }
}
