//! Layer normalisation (Ba et al. 2016) of each token over its units, for every row. Tokens are those of all blocks.

use super::BLOCK;
use crate::simd::{Kernel, Simd};

/// `out = gain * (x - mean) / sqrt(variance + epsilon) + bias`, mean and (biased) variance over the n units of a token.
#[derive(Debug)]
pub struct LayerNorm<'a> {
    /// `[tokens, n, BLOCK]`
    pub x: &'a [f32],
    /// `[n]`
    pub gain: &'a [f32],
    /// `[n]`
    pub bias: &'a [f32],
    /// Added to the variance, so that nothing is divided by zero.
    pub epsilon: f32,
    /// `[tokens, n, BLOCK]`
    pub out: &'a mut [f32],
    /// `[tokens, BLOCK]`: 1 / sqrt(variance + epsilon), kept for backward.
    pub inverse_deviation: &'a mut [f32],
    /// `[tokens, n, BLOCK]`: (x - mean) / sqrt(variance + epsilon), kept for backward.
    pub normalised: &'a mut [f32],
}

impl Kernel for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.gain.len();
        let share = s.splat(1.0 / n as f32);
        for token in 0..self.x.len() / (n * BLOCK) {
            for row in (0..BLOCK).step_by(S::LANES) {
                let at = |unit: usize| (token * n + unit) * BLOCK + row;
                let mut sum = s.splat(0.0);
                for unit in 0..n {
                    sum = s.add(sum, s.load(self.x, at(unit)));
                }
                let mean = s.mul(sum, share);
                let mut squares = s.splat(0.0);
                for unit in 0..n {
                    let centred = s.sub(s.load(self.x, at(unit)), mean);
                    squares = s.mul_add(centred, centred, squares);
                }
                let variance = s.mul_add(squares, share, s.splat(self.epsilon));
                let inverse = s.div(s.splat(1.0), s.sqrt(variance));
                s.store(inverse, self.inverse_deviation, token * BLOCK + row);
                for unit in 0..n {
                    let hat = s.mul(s.sub(s.load(self.x, at(unit)), mean), inverse);
                    s.store(hat, self.normalised, at(unit));
                    let (gain, bias) = (s.splat(self.gain[unit]), s.splat(self.bias[unit]));
                    s.store(s.mul_add(gain, hat, bias), self.out, at(unit));
                }
            }
        }
    }
}

/// With g = gain * d_out: `d_x += inverse_deviation * (g - mean(g) - normalised * mean(g * normalised))`.
#[derive(Debug)]
pub struct LayerNormGrad<'a> {
    /// `[n]`
    pub gain: &'a [f32],
    /// `[tokens, BLOCK]`: what [`LayerNorm`] kept.
    pub inverse_deviation: &'a [f32],
    /// `[tokens, n, BLOCK]`: what [`LayerNorm`] kept.
    pub normalised: &'a [f32],
    /// `[tokens, n, BLOCK]`
    pub d_out: &'a [f32],
    /// `[tokens, n, BLOCK]`, added to.
    pub d_x: &'a mut [f32],
}

impl Kernel for LayerNormGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.gain.len();
        let share = s.splat(1.0 / n as f32);
        for token in 0..self.d_x.len() / (n * BLOCK) {
            for row in (0..BLOCK).step_by(S::LANES) {
                let at = |unit: usize| (token * n + unit) * BLOCK + row;
                let (mut sum, mut dot) = (s.splat(0.0), s.splat(0.0));
                for unit in 0..n {
                    let g = s.mul(s.splat(self.gain[unit]), s.load(self.d_out, at(unit)));
                    sum = s.add(sum, g);
                    dot = s.mul_add(g, s.load(self.normalised, at(unit)), dot);
                }
                let (mean, slope) = (s.mul(sum, share), s.mul(dot, share));
                let inverse = s.load(self.inverse_deviation, token * BLOCK + row);
                for unit in 0..n {
                    let g = s.mul(s.splat(self.gain[unit]), s.load(self.d_out, at(unit)));
                    let along = s.mul(s.load(self.normalised, at(unit)), slope);
                    let inner = s.sub(s.sub(g, mean), along);
                    let sum = s.mul_add(inverse, inner, s.load(self.d_x, at(unit)));
                    s.store(sum, self.d_x, at(unit));
                }
            }
        }
    }
}

