//! NEON (AArch64): 4 lanes, 32 registers.

use std::arch::aarch64::*;

use super::vector::{Kernel, Simd};

/// Proof that this CPU has NEON.
#[derive(Debug, Clone, Copy)]
pub struct Neon(());

impl Neon {
    /// The token, when the CPU has the instructions.
    pub fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }

    /// Runs a kernel compiled for NEON.
    #[inline]
    pub fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists, so `detect` saw the feature.
        unsafe { enter(self, kernel) }
    }
}

#[inline(never)]
#[target_feature(enable = "neon")]
fn enter<K: Kernel>(token: Neon, kernel: K) -> K::Output {
    kernel.run(token)
}

/// Calls an intrinsic that needs nothing but the instruction set.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: the token `self` proves that the CPU has the instruction, and it touches registers only.
        unsafe { $call }
    };
}

impl Simd for Neon {
    type F = float32x4_t;
    type M = uint32x4_t;
    const LANES: usize = 4;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        self.enter(kernel)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        intrinsic!(vdupq_n_f32(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32], at: usize) -> float32x4_t {
        let part = &from[at..at + 4];
        // SAFETY: the token proves the instruction; `part` holds 4 readable f32.
        unsafe { vld1q_f32(part.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: float32x4_t, to: &mut [f32], at: usize) {
        let part = &mut to[at..at + 4];
        // SAFETY: the token proves the instruction; `part` holds 4 writable f32.
        unsafe { vst1q_f32(part.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vaddq_f32(a, b))
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vsubq_f32(a, b))
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vmulq_f32(a, b))
    }

    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vdivq_f32(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        intrinsic!(vfmaq_f32(c, a, b))
    }

    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vbslq_f32(vcgtq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vbslq_f32(vcltq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn sqrt(self, a: float32x4_t) -> float32x4_t {
        intrinsic!(vsqrtq_f32(a))
    }

    #[inline(always)]
    fn round(self, a: float32x4_t) -> float32x4_t {
        intrinsic!(vrndnq_f32(a))
    }

    #[inline(always)]
    fn mul_pow2(self, a: float32x4_t, n: float32x4_t) -> float32x4_t {
        intrinsic!({
            let biased = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
            vmulq_f32(a, vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased)))
        })
    }

    #[inline(always)]
    fn lt(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        intrinsic!(vcltq_f32(a, b))
    }

    #[inline(always)]
    fn select(self, mask: uint32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        intrinsic!(vbslq_f32(mask, a, b))
    }

    #[inline(always)]
    fn reduce_sum(self, a: float32x4_t) -> f32 {
        intrinsic!({
            let pair = vadd_f32(vget_low_f32(a), vget_high_f32(a));
            vget_lane_f32::<0>(pair) + vget_lane_f32::<1>(pair)
        })
    }
}
