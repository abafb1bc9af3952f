//! The gradients of a linear layer's weights and bias: sums over all tokens and rows of a shard.
//!
//! Two ways lead to the weights' gradient, see [`WeightGrad`]. Both keep a tile of K inputs times N outputs in registers, with N vectors
//! of `d_out` and one of x: 4 x 4 takes 16 + 4 + 1 = 21 of 32 registers. With fewer it is 4 x 2, or 4 x 1 where the outputs are in the
//! lanes: 8 + 2 + 1 = 11 of 16, or 4 + 1 + 1 = 6. Sixteen sums are also what [`Simd::reduce_sums`] folds at once.

use super::{BLOCK, Column, columns, columns_mut};
use crate::simd::tiles::{Start, TileProduct};
use crate::simd::{Kernel, Products, Simd, Term, Tiles};

/// Inputs of a tile of weights: with four outputs they make sixteen sums, see the module.
const TILE: usize = 4;

/// `d_w[k][o] += sum over tokens and rows of x[t][k] * d_out[t][o]`.
///
/// Two ways lead there. With the rows in the lanes, a tile of weights collects vectors of partial sums whose lanes are added at
/// the end: good when many tokens share that end. With the *outputs* in the lanes there is no end to share, but `d_out` must
/// be transposed first: good for samples of a single token, and when many inputs share that. Measured (`benches/README.md`): the second
/// way, with the next tile fetched ahead, is worth 3 to 5 % of a `course-best` step.
#[derive(Debug)]
pub struct WeightGrad<'a> {
    /// What was multiplied with the weights.
    pub x: Inputs<'a>,
    /// `[tokens, outputs, BLOCK]`
    pub d_out: &'a [f32],
    /// `[k, outputs]`
    pub d_w: &'a mut [f32],
    /// Those of all blocks: a layer's tokens times the blocks of the shard. Pairs of tokens (see [`super::pairs`]) where products are of
    /// bf16.
    pub tokens: usize,
    /// Units of a token of x: the inputs.
    pub k: usize,
    /// Units of a token of `d_out`.
    pub outputs: usize,
}

/// The inputs of a layer, and with them the way: outputs are in the lanes where there is room for `d_out` transposed, as
/// long as `d_out`. Tiles take plain ones only.
#[derive(Debug)]
pub enum Inputs<'a> {
    /// [`Pack`]ed.
    Packed(&'a [f32], Option<&'a mut [f32]>),
    /// `[tokens, k, BLOCK]`
    Plain(&'a [f32], &'a mut [f32]),
}

/// Lays the inputs out tile by tile: `[k / 4, tokens, 4, BLOCK]`, then what is left, `[k % 4, tokens, BLOCK]`.
///
/// All tokens of a tile's inputs are then contiguous and stay in the nearest cache while `d_out` streams by. Measured
/// (`benches/README.md`): 14 to 24 % of an interacting layer's backward.
#[derive(Debug)]
pub struct Pack<'a> {
    /// `[tokens, k, BLOCK]`
    pub x: &'a [f32],
    /// As long as `x`.
    pub packed: &'a mut [f32],
    /// Units of a token.
    pub k: usize,
}

/// The first input of each of [`Pack`]'s tiles, and how many it has: what does not fill a tile goes one by one.
pub fn tiles(k: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiled = k / TILE * TILE;
    let whole = (0..tiled).step_by(TILE).map(|first| (first, TILE));
    whole.chain((tiled..k).map(|last| (last, 1)))
}

impl Pack<'_> {
    /// Copies.
    pub fn run(self) {
        let Pack { x, packed, k } = self;
        let (x, packed) = (columns(x), columns_mut(packed));
        let tokens = x.len() / k;
        for (first, width) in tiles(k) {
            let tile = &mut packed[first * tokens..];
            for (token, to) in x.chunks_exact(k).zip(tile.chunks_exact_mut(width)) {
                to.copy_from_slice(&token[first..first + width]);
            }
        }
    }
}

