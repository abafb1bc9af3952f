//! The gradients of a linear layer's weights and bias: sums over all tokens and rows of a shard.

use crate::simd::{Kernel, Simd};

/// `d_w[k][o] += sum over tokens and rows of x[t][k] * d_out[t][o]`.
#[derive(Debug)]
pub struct WeightGrad<'a> {
    /// `[tokens, k, rows]`
    pub x: &'a [f32],
    /// `[tokens, outputs, rows]`
    pub d_out: &'a [f32],
    /// `[k, outputs]`
    pub d_w: &'a mut [f32],
    pub tokens: usize,
    pub k: usize,
    pub outputs: usize,
    pub rows: usize,
}

impl Kernel for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut k = 0;
        while k + 4 <= self.k {
            self.outputs_of::<S, 4>(s, k);
            k += 4;
        }
        while k < self.k {
            self.outputs_of::<S, 1>(s, k);
            k += 1;
        }
    }
}

impl WeightGrad<'_> {
    #[inline(always)]
    fn outputs_of<S: Simd, const K: usize>(&mut self, s: S, k: usize) {
        let mut o = 0;
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
                for i in 0..K {
                    let x = s.load(self.x, x_at + i * self.rows);
                    for n in 0..N {
                        acc[i][n] = s.mul_add(x, d[n], acc[i][n]);
                    }
                }
            }
        }
        for i in 0..K {
            for n in 0..N {
                self.d_w[(k + i) * self.outputs + o + n] += s.reduce_sum(acc[i][n]);
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
