//! The pairwise interactions of a factorisation machine, of one block: `out = 1/2 sum_k ((sum_f x[f][k])^2 - sum_f x[f][k]^2)`.

use super::{BLOCK, Column};
use crate::simd::{Kernel, Simd};

/// The value, and the sums over fields that the gradient needs.
#[derive(Debug)]
pub struct Pairs<'a> {
    /// `[F, d]`
    pub x: &'a [Column],
    /// `[d]`: overwritten with the sums over fields.
    pub sums: &'a mut [Column],
    /// Overwritten.
    pub out: &'a mut Column,
}

impl Kernel for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let d = self.sums.len();
        for lane in (0..BLOCK).step_by(S::LANES) {
            let mut total = s.splat(0.0);
            for (k, sum_of_k) in self.sums.iter_mut().enumerate() {
                let (mut sum, mut squares) = (s.splat(0.0), s.splat(0.0));
                for field in self.x.chunks_exact(d) {
                    let x = s.load(&field[k], lane);
                    sum = s.add(sum, x);
                    squares = s.mul_add(x, x, squares);
                }
                s.store(sum, sum_of_k, lane);
                total = s.add(total, s.sub(s.mul(sum, sum), squares));
            }
            s.store(s.mul(s.splat(0.5), total), self.out, lane);
        }
    }
}

/// `d_x[f][k] += d_out * (sums[k] - x[f][k])`
#[derive(Debug)]
pub struct PairsGrad<'a> {
    /// `[F, d]`
    pub x: &'a [Column],
    /// `[d]`: what [`Pairs`] left.
    pub sums: &'a [Column],
    /// The value's gradient.
    pub d_out: &'a Column,
    /// `[F, d]`, added to.
    pub d_x: &'a mut [Column],
}

impl Kernel for PairsGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let d = self.sums.len();
        for lane in (0..BLOCK).step_by(S::LANES) {
            let d_out = s.load(self.d_out, lane);
            let fields = self.x.chunks_exact(d).zip(self.d_x.chunks_exact_mut(d));
            for (x, d_x) in fields {
                for ((x, d_x), sum) in x.iter().zip(d_x).zip(self.sums) {
                    let others = s.sub(s.load(sum, lane), s.load(x, lane));
                    s.store(s.mul_add(d_out, others, s.load(d_x, lane)), d_x, lane);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_units, units, wide};
    use crate::simd::Isa;

    #[test]
    fn pairs_and_their_gradient_are_double_loops() {
        for isa in Isa::available() {
            for (fields, d) in [(1, 1), (3, 5), (7, 2)] {
                let (x, d_out) = (units(fields * d, 1), units(1, 2));
                let at = |f: usize, k: usize, lane: usize| wide(x[f * d + k][lane]);
                let (mut sums, mut out) = (vec![[f32::NAN; BLOCK]; d], [f32::NAN; BLOCK]);
                isa.run(Pairs {
                    x: &x,
                    sums: &mut sums,
                    out: &mut out,
                });
                let pairs = || (0..fields).flat_map(|f| (f + 1..fields).map(move |g| (f, g)));
                let dot =
                    |f, g, lane| -> f64 { (0..d).map(|k| at(f, k, lane) * at(g, k, lane)).sum() };
                assert_units(isa, &[out], |_, lane| {
                    pairs().map(|(f, g)| dot(f, g, lane)).sum()
                });
                let mut d_x = vec![[0.5; BLOCK]; fields * d];
                isa.run(PairsGrad {
                    x: &x,
                    sums: &sums,
                    d_out: &d_out[0],
                    d_x: &mut d_x,
                });
                assert_units(isa, &d_x, |unit, lane| {
                    let (own, k) = (unit / d, unit % d);
                    let others = (0..fields).filter(|&f| f != own);
                    let sum: f64 = others.map(|f| at(f, k, lane)).sum();
                    0.5 + wide(d_out[0][lane]) * sum
                });
            }
        }
    }
}