impl Products for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, s: S) {
        match std::mem::replace(&mut self.x, Inputs::Packed(&[], None)) {
            Inputs::Packed(x, None) => self.rows_in_lanes::<S, T>(s, x),
            Inputs::Packed(x, Some(room)) => self.outputs_in_lanes::<S, T>(s, x, room, true),
            Inputs::Plain(x, room) => self.outputs_in_lanes::<S, T>(s, x, room, false),
        }
    }

    /// The inputs are a tile's rows, the outputs its columns, and one step is a pair of tokens, all rows of the block.
    #[inline(always)]
    fn multiply_in_tiles<S: Simd>(mut self, s: S, tiles: Tiles) {
        let Inputs::Plain(x, room) = std::mem::replace(&mut self.x, Inputs::Packed(&[], None))
        else {
            panic!("tiles take the inputs as they are");
        };
        self.transpose(s, room);
        self.transpose_last(room);
        let (tiled, last) = (self.tiled(), self.outputs - self.tiled());
        for (first, outputs) in [(0, tiled), (tiled, last)] {
            let width = outputs.min(BLOCK);
            tiles.multiply(TileProduct {
                start: Start::Result,
                a: x,
                a_strides: [BLOCK, self.k * BLOCK],
                b: &room[first * self.tokens * BLOCK..],
                b_strides: [width, self.tokens * BLOCK * BLOCK],
                c: &mut self.d_w[first..],
                c_strides: [self.outputs, BLOCK],
                size: [self.k, outputs, self.tokens * BLOCK],
            });
        }
    }
}

