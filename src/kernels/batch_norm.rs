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
