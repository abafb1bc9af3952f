//! The product of every linear layer: one small weight matrix times the tokens of a shard.
//!
//! `out[t][o] (+)= bias[o] + sum_k x[t][k] * w[k][o]`, for all rows of a block at once.
//!
//! # Tiles
//!
//! A register tile keeps the sums of M tokens times N outputs in registers and runs down k. At each step N weights are broadcast, once for all
//! M tokens, and one vector of each token is loaded, once for all N outputs: M * N multiplications for M + N loads. What bounds the tile are
//! the registers: M * N sums, N weights and one vector of x must be in them at once.
//!
//! | registers | tile | in use | |
//! |---|---|---|---|
//! | 32 | 4 x 4 | 16 + 4 + 1 = 21 | 7 x 4 would be 33, so that sums lived in memory |
//! | 16 | 4 x 3 | 12 + 3 + 1 = 16 | 3 x 4 would be 17, which halved the speed |
//! | fewer | 1 x 2 | 2 + 2 + 1 = 5 | |
//!
//! Measured on projections of `compact` (`benches/README.md`; checks of bounds and divisions left the loop in the same change): 4 x 4 instead of
//! 7 x 4 took them from 94 to 106-113 GFLOP/s, and on AVX2 4 x 3 instead of 3 x 4 from 47 to 85-98. Tiles larger than 4 x 4 that fit gained
//! nothing. Tokens that are left over go two by two, then one by one; then the outputs make up for the tokens, 2 x 4 and 1 x 8.

use super::{BLOCK, Column, columns, columns_mut};
use crate::simd::tiles::{Start, TILE, TileProduct};
use crate::simd::{Products, Simd, Term, Tiles};

/// A product of tokens and weights.
#[derive(Debug)]
pub struct Matmul<'a> {
    /// `[tokens, k, BLOCK]`
    pub x: &'a [f32],
    /// Weight (k, o) lies at `w[k * w_strides.0 + o * w_strides.1]`: a transposed matrix needs no copy.
    pub w: &'a [f32],
    /// From one k to the next, and from one output to the next.
    pub w_strides: (usize, usize),
    /// `[outputs]`; none means zero.
    pub bias: Option<&'a [f32]>,
    /// `[tokens, outputs, BLOCK]`
    pub out: &'a mut [f32],
    /// Add to `out` instead of overwriting it (the bias is then not used).
    pub accumulate: bool,
    /// Those of all blocks: a layer's tokens times the blocks of the shard.
    pub tokens: usize,
    /// Units of a token; of pairs of units (see [`super::pairs`]) where products are of bf16.
    pub k: usize,
    /// Units of a token's result.
    pub outputs: usize,
}

impl Products for Matmul<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, s: S) {
        let x = columns(self.x);
        let out = columns_mut(std::mem::take(&mut self.out));
        let mut t = 0;
        // Why these tiles: see the module.
        if S::REGISTERS >= 16 {
            while t + 4 <= self.tokens {
                if S::REGISTERS >= 32 {
                    self.outputs_of::<S, T, 4, 4>(s, x, out, t);
                } else {
                    self.outputs_of::<S, T, 4, 3>(s, x, out, t);
                }
                t += 4;
            }
            while t + 2 <= self.tokens {
                self.outputs_of::<S, T, 2, 4>(s, x, out, t);
                t += 2;
            }
            if S::REGISTERS >= 32 && t < self.tokens {
                self.outputs_of::<S, T, 1, 8>(s, x, out, t);
                t += 1;
            }
        }
        while t < self.tokens {
            self.outputs_of::<S, T, 1, 2>(s, x, out, t);
            t += 1;
        }
    }

    #[inline(always)]
    fn multiply_in_tiles<S: Simd>(self, _: S, tiles: Tiles) {
        self.in_tiles(tiles);
    }
}

