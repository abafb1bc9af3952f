//! The factors of products in bf16: two numbers that are next to each other in a sum share a lane (see [`crate::simd::bf16`]).
//!
//! Which two these are depends on what the product sums over. Of the units `[tokens, k]` of a block, as of any matrix of columns,
//!
//! ```text
//! along a row:    [tokens, k]  ->  [tokens, k / 2]    (x[t][0], x[t][1])  (x[t][2], x[t][3])  ...     sums over k
//! across rows:    [tokens, k]  ->  [tokens / 2, k]    (x[0][k], x[1][k])  (x[2][k], x[3][k])  ...     sums over tokens
//! ```
//!
//! and a last one that has no other gets a 0. The kernels of products then run over half as many terms, and are otherwise the same.

use super::product::Matrix;
use super::{BLOCK, Column};
use crate::simd::{Kernel, Products, Simd, Term, Tiles, bf16};

/// Along which axis of a matrix two neighbours make a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// (row, 2 p) with (row, 2 p + 1).
    Along,
    /// (2 p, column) with (2 p + 1, column).
    Across,
}

impl Axis {
    /// The rows and columns of the pairs of a matrix `[rows, columns]`.
    pub fn paired(self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        match self {
            Axis::Along => [rows, columns.div_ceil(2)],
            Axis::Across => [rows.div_ceil(2), columns],
        }
    }

    /// How many pairs these are, in columns.
    pub fn pairs(self, size: [usize; 2]) -> usize {
        self.paired(size).iter().product()
    }
}

/// Makes pairs of a matrix of columns.
#[derive(Debug)]
pub struct PairUp<'a> {
    /// The columns, and where the matrix lies among them.
    pub x: (&'a [Column], Matrix),
    /// Its rows and columns.
    pub size: [usize; 2],
    /// Which two make a pair.
    pub axis: Axis,
    /// [`Axis::paired`], row after row.
    pub out: &'a mut [Column],
}

impl Products for PairUp<'_> {
    type Output = ();

    /// The terms are pairs whatever `T` is: it chooses the instruction set's own way to make them.
    #[inline(always)]
    fn multiply<S: Simd, T: Term>(self, s: S) {
        pair_up(s, self.x, self.size, self.axis, self.out);
    }
}

/// A matrix of columns as a factor of products of terms `T`: itself, or its pairs, which are made at the beginning of `room`. What is
/// left of the room is for the next.
#[inline(always)]
pub(super) fn factor<'o, 'a: 'o, 'r: 'o, S: Simd, T: Term>(
    s: S,
    (x, at): (&'a [Column], Matrix),
    size: [usize; 2],
    axis: Axis,
    room: &mut &'r mut [Column],
) -> (&'o [Column], Matrix) {
    if !T::PAIRS {
        return (x, at);
    }
    let [rows, stride] = axis.paired(size);
    let (out, rest) = std::mem::take(room).split_at_mut(rows * stride);
    *room = rest;
    pair_up(s, (x, at), size, axis, out);
    (out, Matrix { start: 0, stride })
}

/// [`PairUp`] within another kernel.
#[inline(always)]
pub(super) fn pair_up<S: Simd>(
    s: S,
    (x, at): (&[Column], Matrix),
    size: [usize; 2],
    axis: Axis,
    out: &mut [Column],
) {
    let [rows, columns] = size;
    let row = |row: usize| &x[at.start + row * at.stride..][..columns];
    let width = axis.paired(size)[1];
    for (i, out) in out.chunks_exact_mut(width).enumerate() {
        match axis {
            Axis::Along => {
                let (both, last) = row(i).as_chunks::<2>();
                let (of_both, of_last) = out.split_at_mut(both.len());
                for ([even, odd], out) in both.iter().zip(of_both) {
                    pair(s, even, odd, out);
                }
                for (even, out) in last.iter().zip(of_last) {
                    pair(s, even, &NOTHING, out);
                }
            }
            Axis::Across if 2 * i + 1 < rows => {
                for ((even, odd), out) in row(2 * i).iter().zip(row(2 * i + 1)).zip(out) {
                    pair(s, even, odd, out);
                }
            }
            Axis::Across => {
                for (even, out) in row(2 * i).iter().zip(out) {
                    pair(s, even, &NOTHING, out);
                }
            }
        }
    }
}

static NOTHING: Column = [0.0; BLOCK];

