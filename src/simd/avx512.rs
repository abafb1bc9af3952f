//! AVX-512: 16 lanes, 32 registers.

use std::arch::x86_64::*;

use super::vector::{Kernel, Simd, dot_pair_lanes, pair_lanes};

/// Proof that this CPU has AVX-512 F and DQ, and with `BF16` that it has AVX512-BF16 as well.
#[derive(Debug, Clone, Copy)]
pub struct Avx512<const BF16: bool>(());

impl<const BF16: bool> Avx512<BF16> {
    /// The token, when the CPU has the instructions.
    pub fn detect() -> Option<Self> {
        let plain = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
        let pairs =
            !BF16 || is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512bw");
        (plain && pairs).then_some(Avx512(()))
    }

    /// Runs a kernel compiled for AVX-512.
    #[inline]
    pub fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        if BF16 {
            // SAFETY: `self` exists, so `detect` saw the four features.
            unsafe { enter_bf16(self, kernel) }
        } else {
            // SAFETY: `self` exists, so `detect` saw both features.
            unsafe { enter(self, kernel) }
        }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq")]
fn enter<K: Kernel, const BF16: bool>(token: Avx512<BF16>, kernel: K) -> K::Output {
    kernel.run(token)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512bf16")]
fn enter_bf16<K: Kernel, const BF16: bool>(token: Avx512<BF16>, kernel: K) -> K::Output {
    kernel.run(token)
}

/// Calls an intrinsic that needs nothing but the instruction set.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: the token `self` proves that the CPU has the instruction, and it touches registers only.
        unsafe { $call }
    };
}

impl<const BF16: bool> Simd for Avx512<BF16> {
    type F = __m512;
    type M = __mmask16;
    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        self.enter(kernel)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        intrinsic!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32], at: usize) -> __m512 {
        let part = &from[at..at + 16];
        // SAFETY: the token proves the instruction; `part` holds 16 readable f32, and loadu needs no alignment.
        unsafe { _mm512_loadu_ps(part.as_ptr()) }
    }

    #[inline(always)]
    fn prefetch(self, from: &[f32], at: usize) {
        if let Some(x) = from.get(at) {
            // SAFETY: SSE is part of every x86-64, and a prefetch of any address neither faults nor changes memory.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast()) }
        }
    }

    #[inline(always)]
    fn store(self, v: __m512, to: &mut [f32], at: usize) {
        let part = &mut to[at..at + 16];
        // SAFETY: the token proves the instruction; `part` holds 16 writable f32, and storeu needs no alignment.
        unsafe { _mm512_storeu_ps(part.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        intrinsic!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn pair(self, even: __m512, odd: __m512) -> __m512 {
        if !BF16 {
            return pair_lanes(self, even, odd);
        }
        intrinsic!({
            // All even ones come first, then all odd ones: 0, 16, 1, 17, ... makes pairs of them.
            let apart = _mm512_cvtne2ps_pbh(odd, even);
            let apart = std::mem::transmute::<__m512bh, __m512i>(apart);
            let order = _mm512_set_epi64(
                0x001f_000f_001e_000e,
                0x001d_000d_001c_000c,
                0x001b_000b_001a_000a,
                0x0019_0009_0018_0008,
                0x0017_0007_0016_0006,
                0x0015_0005_0014_0004,
                0x0013_0003_0012_0002,
                0x0011_0001_0010_0000,
            );
            _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, apart))
        })
    }

    #[inline(always)]
    fn unpair(self, pairs: __m512) -> [__m512; 2] {
        intrinsic!({
            let bits = _mm512_castps_si512(pairs);
            let odd = _mm512_and_si512(bits, _mm512_set1_epi32(0xffff_0000_u32 as i32));
            [
                _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits)),
                _mm512_castsi512_ps(odd),
            ]
        })
    }

    #[inline(always)]
    fn dot_pairs(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
        if !BF16 {
            return dot_pair_lanes(self, a, b, sum);
        }
        intrinsic!({
            let a = std::mem::transmute::<__m512, __m512bh>(a);
            let b = std::mem::transmute::<__m512, __m512bh>(b);
            _mm512_dpbf16_ps(sum, a, b)
        })
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        intrinsic!(_mm512_sqrt_ps(a))
    }

    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        intrinsic!(_mm512_roundscale_ps::<
            { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
        >(a))
    }

    #[inline(always)]
    fn mul_pow2(self, a: __m512, n: __m512) -> __m512 {
        intrinsic!(_mm512_scalef_ps(a, n))
    }

    #[inline(always)]
    fn lt(self, a: __m512, b: __m512) -> __mmask16 {
        intrinsic!(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b))
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_mask_blend_ps(mask, b, a))
    }

    #[inline(always)]
    fn reduce_sum(self, a: __m512) -> f32 {
        intrinsic!({
            let half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
            let quad = _mm_add_ps(
                _mm256_castps256_ps128(half),
                _mm256_extractf128_ps::<1>(half),
            );
            let pair = _mm_add_ps(quad, _mm_movehl_ps(quad, quad));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        })
    }

    /// In 4 x 4 corners first, then the corners: 64 shuffles.
    #[inline(always)]
    fn transpose(self, rows: [&[f32; 16]; 16], out: &mut [[f32; 16]; 16]) {
        let mut corners = [self.splat(0.0); 16];
        for (rows, corners) in rows
            .as_chunks::<4>()
            .0
            .iter()
            .zip(corners.as_chunks_mut().0)
        {
            *corners = self.transpose_corners(rows);
        }
        for j in 0..4 {
            let [a, b, c, d] = [corners[j], corners[4 + j], corners[8 + j], corners[12 + j]];
            // Quarter q of a..d is column 4 q + j of their four rows.
            let columns = intrinsic!({
                let (even, odd) = (
                    _mm512_shuffle_f32x4::<0x88>(a, b),
                    _mm512_shuffle_f32x4::<0xDD>(a, b),
                );
                let (more_even, more_odd) = (
                    _mm512_shuffle_f32x4::<0x88>(c, d),
                    _mm512_shuffle_f32x4::<0xDD>(c, d),
                );
                [
                    _mm512_shuffle_f32x4::<0x88>(even, more_even),
                    _mm512_shuffle_f32x4::<0x88>(odd, more_odd),
                    _mm512_shuffle_f32x4::<0xDD>(even, more_even),
                    _mm512_shuffle_f32x4::<0xDD>(odd, more_odd),
                ]
            });
            for (quarter, column) in columns.into_iter().enumerate() {
                self.store(column, &mut out[4 * quarter + j], 0);
            }
        }
    }

    /// A butterfly: each step adds two vectors' halves into one, 15 additions in all.
    #[inline(always)]
    fn reduce_sums(self, a: [__m512; 16]) -> [f32; 16] {
        let (q0, q1) = (self.fold_four(&a, 0), self.fold_four(&a, 4));
        let (q2, q3) = (self.fold_four(&a, 8), self.fold_four(&a, 12));
        intrinsic!({
            let s01 = _mm512_add_ps(
                _mm512_shuffle_f32x4::<0x44>(q0, q1),
                _mm512_shuffle_f32x4::<0xEE>(q0, q1),
            );
            let s23 = _mm512_add_ps(
                _mm512_shuffle_f32x4::<0x44>(q2, q3),
                _mm512_shuffle_f32x4::<0xEE>(q2, q3),
            );
            let sums = _mm512_add_ps(
                _mm512_shuffle_f32x4::<0x88>(s01, s23),
                _mm512_shuffle_f32x4::<0xDD>(s01, s23),
            );
            let mut out = [0.0; 16];
            _mm512_storeu_ps(out.as_mut_ptr(), sums);
            out
        })
    }
}

