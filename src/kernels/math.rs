//! Exponential, logarithm and their relatives on vectors.
//!
//! Numeric method: `exp` reduces x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 split in two so that the reduction is exact) and
//! evaluates a degree-6 polynomial (coefficients of Moshier's Cephes `expf`). `log1p` on [0, 1] uses 2 artanh(x / (2 + x)) as
//! an odd polynomial to the 15th power. The tests below hold the error bounds, in units in the last place of f32, for every
//! instruction set: see [`ULPS_EXP`] and those that follow it.

use crate::simd::Simd;

/// Inputs of [`exp`] are clamped to this range, so that 2^n stays a normal number: e^-87.3 = 1.2e-38, e^88 = 1.7e38.
const EXP_MIN: f32 = -87.3;
const EXP_MAX: f32 = 88.0;
/// The largest error of [`exp`] in units in the last place.
pub const ULPS_EXP: f64 = 2.0;
/// Of [`exp2_negative`].
pub const ULPS_EXP2: f64 = 3.0;
/// Of [`log1p_unit`].
pub const ULPS_LOG1P: f64 = 3.0;
/// Of [`softplus_tail`].
pub const ULPS_SOFTPLUS: f64 = 4.0;
/// Of [`sigmoids`].
pub const ULPS_SIGMOID: f64 = 4.0;
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// From the highest power down.
const EXP_POLYNOMIAL: [f32; 8] = [
    1.987_569_1e-4,
    1.398_199_9e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    1.666_666_5e-1,
    5e-1,
    1.0,
    1.0,
];

/// Likewise, of 2^r: fitted on [-1/2, 1/2] for the smallest largest relative error, 1.1e-7, with 2^0 = 1.
const EXP2_POLYNOMIAL: [f32; 6] = [
    1.326_472_7e-3,
    9.671_513e-3,
    5.550_733_6e-2,
    0.240_222_42,
    0.693_147_06,
    1.0,
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
    s.mul_pow2(p, n)
}