#[inline(always)]
fn pair<S: Simd>(s: S, even: &Column, odd: &Column, out: &mut Column) {
    for lane in (0..BLOCK).step_by(S::LANES) {
        s.store(s.pair(s.load(even, lane), s.load(odd, lane)), out, lane);
    }
}

/// The numbers of pairs of neighbouring columns: [`Axis::Along`] undone. The last pair may have one number only.
#[derive(Debug)]
pub struct Unpair<'a> {
    /// As many as it takes, or more.
    pub pairs: &'a [Column],
    /// Twice as many.
    pub out: &'a mut [Column],
}

impl Kernel for Unpair<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (both, last) = self.out.as_chunks_mut::<2>();
        let (of_both, of_last) = self.pairs.split_at(both.len());
        for lane in (0..BLOCK).step_by(S::LANES) {
            for ([even, odd], pairs) in both.iter_mut().zip(of_both) {
                let numbers = s.unpair(s.load(pairs, lane));
                s.store(numbers[0], even, lane);
                s.store(numbers[1], odd, lane);
            }
            for (even, pairs) in last.iter_mut().zip(of_last) {
                s.store(s.unpair(s.load(pairs, lane))[0], even, lane);
            }
        }
    }
}

/// Pairs of a matrix of weights, `[inputs, outputs]`, both ways.
#[derive(Debug)]
pub struct PairWeights<'a> {
    /// `[inputs, outputs]`
    pub w: &'a [f32],
    /// Numbers of a row.
    pub outputs: usize,
    /// `[inputs / 2, outputs]`, across: what the inputs are multiplied with. As long as `w`, or longer than it takes. In tiles, where an
    /// output's terms lie side by side, it is the other way round: `[outputs, inputs / 2]`.
    pub across: &'a mut [f32],
    /// `[inputs, outputs / 2]`, along: what a gradient of the outputs is multiplied with. Likewise.
    pub along: &'a mut [f32],
}

impl Products for PairWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, _: S) {
        self.pair_along();
        self.pair_across();
    }

    #[inline(always)]
    fn multiply_in_tiles<S: Simd>(mut self, s: S, _: Tiles) {
        self.pair_along();
        self.pair_across_by_outputs(s);
    }
}

