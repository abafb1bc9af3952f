//! The product of every linear layer: one small weight matrix times the tokens of a shard.
//!
//! `out[t][o] (+)= bias[o] + sum_k x[t][k] * w[k][o]`, for every row of the shard at once. A register tile keeps several
//! (token, strip) vectors times several outputs in registers and runs down k: each weight is broadcast once for all its
//! vectors, each vector is loaded once for all its outputs.

use crate::simd::{Kernel, Simd};

/// A product of tokens and weights.
#[derive(Debug)]
pub struct Matmul<'a> {
    /// `[tokens, k, rows]`
    pub x: &'a [f32],
    /// Weight (k, o) lies at `w[k * w_strides.0 + o * w_strides.1]`: a transposed matrix needs no copy.
    pub w: &'a [f32],
    pub w_strides: (usize, usize),
    /// `[outputs]`; none means zero.
    pub bias: Option<&'a [f32]>,
    /// `[tokens, outputs, rows]`
    pub out: &'a mut [f32],
    /// Add to `out` instead of overwriting it (the bias is then not used).
    pub accumulate: bool,
    pub tokens: usize,
    pub k: usize,
    pub outputs: usize,
    pub rows: usize,
}

impl Kernel for Matmul<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let vectors = self.tokens * (self.rows / S::LANES);
        let mut v = 0;
        if S::REGISTERS >= 32 {
            while v + 7 <= vectors {
                self.outputs_of::<S, 7, 4>(s, v);
                v += 7;
            }
            while v + 2 <= vectors {
                self.outputs_of::<S, 2, 8>(s, v);
                v += 2;
            }
        }
        while v + 3 <= vectors {
            self.outputs_of::<S, 3, 4>(s, v);
            v += 3;
        }
        while v < vectors {
            self.outputs_of::<S, 1, 8>(s, v);
            v += 1;
        }
    }
}

impl Matmul<'_> {
    /// All outputs of the V vectors from `v` on, N at a time.
    #[inline(always)]
    fn outputs_of<S: Simd, const V: usize, const N: usize>(&mut self, s: S, v: usize) {
        let mut o = 0;
        while o + N <= self.outputs {
            self.tile::<S, V, N>(s, v, o);
            o += N;
        }
        while o < self.outputs {
            self.tile::<S, V, 1>(s, v, o);
            o += 1;
        }
    }

    /// V vectors times N outputs in registers.
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const N: usize>(&mut self, s: S, v: usize, o: usize) {
        let strips = self.rows / S::LANES;
        let place = |i: usize| ((v + i) / strips, (v + i) % strips * S::LANES);
        let mut from = [0; V];
        let mut to = [0; V];
        for i in 0..V {
            let (token, row) = place(i);
            from[i] = token * self.k * self.rows + row;
            to[i] = (token * self.outputs + o) * self.rows + row;
        }
        let mut acc = [[s.splat(0.0); N]; V];
        for (acc, to) in acc.iter_mut().zip(to) {
            for (n, acc) in acc.iter_mut().enumerate() {
                if self.accumulate {
                    *acc = s.load(self.out, to + n * self.rows);
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
            for (acc, from) in acc.iter_mut().zip(from) {
                let x = s.load(self.x, from + k * self.rows);
                for (acc, &w) in acc.iter_mut().zip(&w) {
                    *acc = s.mul_add(x, w, *acc);
                }
            }
        }
        for (acc, to) in acc.iter().zip(to) {
            for (n, &acc) in acc.iter().enumerate() {
                s.store(acc, self.out, to + n * self.rows);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
        #[test]
        fn equals_matrixmultiply(
            (tokens, k, outputs, strips) in (1usize..10, 1usize..20, 1usize..20, 1usize..4),
            seed in any::<u32>(),
        ) {
            let rows = strips * crate::simd::MAX_LANES;
            let noise = |n: usize, salt: u32| -> Vec<f32> {
                (0..n as u32).map(|i| crate::kernels::dropout::uniform(seed, salt, i) - 0.5).collect()
            };
            let (x, w) = (noise(tokens * k * rows, 1), noise(k * outputs, 2));
            let (bias, start) = (noise(outputs, 3), noise(tokens * outputs * rows, 4));
            let transposed: Vec<f32> =
                (0..k * outputs).map(|i| w[i % k * outputs + i / k]).collect();
            let product = oracle(&x, &w, [tokens, k, outputs, rows]);
            for isa in Isa::available() {
                let mut out = start.clone();
                isa.run(Matmul {
                    x: &x, w: &w, w_strides: (outputs, 1), bias: Some(&bias), out: &mut out,
                    accumulate: false, tokens, k, outputs, rows,
                });
                for (i, (&a, &b)) in out.iter().zip(&product).enumerate() {
                    prop_assert!((a - b - bias[i / rows % outputs]).abs() < 1e-5);
                }
                let mut out = start.clone();
                isa.run(Matmul {
                    x: &x, w: &transposed, w_strides: (1, k), bias: None, out: &mut out,
                    accumulate: true, tokens, k, outputs, rows,
                });
                for (i, (&a, &b)) in out.iter().zip(&product).enumerate() {
                    prop_assert!((a - b - start[i]).abs() < 1e-5);
                }
            }
        }
    }
}
