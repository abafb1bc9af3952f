//! Vectors as plain arrays: the fallback of every machine, and the one whose code anyone can read.

use super::vector::{Kernel, Simd};

/// Eight lanes, left to the compiler.
#[derive(Debug, Clone, Copy)]
pub struct Scalar;

const LANES: usize = 8;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    for (lane, slot) in out.iter_mut().enumerate() {
        *slot = f(lane);
    }
    out
}

impl Simd for Scalar {
    type F = [f32; LANES];
    type M = [bool; LANES];
    const LANES: usize = LANES;
    // Baseline x86-64 has sixteen of half this width; small tiles also keep its unrolled code small.
    const REGISTERS: usize = 8;

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32], at: usize) -> Self::F {
        let part = &from[at..at + LANES];
        each(|i| part[i])
    }

    #[inline(always)]
    fn store(self, v: Self::F, to: &mut [f32], at: usize) {
        to[at..at + LANES].copy_from_slice(&v);
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] / b[i])
    }

    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // Not f32::mul_add: without the instruction that is a slow library call.
        each(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        each(|i| a[i].sqrt())
    }

    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        each(|i| a[i].round_ties_even())
    }

    #[inline(always)]
    fn mul_pow2(self, a: Self::F, n: Self::F) -> Self::F {
        each(|i| a[i] * f32::from_bits(((n[i] as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        let mut mask = [false; LANES];
        for (lane, slot) in mask.iter_mut().enumerate() {
            *slot = a[lane] < b[lane];
        }
        mask
    }

    #[inline(always)]
    fn select(self, mask: Self::M, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if mask[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn reduce_sum(self, a: Self::F) -> f32 {
        let quad = [a[0] + a[4], a[1] + a[5], a[2] + a[6], a[3] + a[7]];
        (quad[0] + quad[2]) + (quad[1] + quad[3])
    }
}
