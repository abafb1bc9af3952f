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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    /// Sixteen rows of `n` numbers between -`size` and `size`, and their softmax.
    fn example(isa: Isa, n: usize, size: f32) -> (Vec<f32>, Vec<f32>) {
        let number = |i: usize| size * ((i * 7919 + n) % 1009) as f32 / 504.5 - size;
        let x: Vec<f32> = (0..n * 16).map(number).collect();
        let mut out = vec![f32::NAN; x.len()];
        isa.run(Softmax {
            x: &x,
            out: &mut out,
            n,
            rows: 16,
        });
        (x, out)
    }

    /// Errors of [`exp`], of the subtraction before it, of the sum and of the division add up. A subtraction of numbers up to
    /// `size` rounds to half a unit of 2 `size`, which the exponential makes a relative error.
    #[test]
    fn it_is_the_definition_for_one_to_forty_numbers() {
        for isa in Isa::available() {
            for n in 1..=40 {
                for size in [1e-3, 1.0, 30.0, 1e4_f32] {
                    let (x, out) = example(isa, n, size);
                    let bound = f64::from(f32::EPSILON) * (8.0 + f64::from(size).min(90.0));
                    for row in 0..16 {
                        let of_row = |j: usize| f64::from(x[j * 16 + row]);
                        let top = (0..n).map(of_row).fold(f64::MIN, f64::max);
                        let sum: f64 = (0..n).map(|j| (of_row(j) - top).exp()).sum();
                        for j in 0..n {
                            let truth = (of_row(j) - top).exp() / sum;
                            let got = f64::from(out[j * 16 + row]);
                            // Below e^-87.3 the exponential stays there.
                            let error = (got - truth).abs() - 2e-38;
                            assert!(
                                error <= bound * truth,
                                "{} {n} {size}: {got} {truth}",
                                isa.name()
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn equal_and_infinite_numbers() {
        for isa in Isa::available() {
            for (x, expected) in [
                ([1e4_f32; 32], 0.5),
                ([f32::from_bits(1); 32], 0.5),
                ([-1e38; 32], 0.5),
            ] {
                let mut out = [f32::NAN; 32];
                isa.run(Softmax {
                    x: &x,
                    out: &mut out,
                    n: 2,
                    rows: 16,
                });
                assert_eq!(out, [expected; 32]);
            }
            let mut out = [0.0; 32];
            let x = [f32::INFINITY; 32];
            isa.run(Softmax {
                x: &x,
                out: &mut out,
                n: 2,
                rows: 16,
            });
            assert!(
                out.iter().all(|p| p.is_nan()),
                "infinity minus infinity is to be noticed"
            );
        }
    }
}
