//! Unit-by-unit arithmetic: to it an activation is a line of numbers, whatever its shape.
//!
//! All slices of a kernel have one length, a multiple of the lanes.

use super::{BLOCK, columns_mut};
use crate::simd::{Kernel, Simd};

/// `out = a + b`
#[derive(Debug)]
pub struct Add<'a> {
    /// One term.
    pub a: &'a [f32],
    /// The other term.
    pub b: &'a [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            s.store(s.add(s.load(self.a, at), s.load(self.b, at)), self.out, at);
        }
    }
}

/// `x[t][o] += bias[o]`
#[derive(Debug)]
pub struct AddBias<'a> {
    /// `[outputs]`
    pub bias: &'a [f32],
    /// `[tokens, outputs, BLOCK]`, the tokens being those of all blocks.
    pub x: &'a mut [f32],
}

impl Kernel for AddBias<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for token in columns_mut(self.x).chunks_exact_mut(self.bias.len()) {
            for (x, &bias) in token.iter_mut().zip(self.bias) {
                for lane in (0..BLOCK).step_by(S::LANES) {
                    s.store(s.add(s.load(x, lane), s.splat(bias)), x, lane);
                }
            }
        }
    }
}

/// `out += factor * x`
#[derive(Debug)]
pub struct AddScaled<'a> {
    /// The same for every unit.
    pub factor: f32,
    /// What is added.
    pub x: &'a [f32],
    /// Added to.
    pub out: &'a mut [f32],
}

impl Kernel for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let factor = s.splat(self.factor);
        for at in (0..self.out.len()).step_by(S::LANES) {
            let sum = s.mul_add(factor, s.load(self.x, at), s.load(self.out, at));
            s.store(sum, self.out, at);
        }
    }
}

/// `out = factor * x`
#[derive(Debug)]
pub struct Scale<'a> {
    /// The same for every unit.
    pub factor: f32,
    /// What is multiplied.
    pub x: &'a [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let factor = s.splat(self.factor);
        for at in (0..self.out.len()).step_by(S::LANES) {
            s.store(s.mul(factor, s.load(self.x, at)), self.out, at);
        }
    }
}

/// `out = max(0, x)`; a NaN stays a NaN.
#[derive(Debug)]
pub struct Relu<'a> {
    /// The argument.
    pub x: &'a [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for Relu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let zero = s.splat(0.0);
        for at in (0..self.out.len()).step_by(S::LANES) {
            s.store(s.max(zero, s.load(self.x, at)), self.out, at);
        }
    }
}

/// [`Relu`] in place.
#[derive(Debug)]
pub struct ReluInPlace<'a>(pub &'a mut [f32]);

impl Kernel for ReluInPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let zero = s.splat(0.0);
        for at in (0..self.0.len()).step_by(S::LANES) {
            s.store(s.max(zero, s.load(self.0, at)), self.0, at);
        }
    }
}

/// What passes of `d`: all where `out > 0`, else nothing (the subgradient at the kink is 0).
#[inline(always)]
fn passed<S: Simd>(s: S, out: S::F, d: S::F) -> S::F {
    let zero = s.splat(0.0);
    s.select(s.lt(zero, out), d, zero)
}

/// The gradient of a ReLU in place: `d = d where out > 0, else 0`.
#[derive(Debug)]
pub struct ReluGradInPlace<'a> {
    /// The ReLU's result.
    pub out: &'a [f32],
    /// The result's gradient, then the argument's.
    pub d: &'a mut [f32],
}

impl Kernel for ReluGradInPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.d.len()).step_by(S::LANES) {
            let d = passed(s, s.load(self.out, at), s.load(self.d, at));
            s.store(d, self.d, at);
        }
    }
}

/// `d_x (+)= d_out where out > 0, else 0`
#[derive(Debug)]
pub struct ReluGrad<'a> {
    /// The ReLU's result.
    pub out: &'a [f32],
    /// The result's gradient.
    pub d_out: &'a [f32],
    /// The argument's gradient.
    pub d_x: &'a mut [f32],
    /// Add to `d_x` instead of overwriting it.
    pub accumulate: bool,
}

impl Kernel for ReluGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.d_x.len()).step_by(S::LANES) {
            let mut d = passed(s, s.load(self.out, at), s.load(self.d_out, at));
            if self.accumulate {
                d = s.add(s.load(self.d_x, at), d);
            }
            s.store(d, self.d_x, at);
        }
    }
}

/// `out += a * b`
#[derive(Debug)]
pub struct AddProduct<'a> {
    /// One factor.
    pub a: &'a [f32],
    /// The other factor.
    pub b: &'a [f32],
    /// Added to.
    pub out: &'a mut [f32],
}