impl<const BF16: bool> Avx512<BF16> {
    /// Four vectors a, b, c, d: every quarter of the result is [a, b, c, d], each a partial sum.
    ///
    /// Not a closure in `map`: that is compiled without the instruction set, and every intrinsic in it becomes a call.
    #[inline(always)]
    fn fold_four(self, a: &[__m512; 16], i: usize) -> __m512 {
        self.fold_pairs(
            self.fold_singles(a[i], a[i + 1]),
            self.fold_singles(a[i + 2], a[i + 3]),
        )
    }

    /// Four rows: quarter q of result j is their column 4 q + j.
    #[inline(always)]
    fn transpose_corners(self, rows: &[&[f32; 16]; 4]) -> [__m512; 4] {
        let [a, b, c, d] = *rows;
        let (a, b) = (self.load(a, 0), self.load(b, 0));
        let (c, d) = (self.load(c, 0), self.load(d, 0));
        intrinsic!({
            let (ab, cd) = (
                _mm512_castps_pd(_mm512_unpacklo_ps(a, b)),
                _mm512_castps_pd(_mm512_unpacklo_ps(c, d)),
            );
            let (more_ab, more_cd) = (
                _mm512_castps_pd(_mm512_unpackhi_ps(a, b)),
                _mm512_castps_pd(_mm512_unpackhi_ps(c, d)),
            );
            [
                _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
                _mm512_castpd_ps(_mm512_unpacklo_pd(more_ab, more_cd)),
                _mm512_castpd_ps(_mm512_unpackhi_pd(more_ab, more_cd)),
            ]
        })
    }

    /// Neighbouring lanes added: x's sums in the even places, y's in the odd ones.
    #[inline(always)]
    fn fold_singles(self, x: __m512, y: __m512) -> __m512 {
        intrinsic!(_mm512_add_ps(
            _mm512_unpacklo_ps(x, y),
            _mm512_unpackhi_ps(x, y)
        ))
    }

    /// Neighbouring pairs of lanes added, likewise.
    #[inline(always)]
    fn fold_pairs(self, x: __m512, y: __m512) -> __m512 {
        intrinsic!({
            let (x, y) = (_mm512_castps_pd(x), _mm512_castps_pd(y));
            let (low, high) = (_mm512_unpacklo_pd(x, y), _mm512_unpackhi_pd(x, y));
            _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high))
        })
    }
}
