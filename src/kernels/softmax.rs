//! Softmax over the last axis, vertically: each lane is another row, so no horizontal step is needed.

use super::math::exp;
use crate::simd::{Kernel, Simd};

/// `out[g][j] = exp(x[g][j] - max_j) / sum_j exp(x[g][j] - max_j)`.
#[derive(Debug)]
pub struct Softmax<'a> {
    /// `[groups, n, rows]`
    pub x: &'a [f32],
    /// `[groups, n, rows]`
    pub out: &'a mut [f32],
    pub n: usize,
    pub rows: usize,
}

impl Kernel for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let group = self.n * self.rows;
        let pairs = self
            .x
            .chunks_exact(group)
            .zip(self.out.chunks_exact_mut(group));
        for (x, out) in pairs {
            for row in (0..self.rows).step_by(S::LANES) {
                let mut top = s.load(x, row);
                for j in 1..self.n {
                    top = s.max(top, s.load(x, j * self.rows + row));
                }
                let mut sum = s.splat(0.0);
                for j in 0..self.n {
                    let e = exp(s, s.sub(s.load(x, j * self.rows + row), top));
                    sum = s.add(sum, e);
                    s.store(e, out, j * self.rows + row);
                }
                let inverse = s.div(s.splat(1.0), sum);
                for j in 0..self.n {
                    let e = s.load(out, j * self.rows + row);
                    s.store(s.mul(e, inverse), out, j * self.rows + row);
                }
            }
        }
    }
}

/// `d_x[g][j] += p[g][j] * (d_out[g][j] - sum_m p[g][m] * d_out[g][m])`, p being the softmax's result.
#[derive(Debug)]
pub struct SoftmaxGrad<'a> {
    /// `[groups, n, rows]`
    pub p: &'a [f32],
    /// `[groups, n, rows]`
    pub d_out: &'a [f32],
    /// `[groups, n, rows]`
    pub d_x: &'a mut [f32],
    pub n: usize,
    pub rows: usize,
}

impl Kernel for SoftmaxGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let group = self.n * self.rows;
        for start in (0..self.p.len()).step_by(group) {
            for row in (start..start + self.rows).step_by(S::LANES) {
                let mut dot = s.splat(0.0);
                for j in 0..self.n {
                    let at = row + j * self.rows;
                    dot = s.mul_add(s.load(self.p, at), s.load(self.d_out, at), dot);
                }
                for j in 0..self.n {
                    let at = row + j * self.rows;
                    let inner = s.sub(s.load(self.d_out, at), dot);
                    let sum = s.mul_add(s.load(self.p, at), inner, s.load(self.d_x, at));
                    s.store(sum, self.d_x, at);
                }
            }
        }
    }
}
