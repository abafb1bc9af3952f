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
