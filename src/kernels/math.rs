//! Exponential, logarithm and their relatives on vectors.
//!
//! Numeric method: `exp` reduces x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 split in two so that the reduction is exact) and
//! evaluates a degree-6 polynomial (coefficients of Moshier's Cephes `expf`); the relative error is below 2e-7. `log1p` on
//! [0, 1] uses 2 artanh(x / (2 + x)) as an odd polynomial to the 15th power; the relative error is below 3e-7. The tests
//! below hold both bounds.

use crate::simd::Simd;

/// Inputs of [`exp`] are clamped to this range, so that 2^n stays a normal number: e^-87.3 = 1.2e-38, e^88 = 1.7e38.
const EXP_MIN: f32 = -87.3;
const EXP_MAX: f32 = 88.0;
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// From the highest power down to r^2.
const EXP_POLYNOMIAL: [f32; 6] = [
    1.987_569_1e-4,
    1.398_199_9e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    1.666_666_5e-1,
    5e-1,
];

/// e^x, with x clamped to [-87.3, 88]; NaN stays NaN.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    // In this order of operands min and max hand a NaN through.
    let x = s.max(s.splat(EXP_MIN), s.min(s.splat(EXP_MAX), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.mul_add(n, s.splat(-LN_2_HIGH), x);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    let mut p = s.splat(EXP_POLYNOMIAL[0]);
    for &c in &EXP_POLYNOMIAL[1..] {
        p = s.mul_add(p, r, s.splat(c));
    }
    let series = s.mul_add(s.mul(p, r), r, s.add(r, s.splat(1.0)));
    s.mul(series, s.pow2(n))
}

/// ln(1 + x) for x in [0, 1].
#[inline(always)]
pub fn log1p_unit<S: Simd>(s: S, x: S::F) -> S::F {
    let t = s.div(x, s.add(x, s.splat(2.0)));
    let t2 = s.mul(t, t);
    let mut p = s.splat(1.0 / 15.0);
    for power in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        p = s.mul_add(p, t2, s.splat(1.0 / power));
    }
    s.mul(s.add(t, t), p)
}

/// -|x|
#[inline(always)]
pub fn neg_abs<S: Simd>(s: S, x: S::F) -> S::F {
    s.min(s.sub(s.splat(0.0), x), x)
}

/// softplus(z) = ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|): no overflow, no cancellation.
#[inline(always)]
pub fn softplus<S: Simd>(s: S, z: S::F) -> S::F {
    let e = exp(s, neg_abs(s, z));
    s.add(s.max(s.splat(0.0), z), log1p_unit(s, e))
}

/// sigmoid(z) = 1 / (1 + e^-z), computed from e^-|z| so that nothing overflows.
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, z: S::F) -> S::F {
    let e = exp(s, neg_abs(s, z));
    let upper = s.div(s.splat(1.0), s.add(s.splat(1.0), e));
    s.select(s.lt(z, s.splat(0.0)), s.mul(e, upper), upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    /// One of the functions above, applied to a slice whose length is a multiple of the lanes.
    #[derive(Clone, Copy)]
    enum Function {
        Exp,
        Log1p,
        Softplus,
        Sigmoid,
    }

    struct Map<'a>(Function, &'a mut [f32]);

    impl Kernel for Map<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for at in (0..self.1.len()).step_by(S::LANES) {
                let x = s.load(self.1, at);
                let y = match self.0 {
                    Function::Exp => exp(s, x),
                    Function::Log1p => log1p_unit(s, x),
                    Function::Softplus => softplus(s, x),
                    Function::Sigmoid => sigmoid(s, x),
                };
                s.store(y, self.1, at);
            }
        }
    }

    fn worst_relative_error(
        isa: Isa,
        function: Function,
        from: f32,
        to: f32,
        oracle: fn(f64) -> f64,
    ) -> f64 {
        const N: usize = 1 << 16;
        let x: Vec<f32> = (0..N)
            .map(|i| from + (to - from) * i as f32 / (N - 1) as f32)
            .collect();
        let mut y = x.clone();
        isa.run(Map(function, &mut y));
        x.iter().zip(&y).fold(0.0, |worst, (&x, &y)| {
            let truth = oracle(f64::from(x));
            worst.max((f64::from(y) - truth).abs() / truth.abs().max(1e-37))
        })
    }

    #[test]
    fn relative_errors_stay_below_the_stated_bounds() {
        for isa in Isa::available() {
            let worst = |f, from, to, oracle| worst_relative_error(isa, f, from, to, oracle);
            assert!(worst(Function::Exp, -87.0, 88.0, f64::exp) < 2e-7);
            assert!(worst(Function::Log1p, 1e-6, 1.0, f64::ln_1p) < 3e-7);
            let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
            assert!(worst(Function::Sigmoid, -80.0, 80.0, sigmoid) < 4e-7);
            let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
            assert!(worst(Function::Softplus, -80.0, 80.0, softplus) < 5e-7);
        }
    }

    #[test]
    fn nan_and_extreme_inputs() {
        for isa in Isa::available() {
            let mut x = [0.0; 16];
            x[..4].copy_from_slice(&[f32::NAN, 1e4, -1e4, f32::NEG_INFINITY]);
            isa.run(Map(Function::Exp, &mut x));
            assert!(x[0].is_nan() && x[1] > 1e38 && x[1].is_finite());
            assert!(x[2] < 2e-38 && x[3] < 2e-38);
            let mut z = [0.0; 16];
            z[..4].copy_from_slice(&[f32::NAN, 1e4, -1e4, 100.0]);
            isa.run(Map(Function::Softplus, &mut z));
            assert!(z[0].is_nan() && z[1] == 1e4 && z[2] < 2e-38 && z[3] == 100.0);
        }
    }
}