/// 2^x for x <= 0, with x clamped below to -126; NaN stays NaN. What a softmax needs, at two thirds of the instructions of
/// [`exp`]: x - n is exact.
#[inline(always)]
pub fn exp2_negative<S: Simd>(s: S, x: S::F) -> S::F {
    let x = s.max(s.splat(-126.0), x);
    let n = s.round(x);
    let r = s.sub(x, n);
    let mut p = s.splat(EXP2_POLYNOMIAL[0]);
    for &c in &EXP2_POLYNOMIAL[1..] {
        p = s.mul_add(p, r, s.splat(c));
    }
    s.mul_pow2(p, n)
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

/// ln(1 + e^-|z|), the part of softplus(z) = max(z, 0) + ln(1 + e^-|z|) that is not linear: no overflow, no cancellation.
#[inline(always)]
pub fn softplus_tail<S: Simd>(s: S, z: S::F) -> S::F {
    log1p_unit(s, exp(s, neg_abs(s, z)))
}

/// sigmoid(z) = 1 / (1 + e^-z) and sigmoid(-z) = 1 - sigmoid(z), both from e^-|z|: nothing overflows, and the smaller of the
/// two keeps all its digits, which 1 - sigmoid(z) would lose.
#[inline(always)]
pub fn sigmoids<S: Simd>(s: S, z: S::F) -> (S::F, S::F) {
    let e = exp(s, neg_abs(s, z));
    let larger = s.div(s.splat(1.0), s.add(s.splat(1.0), e));
    let smaller = s.mul(e, larger);
    let negative = s.lt(z, s.splat(0.0));
    (
        s.select(negative, smaller, larger),
        s.select(negative, larger, smaller),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    /// One of the functions above, applied to a slice whose length is a multiple of the lanes.
    #[derive(Debug, Clone, Copy)]
    enum Function {
        Exp,
        Exp2Negative,
        Log1p,
        SoftplusTail,
        Sigmoid,
        SigmoidOfMinus,
    }

    impl Function {
        const ALL: [Function; 6] = [
            Function::Exp,
            Function::Exp2Negative,
            Function::Log1p,
            Function::SoftplusTail,
            Function::Sigmoid,
            Function::SigmoidOfMinus,
        ];

        /// In f64.
        fn truth(self, x: f64) -> f64 {
            match self {
                Function::Exp => x.exp(),
                Function::Exp2Negative => x.exp2(),
                Function::Log1p => x.ln_1p(),
                Function::SoftplusTail => (-x.abs()).exp().ln_1p(),
                Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                Function::SigmoidOfMinus => 1.0 / (1.0 + x.exp()),
            }
        }

        /// Where the bound holds: results stay normal numbers.
        fn domain(self) -> (f32, f32) {
            match self {
                Function::Exp => (-87.3, 88.0),
                Function::Exp2Negative => (0.0, -126.0),
                Function::Log1p => (0.0, 1.0),
                _ => (-87.0, 87.0),
            }
        }

        /// The largest error in units in the last place of f32 that is allowed, a little above the largest ever seen.
        fn ulps(self) -> f64 {
            match self {
                Function::Exp => ULPS_EXP,
                Function::Exp2Negative => ULPS_EXP2,
                Function::Log1p => ULPS_LOG1P,
                Function::SoftplusTail => ULPS_SOFTPLUS,
                Function::Sigmoid | Function::SigmoidOfMinus => ULPS_SIGMOID,
            }
        }
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
                    Function::Exp2Negative => exp2_negative(s, x),
                    Function::Log1p => log1p_unit(s, x),
                    Function::SoftplusTail => softplus_tail(s, x),
                    Function::Sigmoid => sigmoids(s, x).0,
                    Function::SigmoidOfMinus => sigmoids(s, x).1,
                };
                s.store(y, self.1, at);
            }
        }
    }

    /// `f` of any number of values; kernels work on whole vectors, so the last one is filled up.
    fn apply(isa: Isa, f: Function, x: &[f32]) -> Vec<f32> {
        let mut y = x.to_vec();
        y.resize(x.len().next_multiple_of(16), 0.5);
        isa.run(Map(f, &mut y));
        y.truncate(x.len());
        y
    }

    /// The distance from `truth` in units in the last place of the f32 nearest to it.
    fn ulps(value: f32, truth: f64) -> f64 {
        let near = (truth as f32).abs().max(f32::MIN_POSITIVE);
        let unit = f64::from(near.next_up()) - f64::from(near);
        (f64::from(value) - truth).abs() / unit
    }

    /// Evenly spaced values, and as many that fall towards zero.
    fn inputs(f: Function) -> Vec<f32> {
        const N: usize = 1 << 16;
        let (from, to) = f.domain();
        let even = (0..N).map(|i| from + (to - from) * i as f32 / (N - 1) as f32);
        let small = (0..N).map(|i| to * (-(i as f32) / 500.0).exp2());
        even.chain(small).collect()
    }

    #[test]
    fn errors_stay_below_the_stated_units_in_the_last_place() {
        for isa in Isa::available() {
            for f in Function::ALL {
                let x = inputs(f);
                let y = apply(isa, f, &x);
                let error = |(&x, &y): (&f32, &f32)| ulps(y, f.truth(f64::from(x)));
                let worst = x.iter().zip(&y).map(error).fold(0.0, f64::max);
                println!("{} {f:?}: {worst:.3} ULP", isa.name());
                assert!(worst <= f.ulps(), "{} {f:?}: {worst} ULP", isa.name());
            }
        }
    }

    #[test]
    fn a_result_does_not_depend_on_where_a_number_stands() {
        for isa in Isa::available() {
            for f in Function::ALL {
                let (from, to) = f.domain();
                let x: Vec<f32> = (0..40)
                    .map(|i| from + (to - from) * (i as f32 / 39.0))
                    .collect();
                let alone: Vec<f32> = x.iter().map(|&x| apply(isa, f, &[x])[0]).collect();
                for length in 1..=40 {
                    assert_eq!(
                        apply(isa, f, &x[..length]),
                        alone[..length],
                        "{f:?} {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn subnormal_infinite_and_missing_numbers() {
        let tiny = f32::from_bits(1);
        let x = [
            tiny,
            -tiny,
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e4,
            -1e4,
            f32::NAN,
        ];
        for isa in Isa::available() {
            let of = |f| apply(isa, f, &x);
            let (exp, sigmoid) = (of(Function::Exp), of(Function::Sigmoid));
            assert_eq!(exp[..4], [1.0; 4]);
            assert_eq!(sigmoid[..4], [0.5; 4]);
            let half = of(Function::SoftplusTail);
            assert!(
                half[..4].iter().all(|y| ulps(*y, 2f64.ln()) < 2.0),
                "{half:?}"
            );
            assert!(apply(isa, Function::Log1p, &x[..1])[0] <= f32::MIN_POSITIVE);
            let below = apply(
                isa,
                Function::Exp2Negative,
                &[-126.5, -1e4, f32::NEG_INFINITY, -0.0],
            );
            assert_eq!(below[..3], [f32::MIN_POSITIVE; 3]);
            assert_eq!(below[3], 1.0);
            // Beyond its range the exponential stays at the range's ends.
            assert_eq!((exp[4], exp[5]), (exp[6], exp[7]));
            assert!(exp[4] > 1e38 && exp[4].is_finite());
            assert!(exp[5] > 0.0 && exp[5] < 2e-38);
            assert_eq!((sigmoid[4], sigmoid[6]), (1.0, 1.0));
            assert!(sigmoid[5] < 2e-38 && sigmoid[7] < 2e-38);
            for f in Function::ALL {
                assert!(apply(isa, f, &[f32::NAN])[0].is_nan(), "{f:?}");
            }
        }
    }
}
