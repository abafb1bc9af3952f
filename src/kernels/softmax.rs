//! Softmax and its gradient. Rows lie in the lanes, so each lane is a softmax of its own and no step goes across lanes.
//!
//! # Forward
//!
//! ```text
//! y_j = e^x_j / sum_m e^x_m
//!     = e^(x_j - top) / sum_m e^(x_m - top)        top = max_m x_m
//! ```
//!
//! The second line is the first with e^top taken out above and below. It cannot overflow, as no exponent is positive; and one term of
//! the sum is 1, so the sum cannot be zero either.
//!
//! It is there twice, as two exponentials are. [`Softmax`], an op of its own, uses [`exp`]. Attention takes the softmax of *scaled*
//! scores, and writes its powers to base two:
//!
//! ```text
//! e^(scale (x - top)) = 2^(scale log2(e) (x - top))
//! ```
//!
//! `scale log2(e)` is one constant, so the change of base costs nothing: the multiplication is the scale's. What it saves is the
//! reduction inside of [`exp`], which multiplies by log2(e) to find the power of two and takes off that multiple of ln 2 in two parts to
//! find the rest; in base two the rest is a subtraction without an error (see [`exp2_negative`]). That is a third of the exponential's
//! instructions.
//!
//! [`Softmax`] keeps [`exp`] although it could be attention's with a scale of 1: the two exponentials round differently in the last
//! place, and the bits of models that were trained with it are a promise.
//!
//! # Gradient
//!
//! From y_j = e^x_j / sum_m e^x_m follow d y_m / d x_j = y_m ([m = j] - y_j), and with it
//!
//! ```text
//! d_x_j = sum_m d_y_m y_m ([m = j] - y_j) = y_j (d_y_j - sum_m y_m d_y_m)
//! ```
//!
//! It needs the result y only, whatever the exponential was: both gradients below begin with the same `dot`. A scale before the
//! softmax is a factor of `d_x`.

use super::math::{exp, exp2_negative};
use super::{BLOCK, Column, columns, columns_mut};
use crate::simd::{Kernel, Simd};

/// `out[g][j] = exp(x[g][j] - top) / sum_m exp(x[g][m] - top)`, top being the largest of `x[g]`.
#[derive(Debug)]
pub struct Softmax<'a> {
    /// `[groups, n, BLOCK]`
    pub x: &'a [f32],
    /// `[groups, n, BLOCK]`
    pub out: &'a mut [f32],
    /// The numbers of a group, which add up to 1 afterwards.
    pub n: usize,
}

impl Kernel for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let out = columns_mut(self.out).chunks_exact_mut(self.n);
        for (x, out) in columns(self.x).chunks_exact(self.n).zip(out) {
            for lane in (0..BLOCK).step_by(S::LANES) {
                let top = largest(s, x, lane);
                let mut sum = s.splat(0.0);
                for (x, out) in x.iter().zip(&mut *out) {
                    let e = exp(s, s.sub(s.load(x, lane), top));
                    sum = s.add(sum, e);
                    s.store(e, out, lane);
                }
                divide(s, out, lane, sum);
            }
        }
    }
}

/// The softmax of `scale * x`, in place of x: in base two, see the module.
#[inline(always)]
pub(super) fn softmax_of_scaled<S: Simd>(s: S, x: &mut [Column], scale: f32) {
    for lane in (0..BLOCK).step_by(S::LANES) {
        let top = largest(s, x, lane);
        let scale = s.splat(scale * std::f32::consts::LOG2_E);
        let mut sum = s.splat(0.0);
        for x in &mut *x {
            let e = exp2_negative(s, s.mul(scale, s.sub(s.load(x, lane), top)));
            sum = s.add(sum, e);
            s.store(e, x, lane);
        }
        divide(s, x, lane, sum);
    }
}