/// `d_gain[u] += sum over tokens and rows of normalised[t][u] * d_out[t][u]`.
#[derive(Debug)]
pub struct GainGrad<'a> {
    /// `[tokens, n, BLOCK]`
    pub normalised: &'a [f32],
    /// `[tokens, n, BLOCK]`
    pub d_out: &'a [f32],
    /// `[n]`
    pub d_gain: &'a mut [f32],
}

impl Kernel for GainGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.d_gain.len();
        for unit in 0..self.d_out.len() / BLOCK {
            let mut sum = s.splat(0.0);
            for at in (unit * BLOCK..(unit + 1) * BLOCK).step_by(S::LANES) {
                sum = s.mul_add(s.load(self.normalised, at), s.load(self.d_out, at), sum);
            }
            self.d_gain[unit % n] += s.reduce_sum(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_numbers, numbers, wide};
    use crate::simd::Isa;

    /// The mean over the units of a token, in f64.
    fn mean(n: usize, of: impl Fn(usize) -> f64) -> f64 {
        (0..n).map(of).sum::<f64>() / n as f64
    }

    #[test]
    fn value_and_gradients_are_the_formulas_in_f64() {
        for isa in Isa::available() {
            for (tokens, n) in [(1, 2), (3, 5), (2, 16)] {
                let all = tokens * n * BLOCK;
                let (x, d_out) = (numbers(all, 1), numbers(all, 2));
                let (gain, bias) = (numbers(n, 3), numbers(n, 4));
                let (mut out, mut hats) = (vec![f32::NAN; all], vec![f32::NAN; all]);
                let mut inverses = vec![f32::NAN; tokens * BLOCK];
                isa.run(LayerNorm {
                    x: &x,
                    gain: &gain,
                    bias: &bias,
                    epsilon: 0.25,
                    out: &mut out,
                    inverse_deviation: &mut inverses,
                    normalised: &mut hats,
                });
                // Number i is of unit `unit(i)`; `same(i, u)` is unit u of its token and row.
                let unit = |i: usize| i / BLOCK % n;
                let same = |i: usize, u: usize| i + u * BLOCK - unit(i) * BLOCK;
                let inverse = |i: usize| {
                    let centre = mean(n, |u| wide(x[same(i, u)]));
                    let variance = mean(n, |u| (wide(x[same(i, u)]) - centre).powi(2));
                    (centre, 1.0 / (variance + 0.25).sqrt())
                };
                let hat = |i: usize| (wide(x[i]) - inverse(i).0) * inverse(i).1;
                assert_numbers(isa, &hats, hat);
                assert_numbers(isa, &out, |i| {
                    wide(gain[unit(i)]) * hat(i) + wide(bias[unit(i)])
                });
                let (mut d_x, mut d_gain) = (vec![0.5; all], vec![0.5; n]);
                isa.run(LayerNormGrad {
                    gain: &gain,
                    inverse_deviation: &inverses,
                    normalised: &hats,
                    d_out: &d_out,
                    d_x: &mut d_x,
                });
                let g = |i: usize| wide(gain[unit(i)]) * wide(d_out[i]);
                assert_numbers(isa, &d_x, |i| {
                    let slope = mean(n, |u| g(same(i, u)) * hat(same(i, u)));
                    let inner = g(i) - mean(n, |u| g(same(i, u))) - hat(i) * slope;
                    0.5 + inverse(i).1 * inner
                });
                isa.run(GainGrad {
                    normalised: &hats,
                    d_out: &d_out,
                    d_gain: &mut d_gain,
                });
                assert_numbers(isa, &d_gain, |u| {
                    let of_unit = (0..all).filter(|&i| unit(i) == u);
                    0.5 + of_unit.map(|i| hat(i) * wide(d_out[i])).sum::<f64>()
                });
            }
        }
    }
}