impl WeightGrad<'_> {
    /// Whether a layer on samples of so many tokens is better off with [`Inputs::Packed`].
    pub fn packs(tokens: usize) -> bool {
        tokens > 1
    }

    /// Whether with packed inputs the outputs had better lie in the lanes. Transposing a vector takes about six instructions,
    /// folding a weight's partial sums three.
    pub fn transposes(tokens: usize, k: usize) -> bool {
        k > 2 * tokens
    }

    #[inline(always)]
    fn rows_in_lanes<S: Simd, T: Term>(&mut self, s: S, packed: &[f32]) {
        let (x, t) = (columns(packed), self.tokens);
        let mut k = 0;
        while k + TILE <= self.k {
            self.outputs_of::<S, T, TILE>(s, &x[k * t..(k + TILE) * t], k);
            k += TILE;
        }
        while k < self.k {
            self.outputs_of::<S, T, 1>(s, &x[k * t..(k + 1) * t], k);
            k += 1;
        }
    }

    /// All outputs of K inputs.
    #[inline(always)]
    fn outputs_of<S: Simd, T: Term, const K: usize>(&mut self, s: S, x: &[Column], k: usize) {
        let mut o = 0;
        if S::REGISTERS >= 32 {
            while o + 4 <= self.outputs {
                self.tile::<S, T, K, 4>(s, x, k, o);
                o += 4;
            }
        }
        if S::REGISTERS >= 16 {
            while o + 2 <= self.outputs {
                self.tile::<S, T, K, 2>(s, x, k, o);
                o += 2;
            }
        }
        while o < self.outputs {
            self.tile::<S, T, K, 1>(s, x, k, o);
            o += 1;
        }
    }

    /// K inputs (`[tokens, K]`) times N outputs: one vector of partial sums each, folded at the end.
    #[inline(always)]
    fn tile<S: Simd, T: Term, const K: usize, const N: usize>(
        &mut self,
        s: S,
        x: &[Column],
        k: usize,
        o: usize,
    ) {
        let mut acc = [[s.splat(0.0); N]; K];
        let d_out = columns(self.d_out).chunks_exact(self.outputs);
        for (x, d_out) in x.as_chunks::<K>().0.iter().zip(d_out) {
            let d_out = &d_out[o..o + N];
            for strip in 0..BLOCK / S::LANES {
                let row = strip * S::LANES;
                let mut d = [s.splat(0.0); N];
                for (d, d_out) in d.iter_mut().zip(d_out) {
                    *d = s.load(d_out, row);
                }
                for (acc, x) in acc.iter_mut().zip(x) {
                    let x = s.load(x, row);
                    for (acc, &d) in acc.iter_mut().zip(&d) {
                        *acc = T::add(s, x, d, *acc);
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

    #[inline(always)]
    fn outputs_in_lanes<S: Simd, T: Term>(
        &mut self,
        s: S,
        x: &[f32],
        room: &mut [f32],
        packed: bool,
    ) {
        self.transpose(s, room);
        let (x, d_out) = (columns(x), columns(room));
        let mut o = 0;
        if S::REGISTERS >= 32 {
            while o + 4 * S::LANES <= self.tiled() {
                self.inputs_of::<S, T, 4>(s, x, packed, d_out, o);
                o += 4 * S::LANES;
            }
        }
        while o < self.tiled() {
            self.inputs_of::<S, T, 1>(s, x, packed, d_out, o);
            o += S::LANES;
        }
        while o < self.outputs {
            self.last_output::<S, T>(s, x, packed, o);
            o += 1;
        }
    }

    /// The outputs that fill whole blocks.
    fn tiled(&self) -> usize {
        self.outputs / BLOCK * BLOCK
    }

    /// `d_out` with the outputs in the lanes, `[outputs / BLOCK, tokens, BLOCK rows, BLOCK]`: each block of outputs is one
    /// stream.
    #[inline(always)]
    fn transpose<S: Simd>(&self, s: S, room: &mut [f32]) {
        let d_out = columns(self.d_out);
        let squares = columns_mut(room).as_chunks_mut::<BLOCK>().0.iter_mut();
        for (number, square) in squares.take(self.tiled() / BLOCK * self.tokens).enumerate() {
            let (tile, token) = (number / self.tokens, number % self.tokens);
            let outputs = &d_out[token * self.outputs + tile * BLOCK..];
            if let Some(outputs) = outputs.first_chunk::<BLOCK>() {
                s.transpose(outputs.each_ref(), square);
            }
        }
    }

    /// The outputs that do not fill a block, behind the others: `[tokens, BLOCK rows, outputs left]`.
    fn transpose_last(&self, room: &mut [f32]) {
        let (tiled, left) = (self.tiled(), self.outputs - self.tiled());
        if left == 0 {
            return;
        }
        let tokens = columns(self.d_out).chunks_exact(self.outputs);
        let to = room[tiled * self.tokens * BLOCK..].chunks_exact_mut(left * BLOCK);
        for (token, to) in tokens.zip(to) {
            for (row, to) in to.chunks_exact_mut(left).enumerate() {
                for (to, output) in to.iter_mut().zip(&token[tiled..]) {
                    *to = output[row];
                }
            }
        }
    }

    /// Where the K inputs from k on of the first token lie, and how far those of the next.
    #[inline(always)]
    fn inputs<const K: usize>(&self, packed: bool, k: usize) -> (usize, usize) {
        if packed {
            (k * self.tokens, K)
        } else {
            (k, self.k)
        }
    }

    /// All inputs of N vectors of outputs.
    #[inline(always)]
    fn inputs_of<S: Simd, T: Term, const N: usize>(
        &mut self,
        s: S,
        x: &[Column],
        packed: bool,
        d_out: &[Column],
        o: usize,
    ) {
        let mut k = 0;
        while k + TILE <= self.k {
            let (first, stride) = self.inputs::<TILE>(packed, k);
            self.lane_tile::<S, T, TILE, N>(s, &x[first..], stride, d_out, [k, o]);
            k += TILE;
        }
        while k < self.k {
            let (first, stride) = self.inputs::<1>(packed, k);
            self.lane_tile::<S, T, 1, N>(s, &x[first..], stride, d_out, [k, o]);
            k += 1;
        }
    }

    /// K inputs, of one token after the other `stride` apart, times N vectors of outputs.
    #[inline(always)]
    fn lane_tile<S: Simd, T: Term, const K: usize, const N: usize>(
        &mut self,
        s: S,
        x: &[Column],
        stride: usize,
        d_out: &[Column],
        [k, o]: [usize; 2],
    ) {
        let at = |i: usize, n: usize| (k + i) * self.outputs + o + n * S::LANES;
        let mut acc = [[s.splat(0.0); N]; K];
        for (i, acc) in acc.iter_mut().enumerate() {
            for (n, acc) in acc.iter_mut().enumerate() {
                s.prefetch(self.d_w, at(i + K, n));
                *acc = s.load(self.d_w, at(i, n));
            }
        }
        let samples = self.tokens * BLOCK;
        let mut outputs = [&d_out[..0]; N];
        for (n, outputs) in outputs.iter_mut().enumerate() {
            *outputs = &d_out[(o + n * S::LANES) / BLOCK * samples..][..samples];
        }
        for t in 0..self.tokens {
            let x = &x[t * stride..][..K];
            for row in 0..BLOCK {
                let mut d = [s.splat(0.0); N];
                for (n, (d, outputs)) in d.iter_mut().zip(outputs).enumerate() {
                    *d = s.load(&outputs[t * BLOCK + row], (o + n * S::LANES) % BLOCK);
                }
                for (acc, x) in acc.iter_mut().zip(x) {
                    let x = s.splat(x[row]);
                    for (acc, &d) in acc.iter_mut().zip(&d) {
                        *acc = T::add(s, x, d, *acc);
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

    /// An output that is left when the others fill vectors.
    #[inline(always)]
    fn last_output<S: Simd, T: Term>(&mut self, s: S, x: &[Column], packed: bool, o: usize) {
        let d_out = columns(self.d_out);
        for k in 0..self.k {
            // A packed tile's inputs lie side by side.
            let (tile, last) = (k / TILE * TILE, self.k / TILE * TILE);
            let (first, stride) = match (packed, k < last) {
                (true, true) => (tile * self.tokens + k - tile, TILE),
                (true, false) => self.inputs::<1>(packed, k),
                (false, _) => (k, self.k),
            };
            let mut sum = s.splat(0.0);
            for t in 0..self.tokens {
                let (x, d) = (&x[first + t * stride], &d_out[t * self.outputs + o]);
                for strip in 0..BLOCK / S::LANES {
                    let row = strip * S::LANES;
                    let (x, d) = (s.load(x, row), s.load(d, row));
                    sum = T::add(s, x, d, sum);
                }
            }
            self.d_w[k * self.outputs + o] += s.reduce_sum(sum);
        }
    }
}

/// `d_bias[o] += sum over tokens and rows of d_out[t][o]`.
#[derive(Debug)]
pub struct BiasGrad<'a> {
    /// `[tokens, outputs, BLOCK]`
    pub d_out: &'a [f32],
    /// `[outputs]`
    pub d_bias: &'a mut [f32],
}

impl Kernel for BiasGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let outputs = self.d_bias.len();
        let tokens = columns(self.d_out).chunks_exact(outputs);
        let (tiles, rest) = self.d_bias.as_chunks_mut::<16>();
        let tiled = 16 * tiles.len();
        for (tile, d_bias) in tiles.iter_mut().enumerate() {
            let mut sums = [s.splat(0.0); 16];
            for token in tokens.clone() {
                for (sum, d_out) in sums.iter_mut().zip(&token[16 * tile..16 * tile + 16]) {
                    for strip in 0..BLOCK / S::LANES {
                        *sum = s.add(*sum, s.load(d_out, strip * S::LANES));
                    }
                }
            }
            for (d_bias, sum) in d_bias.iter_mut().zip(s.reduce_sums(sums)) {
                *d_bias += sum;
            }
        }
        for (o, d_bias) in rest.iter_mut().enumerate() {
            let mut sum = s.splat(0.0);
            for token in tokens.clone() {
                for strip in 0..BLOCK / S::LANES {
                    sum = s.add(sum, s.load(&token[tiled + o], strip * S::LANES));
                }
            }
            *d_bias += s.reduce_sum(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{arithmetics_of_weights, factor, rounded};
    use crate::kernels::pairs::Axis;
    use proptest::prelude::*;

    proptest! {
        /// All ways, with outputs left over, against plain sums in f64.
        #[test]
        fn equals_the_sum_over_tokens_and_rows(
            (tokens, k, outputs) in (1usize..6, 1usize..40, 1usize..70),
            way in 0..3,
            seed: u32,
        ) {
            let rows = BLOCK;
            let noise = |n: usize, salt: u32| -> Vec<f32> {
                rounded((0..n as u32).map(|i| crate::kernels::dropout::uniform(seed, salt, i) - 0.5).collect())
            };
            let (x, d_out) = (noise(tokens * k * rows, 1), noise(tokens * outputs * rows, 2));
            let start = noise(k * outputs, 3);
            for isa in arithmetics_of_weights() {
                let across = |x: &[f32], k: usize| {
                    factor(isa, columns(x), [tokens, k], Axis::Across).into_flattened()
                };
                let (x_terms, d_terms) = (across(&x, k), across(&d_out, outputs));
                let mut d_w = start.clone();
                let (mut room, mut packed) = (vec![0.0; d_terms.len()], vec![0.0; x_terms.len()]);
                Pack { x: &x_terms, packed: &mut packed, k }.run();
                let inputs = match way {
                    _ if isa.in_tiles() => Inputs::Plain(&x_terms, &mut room),
                    0 => Inputs::Plain(&x_terms, &mut room),
                    1 => Inputs::Packed(&packed, Some(&mut room)),
                    _ => Inputs::Packed(&packed, None),
                };
                isa.multiply(WeightGrad {
                    x: inputs, d_out: &d_terms, d_w: &mut d_w, tokens: isa.terms(tokens), k, outputs,
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
