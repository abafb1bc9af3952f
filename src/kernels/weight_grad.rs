//! The gradients of a linear layer's weights and bias: sums over all tokens and rows of a shard.

use crate::simd::{Kernel, MAX_LANES, Simd};

/// `d_w[k][o] += sum over tokens and rows of x[t][k] * d_out[t][o]`.
///
/// Two ways lead there. With the rows in the lanes, a tile of weights collects vectors of partial sums whose lanes are added at
/// the end: good when many tokens share that end. With the *outputs* in the lanes there is no end to share, but `d_out` must
/// be transposed first: good for samples of a single token.
#[derive(Debug)]
pub struct WeightGrad<'a> {
    /// `[tokens, k, rows]`
    pub x: &'a [f32],
    /// `[tokens, outputs, rows]`
    pub d_out: &'a [f32],
    /// `[k, outputs]`
    pub d_w: &'a mut [f32],
    /// Empty, or `tokens * rows` times `outputs`: then the outputs go into the lanes, as far as they fill vectors.
    pub scratch: &'a mut [f32],
    pub tokens: usize,
    pub k: usize,
    pub outputs: usize,
    pub rows: usize,
}

impl Kernel for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut done = 0;
        if !self.scratch.is_empty() {
            done = self.outputs / S::LANES * S::LANES;
            self.outputs_in_lanes(s, done);
        }
        let mut k = 0;
        if S::REGISTERS >= 16 {
            while k + 4 <= self.k {
                self.outputs_from::<S, 4>(s, k, done);
                k += 4;
            }
        }
        while k < self.k {
            self.outputs_from::<S, 1>(s, k, done);
            k += 1;
        }
    }
}

impl WeightGrad<'_> {
    /// The scratch units that a gradient of this shape wants, for samples of so many tokens.
    pub fn scratch_units(tokens: usize, outputs: usize) -> usize {
        if tokens == 1 && outputs >= MAX_LANES {
            outputs
        } else {
            0
        }
    }

    /// The first `outputs` columns.
    #[inline(always)]
    fn outputs_in_lanes<S: Simd>(&mut self, s: S, outputs: usize) {
        for (unit, d_out) in self.d_out.chunks_exact(self.rows).enumerate() {
            let (token, o) = (unit / self.outputs, unit % self.outputs);
            for (row, &d) in d_out.iter().enumerate() {
                self.scratch[(token * self.rows + row) * self.outputs + o] = d;
            }
        }
        let mut o = 0;
        if S::REGISTERS >= 32 {
            while o + 4 * S::LANES <= outputs {
                self.columns::<S, 4>(s, o);
                o += 4 * S::LANES;
            }
        }
        while o < outputs {
            self.columns::<S, 1>(s, o);
            o += S::LANES;
        }
    }

    #[inline(always)]
    fn columns<S: Simd, const N: usize>(&mut self, s: S, o: usize) {
        let mut k = 0;
        if S::REGISTERS >= 16 {
            while k + 4 <= self.k {
                self.lane_tile::<S, 4, N>(s, k, o);
                k += 4;
            }
        }
        while k < self.k {
            self.lane_tile::<S, 1, N>(s, k, o);
            k += 1;
        }
    }

    /// K inputs times N vectors of outputs.
    #[inline(always)]
    fn lane_tile<S: Simd, const K: usize, const N: usize>(&mut self, s: S, k: usize, o: usize) {
        let at = |i: usize, n: usize| (k + i) * self.outputs + o + n * S::LANES;
        let mut acc = [[s.splat(0.0); N]; K];
        for (i, acc) in acc.iter_mut().enumerate() {
            for (n, acc) in acc.iter_mut().enumerate() {
                *acc = s.load(self.d_w, at(i, n));
            }
        }
        for t in 0..self.tokens {
            let x = &self.x[(t * self.k + k) * self.rows..][..K * self.rows];
            let d_out = &self.scratch[t * self.rows * self.outputs..];
            for row in 0..self.rows {
                let mut d = [s.splat(0.0); N];
                for (n, d) in d.iter_mut().enumerate() {
                    *d = s.load(d_out, row * self.outputs + o + n * S::LANES);
                }
                for (i, acc) in acc.iter_mut().enumerate() {
                    let x = s.splat(x[i * self.rows + row]);
                    for (acc, &d) in acc.iter_mut().zip(&d) {
                        *acc = s.mul_add(x, d, *acc);
                    }
                }
            }
        }
        for (i, acc) in acc.iter().enumerate() {
            for (n, &acc) in acc.iter().enumerate() {
                s.store(acc, self.d_w, at(i, n));
            }
        }
    }

    #[inline(always)]
    fn outputs_from<S: Simd, const K: usize>(&mut self, s: S, k: usize, first: usize) {
        let mut o = first;
        if S::REGISTERS >= 32 {
            while o + 4 <= self.outputs {
                self.tile::<S, K, 4>(s, k, o);
                o += 4;
            }
        }
        while o + 2 <= self.outputs {
            self.tile::<S, K, 2>(s, k, o);
            o += 2;
        }
        while o < self.outputs {
            self.tile::<S, K, 1>(s, k, o);
            o += 1;
        }
    }

    /// K inputs times N outputs: one vector of partial sums each, folded at the end.
    #[inline(always)]
    fn tile<S: Simd, const K: usize, const N: usize>(&mut self, s: S, k: usize, o: usize) {
        let mut acc = [[s.splat(0.0); N]; K];
        for t in 0..self.tokens {
            for row in (0..self.rows).step_by(S::LANES) {
                let x_at = (t * self.k + k) * self.rows + row;
                let d_at = (t * self.outputs + o) * self.rows + row;
                let mut d = [s.splat(0.0); N];
                for (n, d) in d.iter_mut().enumerate() {
                    *d = s.load(self.d_out, d_at + n * self.rows);
                }
                for (i, acc) in acc.iter_mut().enumerate() {
                    let x = s.load(self.x, x_at + i * self.rows);
                    for (acc, &d) in acc.iter_mut().zip(&d) {
                        *acc = s.mul_add(x, d, *acc);
                    }
                }
            }
        }
        if K * N == 16 {
            let mut flat = [s.splat(0.0); 16];
            for (i, acc) in acc.iter().enumerate() {
                flat[i * N..(i + 1) * N].copy_from_slice(acc);
            }
            let sums = s.reduce_sums(flat);
            for (i, sums) in sums.chunks_exact(N).enumerate() {
                let at = (k + i) * self.outputs + o;
                for (d_w, sum) in self.d_w[at..at + N].iter_mut().zip(sums) {
                    *d_w += sum;
                }
            }
            return;
        }
        for (i, acc) in acc.iter().enumerate() {
            for (n, &acc) in acc.iter().enumerate() {
                self.d_w[(k + i) * self.outputs + o + n] += s.reduce_sum(acc);
            }
        }
    }
}