impl Matmul<'_> {
    /// The outputs are a tile's rows, the rows of a block its columns; each output's weights lie side by side.
    fn in_tiles(self, tiles: Tiles) {
        assert_eq!(
            self.w_strides.0, 1,
            "the terms of an output's weights lie side by side"
        );
        tiles.multiply(TileProduct {
            start: match self.bias {
                _ if self.accumulate => Start::Result,
                Some(bias) => Start::Rows(bias),
                None => Start::Zero,
            },
            a: self.w,
            a_strides: [self.w_strides.1, TILE],
            b: self.x,
            b_strides: [BLOCK, self.k * BLOCK],
            c: self.out,
            c_strides: [BLOCK, self.outputs * BLOCK],
            size: [self.outputs, self.tokens * BLOCK, self.k],
        });
    }

    /// All outputs of the M tokens from `t` on, N at a time.
    #[inline(always)]
    fn outputs_of<S: Simd, T: Term, const M: usize, const N: usize>(
        &self,
        s: S,
        x: &[Column],
        out: &mut [Column],
        t: usize,
    ) {
        let mut o = 0;
        while o + N <= self.outputs {
            self.tile::<S, T, M, N>(s, x, out, [t, o]);
            o += N;
        }
        while o < self.outputs {
            self.tile::<S, T, M, 1>(s, x, out, [t, o]);
            o += 1;
        }
    }

    /// M tokens times N outputs in registers.
    #[inline(always)]
    fn tile<S: Simd, T: Term, const M: usize, const N: usize>(
        &self,
        s: S,
        x: &[Column],
        out: &mut [Column],
        [t, o]: [usize; 2],
    ) {
        // Cut to one length before the loop, so that the loop checks no bounds.
        let mut tokens = [&x[..0]; M];
        for (i, token) in tokens.iter_mut().enumerate() {
            *token = &x[(t + i) * self.k..][..self.k];
        }
        for strip in 0..BLOCK / S::LANES {
            let row = strip * S::LANES;
            let mut acc = [[s.splat(0.0); N]; M];
            for (i, acc) in acc.iter_mut().enumerate() {
                let out = &out[(t + i) * self.outputs + o..][..N];
                for (n, (acc, out)) in acc.iter_mut().zip(out).enumerate() {
                    if self.accumulate {
                        *acc = s.load(out, row);
                    } else if let Some(bias) = self.bias {
                        *acc = s.splat(bias[o + n]);
                    }
                }
            }
            for k in 0..self.k {
                let mut w = [s.splat(0.0); N];
                for (n, w) in w.iter_mut().enumerate() {
                    *w = s.splat(self.w[k * self.w_strides.0 + (o + n) * self.w_strides.1]);
                }
                for (acc, token) in acc.iter_mut().zip(tokens) {
                    let x = s.load(&token[k], row);
                    for (acc, &w) in acc.iter_mut().zip(&w) {
                        *acc = T::add(s, x, w, *acc);
                    }
                }
            }
            for (i, acc) in acc.iter().enumerate() {
                let out = &mut out[(t + i) * self.outputs + o..][..N];
                for (&acc, out) in acc.iter().zip(out) {
                    s.store(acc, out, row);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{arithmetics_of_weights, factor, rounded};
    use crate::kernels::pairs::{Axis, PairWeights};
    use crate::simd::Isa;
    use ndarray::ArrayView2;
    use proptest::prelude::*;

    /// The same product by ndarray (and so by matrixmultiply underneath), with the rows as the left matrix' rows.
    fn oracle(x: &[f32], w: &[f32], [tokens, k, outputs, rows]: [usize; 4]) -> Vec<f32> {
        let w = ArrayView2::from_shape((k, outputs), w).unwrap();
        let mut out = Vec::new();
        for x in x.chunks_exact(k * rows).take(tokens) {
            let x = ArrayView2::from_shape((k, rows), x).unwrap();
            out.extend(w.t().dot(&x).iter());
        }
        out
    }

    /// Weights `[k, outputs]` as products of this precision take them, with their strides, and the same when transposed.
    fn weights(isa: Isa, w: &[f32], outputs: usize) -> [(Vec<f32>, (usize, usize)); 2] {
        if isa.precision().is_f32() {
            return [(w.to_vec(), (outputs, 1)), (w.to_vec(), (1, outputs))];
        }
        let [mut across, mut along] = [vec![f32::NAN; w.len()], vec![f32::NAN; w.len()]];
        isa.multiply(PairWeights {
            w,
            outputs,
            across: &mut across,
            along: &mut along,
        });
        let strides = match isa.in_tiles() {
            true => (1, (w.len() / outputs).div_ceil(2)),
            false => (outputs, 1),
        };
        [(across, strides), (along, (1, outputs.div_ceil(2)))]
    }

    proptest! {
        #[test]
        fn equals_matrixmultiply(
            (tokens, k, outputs) in (1usize..10, 1usize..80, 1usize..40),
            seed in any::<u32>(),
        ) {
            let rows = BLOCK;
            let noise = |n: usize, salt: u32| -> Vec<f32> {
                rounded((0..n as u32).map(|i| crate::kernels::dropout::uniform(seed, salt, i) - 0.5).collect())
            };
            let (x, w) = (noise(tokens * k * rows, 1), noise(k * outputs, 2));
            let (bias, start) = (noise(outputs, 3), noise(tokens * outputs * rows, 4));
            let transposed: Vec<f32> =
                (0..k * outputs).map(|i| w[i % k * outputs + i / k]).collect();
            let product = oracle(&x, &w, [tokens, k, outputs, rows]);
            for isa in arithmetics_of_weights() {
                let x = factor(isa, columns(&x), [tokens, k], Axis::Along);
                let terms = isa.terms(k);
                let [(of_inputs, w_strides), _] = weights(isa, &w, outputs);
                let mut out = start.clone();
                isa.multiply(Matmul {
                    x: x.as_flattened(), w: &of_inputs, w_strides, bias: Some(&bias), out: &mut out,
                    accumulate: false, tokens, k: terms, outputs,
                });
                for (i, (&a, &b)) in out.iter().zip(&product).enumerate() {
                    prop_assert!((a - b - bias[i / rows % outputs]).abs() < 1e-5);
                }
                let mut out = start.clone();
                let [_, (of_outputs, w_strides)] = weights(isa, &transposed, k);
                isa.multiply(Matmul {
                    x: x.as_flattened(), w: &of_outputs, w_strides, bias: None, out: &mut out,
                    accumulate: true, tokens, k: terms, outputs,
                });
                for (i, (&a, &b)) in out.iter().zip(&product).enumerate() {
                    prop_assert!((a - b - start[i]).abs() < 1e-5);
                }
            }
        }
    }
}
