//! The Nadam update: Adam with Nesterov's momentum (Dozat 2016).

use super::update::Rule;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_steps, wide};

    #[test]
    fn steps_are_the_formula_in_f64() {
        let rule = Nadam {
            beta1: 0.9,
            rest1: 0.1,
            beta2: 0.75,
            rest2: 0.25,
            epsilon: 1e-3,
            gradient_rate: 0.1,
            moment_rate: 0.2,
            correction: 1.5,
            l2: 0.25,
        };
        assert_steps(rule, |w, g, [m, v]| {
            let g = g + wide(rule.l2) * w;
            let m = wide(rule.beta1) * m + wide(rule.rest1) * g;
            let v = wide(rule.beta2) * v + wide(rule.rest2) * g * g;
            let ahead = wide(rule.gradient_rate) * g + wide(rule.moment_rate) * m;
            let deviation = v.sqrt() * wide(rule.correction) + wide(rule.epsilon);
            (w - ahead / deviation, [m, v])
        });
    }
}
