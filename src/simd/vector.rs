//! The vector trait that every kernel is written against.

use super::bf16;

/// Rows of a shard come in multiples of this: the widest vector of any instruction set.
pub const MAX_LANES: usize = 16;

/// An instruction set: a token proving that its instructions may run, and the operations on its f32 vectors.
///
/// All methods are lane-wise unless said otherwise. Results of different instruction sets differ in the last bits (a fused
/// multiply-add rounds once); one instruction set gives the same bits every time.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector of [`Simd::LANES`] f32.
    type F: Copy;
    /// One truth value a lane.
    type M: Copy;
    /// Lanes of a vector; divides [`MAX_LANES`].
    const LANES: usize;
    /// Vector registers: what bounds the size of a register tile.
    const REGISTERS: usize;

    /// Runs a kernel as a function of its own, compiled for the same instruction set: for what several kernels share and is
    /// too large to be inlined into each.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;
    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::F;
    /// `from[at..at + LANES]`. Panics when out of bounds.
    fn load(self, from: &[f32], at: usize) -> Self::F;
    /// Fetches the cache line of `from[at]`, if there is one, for a load that comes soon. Changes no result.
    fn prefetch(self, from: &[f32], at: usize) {
        let _ = (from, at);
    }
    /// Writes to `to[at..at + LANES]`. Panics when out of bounds.
    fn store(self, v: Self::F, to: &mut [f32], at: usize);
    /// `a + b`
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, fused where the instruction set can.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Two vectors rounded to bf16, as pairs: see [`super::bf16`]. The same bits on every instruction set.
    #[inline(always)]
    fn pair(self, even: Self::F, odd: Self::F) -> Self::F {
        pair_lanes(self, even, odd)
    }
    /// The two numbers of each pair: the even ones, the odd ones.
    #[inline(always)]
    fn unpair(self, pairs: Self::F) -> [Self::F; 2] {
        let [mut even, mut odd] = [lanes(self, pairs); 2];
        for (even, odd) in even.iter_mut().zip(&mut odd) {
            [*even, *odd] = bf16::halves(*even);
        }
        [self.load(&even, 0), self.load(&odd, 0)]
    }
    /// Two products of bf16 added to a sum, in the order of [`bf16::dot_pair`]. The same bits on every instruction set.
    #[inline(always)]
    fn dot_pairs(self, a: Self::F, b: Self::F, sum: Self::F) -> Self::F {
        dot_pair_lanes(self, a, b, sum)
    }
    /// The larger one; `b` when either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller one; `b` when either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// The square root.
    fn sqrt(self, a: Self::F) -> Self::F;
    /// The nearest whole number, halves to even.
    fn round(self, a: Self::F) -> Self::F;
    /// `a * 2^n` for whole n in -126..=127 and a normal result.
    fn mul_pow2(self, a: Self::F, n: Self::F) -> Self::F;
    /// `a < b`; false when either is NaN.
    fn lt(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a` where the mask holds, else `b`.
    fn select(self, mask: Self::M, a: Self::F, b: Self::F) -> Self::F;
    /// The sum of all lanes of each vector. Faster than sixteen times [`Simd::reduce_sum`]: the vectors are folded into each
    /// other. The order of the additions is the instruction set's own.
    fn reduce_sums(self, a: [Self::F; 16]) -> [f32; 16] {
        // No `map`: its closure is compiled without the instruction set.
        let mut sums = [0.0; 16];
        for (sum, v) in sums.iter_mut().zip(a) {
            *sum = self.reduce_sum(v);
        }
        sums
    }
    /// `out[j][i] = rows[i][j]`. Registers' halves and quarters are exchanged where the instruction set can.
    fn transpose(self, rows: [&[f32; 16]; 16], out: &mut [[f32; 16]; 16]) {
        for (i, row) in rows.into_iter().enumerate() {
            for (out, &x) in out.iter_mut().zip(row) {
                out[i] = x;
            }
        }
    }
    /// The sum of all lanes, halves folded onto each other: (0+8, 1+9, ...), (0+4, ...), and so on.
    fn reduce_sum(self, a: Self::F) -> f32;
}

/// A piece of work generic over the instruction set; [`super::Isa::run`] enters it.
///
/// Implementations and the helpers they call are `#[inline(always)]`, so that all their code is compiled for the chosen set.
pub trait Kernel {
    /// What the work returns.
    type Output;
    /// Does the work with the given instruction set.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// [`bf16::pair`], lane by lane: for an instruction set without it.
#[inline(always)]
pub(super) fn pair_lanes<S: Simd>(s: S, even: S::F, odd: S::F) -> S::F {
    let [mut pairs, odds] = [lanes(s, even), lanes(s, odd)];
    for (pair, odd) in pairs.iter_mut().zip(odds).take(S::LANES) {
        *pair = bf16::pair(*pair, odd);
    }
    s.load(&pairs, 0)
}

/// [`bf16::dot_pair`], likewise.
#[inline(always)]
pub(super) fn dot_pair_lanes<S: Simd>(s: S, a: S::F, b: S::F, sum: S::F) -> S::F {
    let [a, b, mut sums] = [lanes(s, a), lanes(s, b), lanes(s, sum)];
    for (sum, (a, b)) in sums.iter_mut().zip(a.into_iter().zip(b)).take(S::LANES) {
        *sum = bf16::dot_pair(a, b, *sum);
    }
    s.load(&sums, 0)
}

#[inline(always)]
fn lanes<S: Simd>(s: S, v: S::F) -> [f32; MAX_LANES] {
    let mut lanes = [0.0; MAX_LANES];
    s.store(v, &mut lanes, 0);
    lanes
}