impl Kernel for AddProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            let sum = s.mul_add(s.load(self.a, at), s.load(self.b, at), s.load(self.out, at));
            s.store(sum, self.out, at);
        }
    }
}

/// `out = a * b`
#[derive(Debug)]
pub struct Multiply<'a> {
    /// One factor.
    pub a: &'a [f32],
    /// The other factor.
    pub b: &'a [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            s.store(s.mul(s.load(self.a, at), s.load(self.b, at)), self.out, at);
        }
    }
}

/// `out = a * b + c`
#[derive(Debug)]
pub struct MultiplyAdd<'a> {
    /// One factor.
    pub a: &'a [f32],
    /// The other factor.
    pub b: &'a [f32],
    /// Added to the product.
    pub c: &'a [f32],
    /// Overwritten.
    pub out: &'a mut [f32],
}

impl Kernel for MultiplyAdd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for at in (0..self.out.len()).step_by(S::LANES) {
            let sum = s.mul_add(s.load(self.a, at), s.load(self.b, at), s.load(self.c, at));
            s.store(sum, self.out, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_numbers, numbers, wide};
    use crate::simd::Isa;

    /// What a kernel leaves in a copy of `out`.
    fn left(out: &[f32], run: impl FnOnce(&mut [f32])) -> Vec<f32> {
        let mut out = out.to_vec();
        run(&mut out);
        out
    }

    #[test]
    fn each_is_its_formula_in_f64() {
        for isa in Isa::available() {
            for n in [16, 80] {
                let [a, b, c, start] = [1, 2, 3, 4].map(|salt| numbers(n, salt));
                let (a, b, c, factor) = (&a[..], &b[..], &c[..], 0.75);
                let (x, y, z) = (
                    |i: usize| wide(a[i]),
                    |i: usize| wide(b[i]),
                    |i: usize| wide(c[i]),
                );
                let before = |i: usize| wide(start[i]);
                let got = left(&start, |out| isa.run(Add { a, b, out }));
                assert_numbers(isa, &got, |i| x(i) + y(i));
                let got = left(&start, |out| isa.run(Multiply { a, b, out }));
                assert_numbers(isa, &got, |i| x(i) * y(i));
                let got = left(&start, |out| isa.run(AddProduct { a, b, out }));
                assert_numbers(isa, &got, |i| before(i) + x(i) * y(i));
                let got = left(&start, |out| isa.run(MultiplyAdd { a, b, c, out }));
                assert_numbers(isa, &got, |i| x(i) * y(i) + z(i));
                let got = left(&start, |out| isa.run(Scale { factor, x: a, out }));
                assert_numbers(isa, &got, |i| 0.75 * x(i));
                let got = left(&start, |out| isa.run(AddScaled { factor, x: a, out }));
                assert_numbers(isa, &got, |i| before(i) + 0.75 * x(i));
                // Of tokens of one unit, then of one token of all units.
                for bias in [&b[..1], &b[..n / BLOCK]] {
                    let got = left(&start, |x| isa.run(AddBias { bias, x }));
                    let unit = |i: usize| i / BLOCK % bias.len();
                    assert_numbers(isa, &got, |i| before(i) + wide(bias[unit(i)]));
                }
            }
        }
    }

    #[test]
    fn a_relu_and_its_gradient_are_nothing_below_zero_and_at_it() {
        for isa in Isa::available() {
            let (mut a, d_out, start) = (numbers(48, 1), numbers(48, 2), numbers(48, 3));
            a[..2].copy_from_slice(&[0.0, -0.0]);
            let out = left(&start, |out| isa.run(Relu { x: &a, out }));
            assert_numbers(isa, &out, |i| wide(a[i]).max(0.0));
            assert_eq!(left(&a, |x| isa.run(ReluInPlace(x))), out);
            let d = |i: usize| if a[i] > 0.0 { wide(d_out[i]) } else { 0.0 };
            let got = left(&d_out, |d| isa.run(ReluGradInPlace { out: &out, d }));
            assert_numbers(isa, &got, d);
            for (accumulate, before) in [(false, 0.0), (true, 1.0)] {
                let got = left(&start, |d_x| {
                    isa.run(ReluGrad {
                        out: &out,
                        d_out: &d_out,
                        d_x,
                        accumulate,
                    });
                });
                assert_numbers(isa, &got, |i| before * wide(start[i]) + d(i));
            }
            let kept = left(&[f32::NAN; 16], |x| isa.run(ReluInPlace(x)));
            assert!(kept.iter().all(|x| x.is_nan()), "{}", isa.name());
        }
    }
}