/// The largest number of each lane.
#[inline(always)]
fn largest<S: Simd>(s: S, x: &[Column], lane: usize) -> S::F {
    let mut top = s.splat(f32::NEG_INFINITY);
    for x in x {
        top = s.max(top, s.load(x, lane));
    }
    top
}

/// `x /= sum`: one division, and a multiplication a number.
#[inline(always)]
fn divide<S: Simd>(s: S, x: &mut [Column], lane: usize, sum: S::F) {
    let inverse = s.div(s.splat(1.0), sum);
    for x in x {
        s.store(s.mul(s.load(x, lane), inverse), x, lane);
    }
}

/// `d_x[g][j] += y[g][j] * (d_y[g][j] - sum_m y[g][m] * d_y[g][m])`, y being the softmax's result.
#[derive(Debug)]
pub struct SoftmaxGrad<'a> {
    /// `[groups, n, BLOCK]`, as are the other slices.
    pub y: &'a [f32],
    /// The gradient of y.
    pub d_y: &'a [f32],
    /// The gradient of x.
    pub d_x: &'a mut [f32],
    /// The numbers of a group.
    pub n: usize,
}

impl Kernel for SoftmaxGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let groups = columns(self.y)
            .chunks_exact(self.n)
            .zip(columns(self.d_y).chunks_exact(self.n));
        for ((y, d_y), d_x) in groups.zip(columns_mut(self.d_x).chunks_exact_mut(self.n)) {
            for lane in (0..BLOCK).step_by(S::LANES) {
                let dot = dot(s, y, d_y, lane);
                for ((y, d_y), d_x) in y.iter().zip(d_y).zip(&mut *d_x) {
                    let inner = s.sub(s.load(d_y, lane), dot);
                    let sum = s.mul_add(s.load(y, lane), inner, s.load(d_x, lane));
                    s.store(sum, d_x, lane);
                }
            }
        }
    }
}

/// Turns `d`, the gradient of y = softmax(scale * x), into that of x.
#[inline(always)]
pub(super) fn grad_of_scaled<S: Simd>(s: S, y: &[Column], d: &mut [Column], scale: f32) {
    for lane in (0..BLOCK).step_by(S::LANES) {
        let dot = dot(s, y, d, lane);
        let scale = s.splat(scale);
        for (y, d) in y.iter().zip(&mut *d) {
            let factor = s.mul(scale, s.load(y, lane));
            let inner = s.sub(s.load(d, lane), dot);
            s.store(s.mul(factor, inner), d, lane);
        }
    }
}

