//! The Adam update (Kingma & Ba 2015, algorithm 1).

use crate::simd::{Kernel, Simd};

/// What one Adam step needs beside the slices.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    /// learning rate / (1 - beta1^t)
    pub rate: f32,
    /// 1 / sqrt(1 - beta2^t)
    pub correction: f32,
    /// L2 penalty added to the gradient: g + l2 * w.
    pub l2: f32,
}

impl AdamStep {
    /// The constants of step `t` (counted from 1), computed in f64.
    pub fn new(learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64, t: u64) -> AdamStep {
        let power = |beta: f64| 1.0 - beta.powf(t as f64);
        AdamStep {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            epsilon: epsilon as f32,
            rate: (learning_rate / power(beta1)) as f32,
            correction: (1.0 / power(beta2).sqrt()) as f32,
            l2: 0.0,
        }
    }
}

/// Updates weights of any number: whole vectors first, the rest through a padded one.
///
/// `m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v) correction + epsilon)`
#[derive(Debug)]
pub struct Adam<'a> {
    pub step: AdamStep,
    pub w: &'a mut [f32],
    /// None means zero: a table row that no sample touched.
    pub g: Option<&'a [f32]>,
    pub m: &'a mut [f32],
    pub v: &'a mut [f32],
}

impl Kernel for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Adam { step, w, g, m, v } = self;
        let whole = w.len() / S::LANES * S::LANES;
        for at in (0..whole).step_by(S::LANES) {
            let grad = g.map_or(s.splat(0.0), |g| s.load(g, at));
            let (w1, m1, v1) = update(s, step, s.load(w, at), grad, s.load(m, at), s.load(v, at));
            s.store(w1, w, at);
            s.store(m1, m, at);
            s.store(v1, v, at);
        }
        if whole < w.len() {
            let load = |x: &[f32]| {
                let mut lanes = [0.0; crate::simd::MAX_LANES];
                lanes[..x.len() - whole].copy_from_slice(&x[whole..]);
                s.load(&lanes, 0)
            };
            let grad = g.map_or(s.splat(0.0), load);
            let (w1, m1, v1) = update(s, step, load(w), grad, load(m), load(v));
            for (to, value) in [(w, w1), (m, m1), (v, v1)] {
                let mut lanes = [0.0; crate::simd::MAX_LANES];
                s.store(value, &mut lanes, 0);
                let rest = to.len() - whole;
                to[whole..].copy_from_slice(&lanes[..rest]);
            }
        }
    }
}

#[inline(always)]
fn update<S: Simd>(s: S, step: AdamStep, w: S::F, g: S::F, m: S::F, v: S::F) -> (S::F, S::F, S::F) {
    let g = s.mul_add(s.splat(step.l2), w, g);
    let m = s.mul_add(s.splat(step.beta1), m, s.mul(s.splat(1.0 - step.beta1), g));
    let squared = s.mul(g, g);
    let v = s.mul_add(
        s.splat(step.beta2),
        v,
        s.mul(s.splat(1.0 - step.beta2), squared),
    );
    let deviation = s.mul_add(s.sqrt(v), s.splat(step.correction), s.splat(step.epsilon));
    let w = s.sub(w, s.div(s.mul(s.splat(step.rate), m), deviation));
    (w, m, v)
}
