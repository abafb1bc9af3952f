//! Binary cross-entropy from logits.

use super::math::{sigmoid, softplus};
use crate::simd::{Kernel, Simd};

/// `out = weight * (softplus(z) - y * z)`, which is -[y ln p + (1 - y) ln(1 - p)] for p = sigmoid(z), without ever forming p.
#[derive(Debug)]
pub struct Bce<'a> {
    /// `[rows]`: logits.
    pub z: &'a [f32],
    /// `[rows]`: labels.
    pub y: &'a [f32],
    /// `[rows]`: weights.
    pub weight: &'a [f32],
    /// `[rows]`
    pub out: &'a mut [f32],
}

impl Kernel for Bce<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            let (z, y) = (s.load(self.z, at), s.load(self.y, at));
            let loss = s.sub(softplus(s, z), s.mul(y, z));
            s.store(s.mul(s.load(self.weight, at), loss), self.out, at);
        }
    }
}

/// `d_z += d_out * weight * (sigmoid(z) - y)`.
#[derive(Debug)]
pub struct BceGrad<'a> {
    pub z: &'a [f32],
    pub y: &'a [f32],
    pub weight: &'a [f32],
    pub d_out: &'a [f32],
    pub d_z: &'a mut [f32],
}

impl Kernel for BceGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.d_z.len()).step_by(S::LANES) {
            let z = s.load(self.z, at);
            let error = s.sub(sigmoid(s, z), s.load(self.y, at));
            let scale = s.mul(s.load(self.d_out, at), s.load(self.weight, at));
            s.store(s.mul_add(scale, error, s.load(self.d_z, at)), self.d_z, at);
        }
    }
}
