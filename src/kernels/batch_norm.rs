//! One unit's part of batch normalisation, once the batch's statistics are known.

use crate::simd::{Kernel, Simd};

/// `normalised = (x - mean) * inverse; out = gain * normalised + bias`
#[derive(Debug)]
pub struct Normalise<'a> {
    /// Some numbers of the unit, as are the other slices; their length is a multiple of the lanes.
    pub x: &'a [f32],
    /// The unit's mean over the batch.
    pub mean: f32,
    /// 1 / deviation
    pub inverse: f32,
    /// The unit's own, as is the bias.
    pub gain: f32,
    /// Added at the end.
    pub bias: f32,
    /// x before gain and bias: what backward needs.
    pub normalised: &'a mut [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (mean, inverse) = (s.splat(self.mean), s.splat(self.inverse));
        let (gain, bias) = (s.splat(self.gain), s.splat(self.bias));
        for at in (0..self.x.len()).step_by(S::LANES) {
            let hat = s.mul(s.sub(s.load(self.x, at), mean), inverse);
            s.store(hat, self.normalised, at);
            s.store(s.mul_add(gain, hat, bias), self.out, at);
        }
    }
}

/// `d_x += factor * (d_out - mean - normalised * slope)`
#[derive(Debug)]
pub struct NormaliseGrad<'a> {
    /// What [`Normalise`] kept; the other slices are as long.
    pub normalised: &'a [f32],
    /// The result's gradient.
    pub d_out: &'a [f32],
    /// The batch's mean of d_out.
    pub mean: f32,
    /// The batch's mean of d_out * normalised.
    pub slope: f32,
    /// gain / deviation
    pub factor: f32,
    /// Added to.
    pub d_x: &'a mut [f32],
}

impl Kernel for NormaliseGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (mean, slope, factor) = (
            s.splat(self.mean),
            s.splat(self.slope),
            s.splat(self.factor),
        );
        for at in (0..self.d_x.len()).step_by(S::LANES) {
            let along = s.mul(s.load(self.normalised, at), slope);
            let inner = s.sub(s.sub(s.load(self.d_out, at), mean), along);
            s.store(s.mul_add(factor, inner, s.load(self.d_x, at)), self.d_x, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_numbers, numbers, wide};
    use crate::simd::Isa;

    #[test]
    fn value_and_gradient_are_the_formulas_in_f64() {
        for isa in Isa::available() {
            for n in [16, 48] {
                let (x, d_out, before) = (numbers(n, 1), numbers(n, 2), numbers(n, 3));
                let (mut normalised, mut out) = (vec![f32::NAN; n], vec![f32::NAN; n]);
                isa.run(Normalise {
                    x: &x,
                    mean: 0.25,
                    inverse: 1.5,
                    gain: -0.5,
                    bias: 2.0,
                    normalised: &mut normalised,
                    out: &mut out,
                });
                let hat = |i: usize| (wide(x[i]) - 0.25) * 1.5;
                assert_numbers(isa, &normalised, hat);
                assert_numbers(isa, &out, |i| 2.0 - 0.5 * hat(i));
                let mut d_x = before.clone();
                isa.run(NormaliseGrad {
                    normalised: &normalised,
                    d_out: &d_out,
                    mean: 0.125,
                    slope: 0.75,
                    factor: -0.5,
                    d_x: &mut d_x,
                });
                let inner = |i: usize| wide(d_out[i]) - 0.125 - 0.75 * hat(i);
                assert_numbers(isa, &d_x, |i| wide(before[i]) - 0.5 * inner(i));
            }
        }
    }
}
