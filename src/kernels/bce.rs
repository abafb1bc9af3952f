//! Binary cross-entropy from logits.

use super::math::{sigmoids, softplus_tail};
use crate::simd::{Kernel, Simd};

/// `out = weight * (softplus(z) - y * z)`, which is -[y ln p + (1 - y) ln(1 - p)] for p = sigmoid(z), without ever forming p.
///
/// Computed as (max(z, 0) - y z) + ln(1 + e^-|z|): where the label is right and the logit large, the bracket is exactly 0 and
/// the small loss keeps its digits.
#[derive(Debug)]
pub struct Bce<'a> {
    /// Logits: one unit of some blocks, `[blocks, BLOCK]`, as are the other slices.
    pub z: &'a [f32],
    /// Labels, 0 to 1.
    pub y: &'a [f32],
    /// What each row's loss is multiplied by; 0 for padding.
    pub weight: &'a [f32],
    /// Each row's part of the loss.
    pub out: &'a mut [f32],
}

impl Kernel for Bce<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            let (z, y) = (s.load(self.z, at), s.load(self.y, at));
            let linear = s.sub(s.max(s.splat(0.0), z), s.mul(y, z));
            let loss = s.add(linear, softplus_tail(s, z));
            s.store(s.mul(s.load(self.weight, at), loss), self.out, at);
        }
    }
}

/// `d_z += d_out * weight * (sigmoid(z) - y)`.
///
/// The difference is taken as (1 - y) sigmoid(z) - y sigmoid(-z), which cancels nothing for labels of 0 and 1.
#[derive(Debug)]
pub struct BceGrad<'a> {
    /// As [`Bce`] has them, as are y and weight.
    pub z: &'a [f32],
    /// Labels.
    pub y: &'a [f32],
    /// What each row's loss is multiplied by.
    pub weight: &'a [f32],
    /// The gradient of each row's loss.
    pub d_out: &'a [f32],
    /// Added to.
    pub d_z: &'a mut [f32],
}

impl Kernel for BceGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.d_z.len()).step_by(S::LANES) {
            let z = s.load(self.z, at);
            let y = s.load(self.y, at);
            let (p, not_p) = sigmoids(s, z);
            let wrong = s.mul(s.sub(s.splat(1.0), y), p);
            let error = s.sub(wrong, s.mul(y, not_p));
            let scale = s.mul(s.load(self.d_out, at), s.load(self.weight, at));
            s.store(s.mul_add(scale, error, s.load(self.d_z, at)), self.d_z, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    const LOGITS: [f32; 9] = [0.0, 1e-3, -1e-3, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4];

    /// Beyond 87.3 the exponential of -|z| stays at e^-87.3 = 1.2e-38, and losses here weigh 2.
    const SMALLEST: f64 = 3e-38;

    fn close(got: f32, truth: f64) -> bool {
        (f64::from(got) - truth).abs() <= 5e-7 * truth.abs() + SMALLEST
    }

    #[test]
    fn loss_and_gradient_are_exact_at_any_logit() {
        for isa in Isa::available() {
            for label in [0.0, 1.0, 0.3_f32] {
                let mut z = LOGITS.to_vec();
                z.resize(16, 0.0);
                let (y, weight, d_out) = ([label; 16], [2.0; 16], [0.5; 16]);
                let (mut out, mut d_z) = ([f32::NAN; 16], [0.0; 16]);
                isa.run(Bce {
                    z: &z,
                    y: &y,
                    weight: &weight,
                    out: &mut out,
                });
                isa.run(BceGrad {
                    z: &z,
                    y: &y,
                    weight: &weight,
                    d_out: &d_out,
                    d_z: &mut d_z,
                });
                for (i, &logit) in LOGITS.iter().enumerate() {
                    let (z, y) = (f64::from(logit), f64::from(label));
                    let tail = (-z.abs()).exp().ln_1p();
                    let loss = (z.max(0.0) - y * z) + tail;
                    let (p, not_p) = (1.0 / (1.0 + (-z).exp()), 1.0 / (1.0 + z.exp()));
                    let gradient = (1.0 - y) * p - y * not_p;
                    let place = format!("{} z {z} y {y}", isa.name());
                    assert!(
                        close(out[i], 2.0 * loss),
                        "{place}: {} {}",
                        out[i],
                        2.0 * loss
                    );
                    assert!(close(d_z[i], gradient), "{place}: {} {gradient}", d_z[i]);
                }
            }
        }
    }
}