/// `sum_m y[m] * d_y[m]` of each lane.
#[inline(always)]
fn dot<S: Simd>(s: S, y: &[Column], d_y: &[Column], lane: usize) -> S::F {
    let mut dot = s.splat(0.0);
    for (y, d_y) in y.iter().zip(d_y) {
        dot = s.mul_add(s.load(y, lane), s.load(d_y, lane), dot);
    }
    dot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    /// Attention's softmax as a kernel of its own, and then its gradient.
    struct Scaled<'a> {
        x: &'a mut [Column],
        d: &'a mut [Column],
        scale: f32,
    }

    impl Kernel for Scaled<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            softmax_of_scaled(s, self.x, self.scale);
            grad_of_scaled(s, self.x, self.d, self.scale);
        }
    }

    /// Sixteen rows of `n` numbers between -`size` and `size`.
    fn numbers(n: usize, size: f32) -> Vec<f32> {
        let number = |i: usize| size * ((i * 7919 + n) % 1009) as f32 / 504.5 - size;
        (0..n * BLOCK).map(number).collect()
    }

    fn softmax(isa: Isa, x: &[f32], n: usize) -> Vec<f32> {
        let mut out = vec![f32::NAN; x.len()];
        isa.run(Softmax {
            x,
            out: &mut out,
            n,
        });
        out
    }

    /// One row's numbers, times a scale.
    fn row(x: &[f32], row: usize, scale: f32) -> Vec<f64> {
        let of_row = x.iter().skip(row).step_by(BLOCK);
        of_row.map(|&x| f64::from(x) * f64::from(scale)).collect()
    }

    /// In f64.
    fn truth(x: &[f64]) -> Vec<f64> {
        let top = x.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = x.iter().map(|x| (x - top).exp()).sum();
        x.iter().map(|x| (x - top).exp() / sum).collect()
    }

    /// Errors of the exponential, of what is done to its argument, of the sum and of the division add up. A rounding of an argument of up
    /// to 2 `size` is half a unit of that, which the exponential makes a relative error: plain softmax has one, the subtraction; of scaled
    /// numbers the constant and the product round too.
    fn assert_close(got: &[f64], truth: &[f64], roundings: f64, size: f32, place: &str) {
        let bound = f64::from(f32::EPSILON) * (8.0 + roundings * f64::from(size).min(90.0));
        for (got, truth) in got.iter().zip(truth) {
            // Below e^-87.3 the exponential stays there.
            let error = (got - truth).abs() - 2e-38;
            assert!(error <= bound * truth, "{place}: {got} {truth}");
        }
    }

    #[test]
    fn both_are_the_definition_for_one_to_forty_numbers() {
        for isa in Isa::available() {
            for n in 1..=40 {
                for size in [1e-3, 1.0, 30.0, 1e4_f32] {
                    let place = format!("{} {n} {size}", isa.name());
                    let x = numbers(n, size);
                    let plain = softmax(isa, &x, n);
                    let (mut scaled, mut d) = (x.clone(), vec![0.0; x.len()]);
                    isa.run(Scaled {
                        x: columns_mut(&mut scaled),
                        d: columns_mut(&mut d),
                        scale: 0.7,
                    });
                    for r in 0..BLOCK {
                        let (whole, smaller) = (truth(&row(&x, r, 1.0)), truth(&row(&x, r, 0.7)));
                        assert_close(&row(&plain, r, 1.0), &whole, 1.0, size, &place);
                        assert_close(&row(&scaled, r, 1.0), &smaller, 2.5, size, &place);
                    }
                }
            }
        }
    }

    #[test]
    fn both_gradients_are_the_formula_in_f64() {
        for isa in Isa::available() {
            for n in [1, 2, 3, 7, 40] {
                let (x, d_y) = (numbers(n, 2.0), numbers(n, 1.0));
                let y = softmax(isa, &x, n);
                let mut d_x = vec![0.25; x.len()];
                isa.run(SoftmaxGrad {
                    y: &y,
                    d_y: &d_y,
                    d_x: &mut d_x,
                    n,
                });
                let (mut scaled, mut d) = (x.clone(), d_y.clone());
                isa.run(Scaled {
                    x: columns_mut(&mut scaled),
                    d: columns_mut(&mut d),
                    scale: 0.7,
                });
                for r in 0..BLOCK {
                    let d_y = row(&d_y, r, 1.0);
                    for (x, got, scale, before) in [
                        (row(&x, r, 1.0), row(&d_x, r, 1.0), 1.0, 0.25),
                        (row(&x, r, 0.7), row(&d, r, 1.0), f64::from(0.7_f32), 0.0),
                    ] {
                        let y = truth(&x);
                        let dot: f64 = y.iter().zip(&d_y).map(|(y, d)| y * d).sum();
                        for ((got, y), d) in got.iter().zip(&y).zip(&d_y) {
                            let truth = before + scale * y * (d - dot);
                            assert!((got - truth).abs() < 2e-6, "{} {n}", isa.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn equal_and_infinite_numbers() {
        for isa in Isa::available() {
            for x in [1e4_f32, f32::from_bits(1), -1e38] {
                assert_eq!(softmax(isa, &[x; 32], 2), [0.5; 32]);
            }
            let out = softmax(isa, &[f32::INFINITY; 32], 2);
            assert!(
                out.iter().all(|p| p.is_nan()),
                "infinity minus infinity is to be noticed"
            );
        }
    }
}
