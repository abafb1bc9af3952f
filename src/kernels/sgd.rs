//! Gradient descent, plain and with momentum.

use super::update::Rule;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_steps, wide};

    #[test]
    fn steps_are_the_formula_in_f64() {
        let plain = Sgd {
            rate: 0.1,
            l2: 0.25,
        };
        assert_steps(plain, |w, g, []| {
            (w - wide(plain.rate) * (g + wide(plain.l2) * w), [])
        });
        for nesterov in [false, true] {
            let rule = Momentum {
                rate: 0.1,
                momentum: 0.75,
                nesterov,
                l2: 0.25,
            };
            assert_steps(rule, |w, g, [b]| {
                let g = g + wide(rule.l2) * w;
                let b = wide(rule.momentum) * b + g;
                let ahead = g + wide(rule.momentum) * b;
                (w - wide(rule.rate) * if nesterov { ahead } else { b }, [b])
            });
        }
    }
}