impl PairWeights<'_> {
    #[inline(always)]
    fn pair_across(&mut self) {
        let outputs = self.outputs;
        let across = self.across.chunks_exact_mut(outputs);
        for (rows, out) in self.w.chunks(2 * outputs).zip(across) {
            let (even, odd) = rows.split_at(outputs);
            if odd.is_empty() {
                for (out, &even) in out.iter_mut().zip(even) {
                    *out = bf16::pair(even, 0.0);
                }
            }
            for ((out, &even), &odd) in out.iter_mut().zip(even).zip(odd) {
                *out = bf16::pair(even, odd);
            }
        }
    }

    /// 16 pairs of inputs times 16 outputs at a time where there are so many.
    #[inline(always)]
    fn pair_across_by_outputs<S: Simd>(&mut self, s: S) {
        let (inputs, outputs) = (self.w.len() / self.outputs, self.outputs);
        let width = inputs.div_ceil(2);
        let (pairs, tiled) = (inputs / (2 * BLOCK) * BLOCK, outputs / BLOCK * BLOCK);
        let [mut square, mut out] = [[[0.0; BLOCK]; BLOCK]; 2];
        for (p, o) in (0..pairs)
            .step_by(BLOCK)
            .flat_map(|p| (0..tiled).step_by(BLOCK).map(move |o| (p, o)))
        {
            for (i, pairs) in square.iter_mut().enumerate() {
                let even = &self.w[2 * (p + i) * outputs + o..][..BLOCK];
                let odd = &self.w[(2 * (p + i) + 1) * outputs + o..][..BLOCK];
                for lane in (0..BLOCK).step_by(S::LANES) {
                    let of_both = s.pair(s.load(even, lane), s.load(odd, lane));
                    s.store(of_both, pairs, lane);
                }
            }
            s.transpose(square.each_ref(), &mut out);
            for (i, out) in out.iter().enumerate() {
                self.across[(o + i) * width + p..][..BLOCK].copy_from_slice(out);
            }
        }
        let at = |i: usize, o: usize| {
            if i < inputs {
                self.w[i * outputs + o]
            } else {
                0.0
            }
        };
        for o in 0..outputs {
            for p in if o < tiled { pairs } else { 0 }..width {
                self.across[o * width + p] = bf16::pair(at(2 * p, o), at(2 * p + 1, o));
            }
        }
    }

    #[inline(always)]
    fn pair_along(&mut self) {
        let outputs = self.outputs;
        let along = self.along.chunks_exact_mut(outputs.div_ceil(2));
        for (row, out) in self.w.chunks_exact(outputs).zip(along) {
            for (out, two) in out.iter_mut().zip(row.chunks(2)) {
                *out = bf16::pair(two[0], two.get(1).copied().unwrap_or(0.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, PairUp, PairWeights, Unpair};
    use crate::kernels::BLOCK;
    use crate::kernels::oracle::{factor, numbers, units};
    use crate::kernels::product::Matrix;
    use crate::simd::{Isa, Precision, bf16};

    #[test]
    fn neighbours_along_and_across_a_part_of_a_matrix() {
        let (rows, columns, stride) = (5, 3, 4);
        let (x, at) = (units(rows * stride + 1, 1), Matrix { start: 1, stride });
        let element = |row: usize, column: usize, lane: usize| match (row < rows, column < columns)
        {
            (true, true) => x[1 + row * stride + column][lane],
            _ => 0.0,
        };
        for isa in Isa::available() {
            for (axis, paired) in [(Axis::Along, [5, 2]), (Axis::Across, [3, 3])] {
                assert_eq!(axis.paired([rows, columns]), paired);
                let mut out = vec![[f32::NAN; BLOCK]; paired[0] * paired[1]];
                isa.with(Precision::Bf16).multiply(PairUp {
                    x: (&x, at),
                    size: [rows, columns],
                    axis,
                    out: &mut out,
                });
                for (i, out) in out.iter().enumerate() {
                    let (p, q) = (i / paired[1], i % paired[1]);
                    for (lane, got) in out.iter().enumerate() {
                        let [even, odd] = match axis {
                            Axis::Along => [element(p, 2 * q, lane), element(p, 2 * q + 1, lane)],
                            Axis::Across => [element(2 * p, q, lane), element(2 * p + 1, q, lane)],
                        };
                        assert_eq!(
                            got.to_bits(),
                            bf16::pair(even, odd).to_bits(),
                            "{axis:?} {i}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn pairs_come_apart() {
        for isa in Isa::available() {
            for n in 1..8 {
                let (x, mut out) = (units(n, 1), vec![[f32::NAN; BLOCK]; n]);
                // The numbers are bf16, so they lose nothing.
                let pairs = factor(isa.with(Precision::Bf16), &x, [1, n], Axis::Along);
                isa.run(Unpair {
                    pairs: &pairs,
                    out: &mut out,
                });
                assert_eq!(out, x, "{} {n}", isa.name());
            }
        }
    }

    #[test]
    fn weights_are_paired_both_ways() {
        for (inputs, outputs) in [(1, 1), (3, 5), (4, 16), (7, 2), (70, 37)] {
            let w = numbers(inputs * outputs, 1);
            let element = |i: usize, o: usize| match i < inputs && o < outputs {
                true => w[i * outputs + o],
                false => 0.0,
            };
            let [mut across, mut along] = [vec![0.0; w.len()], vec![0.0; w.len()]];
            let isa = Isa::available()[0].with(Precision::Bf16);
            isa.multiply(PairWeights {
                w: &w,
                outputs,
                across: &mut across,
                along: &mut along,
            });
            let bits = |even: f32, odd: f32| bf16::pair(even, odd).to_bits();
            let width = inputs.div_ceil(2);
            let mut turned = vec![f32::NAN; w.len()];
            isa.with(Precision::AmxBf16).multiply(PairWeights {
                w: &w,
                outputs,
                across: &mut turned,
                along: &mut along.clone(),
            });
            for (i, o) in (0..width).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                let pair = bits(element(2 * i, o), element(2 * i + 1, o));
                assert_eq!(across[i * outputs + o].to_bits(), pair);
                assert_eq!(turned[o * width + i].to_bits(), pair);
            }
            let half = outputs.div_ceil(2);
            for (i, o) in (0..inputs).flat_map(|i| (0..half).map(move |o| (i, o))) {
                let pair = bits(element(i, 2 * o), element(i, 2 * o + 1));
                assert_eq!(along[i * half + o].to_bits(), pair);
            }
        }
    }
}