/// `d_bias[o] += sum over tokens and rows of d_out[t][o]`.
#[derive(Debug)]
pub struct BiasGrad<'a> {
    /// `[tokens, outputs, rows]`
    pub d_out: &'a [f32],
    /// `[outputs]`
    pub d_bias: &'a mut [f32],
    pub rows: usize,
}

impl Kernel for BiasGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let outputs = self.d_bias.len();
        for (unit, d_out) in self.d_out.chunks_exact(self.rows).enumerate() {
            let mut sum = s.splat(0.0);
            for row in (0..self.rows).step_by(S::LANES) {
                sum = s.add(sum, s.load(d_out, row));
            }
            self.d_bias[unit % outputs] += s.reduce_sum(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;
    use proptest::prelude::*;

    proptest! {
        /// Both ways, with columns left over, against plain sums in f64.
        #[test]
        fn equals_the_sum_over_tokens_and_rows(
            (tokens, k, outputs, strips) in (1usize..4, 1usize..10, 1usize..70, 1usize..3),
            in_lanes: bool,
            seed: u32,
        ) {
            let rows = strips * MAX_LANES;
            let noise = |n: usize, salt: u32| -> Vec<f32> {
                (0..n as u32).map(|i| crate::kernels::dropout::uniform(seed, salt, i) - 0.5).collect()
            };
            let (x, d_out) = (noise(tokens * k * rows, 1), noise(tokens * outputs * rows, 2));
            let start = noise(k * outputs, 3);
            for isa in Isa::available() {
                let mut d_w = start.clone();
                let mut scratch = vec![0.0; if in_lanes { tokens * rows * outputs } else { 0 }];
                isa.run(WeightGrad {
                    x: &x, d_out: &d_out, d_w: &mut d_w, scratch: &mut scratch, tokens, k, outputs, rows,
                });
                for i in 0..k {
                    for o in 0..outputs {
                        let mut sum = f64::from(start[i * outputs + o]);
                        for t in 0..tokens {
                            for r in 0..rows {
                                let x = x[(t * k + i) * rows + r];
                                sum += f64::from(x) * f64::from(d_out[(t * outputs + o) * rows + r]);
                            }
                        }
                        prop_assert!((f64::from(d_w[i * outputs + o]) - sum).abs() < 1e-5);
                    }
                }
            }
        }
    }
}
