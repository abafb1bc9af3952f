//! Sums of products of bf16 in tiles: what Intel's AMX does, in plain Rust. The definition, and what is run on a processor without it.
//!
//! A tile is a matrix of up to 16 rows of 64 bytes in a register of its own. One instruction multiplies two of them, `[16, 16]` pairs
//! (see [`super::bf16`]) each, and adds the product to a third, of 16 x 16 f32. A sum of many products goes in *steps* of so many:
//!
//! ```text
//! step(sum, a, b)   = sum + (even + odd)      even = a[0]0 b[0]0 + a[1]0 b[1]0 + ...     of up to 16 pairs
//!                                             odd  = a[0]1 b[0]1 + a[1]1 b[1]1 + ...
//! ```
//!
//! where `even` and `odd` begin with 0 and every product is added by a fused multiply-add; every step is rounded once, to f32, and numbers
//! too small to be normal are 0, before and after (Intel, "Architecture Instruction Set Extensions Programming Reference", 319433-040,
//! `TDPBF16PS`). That is another order of additions than [`super::bf16::dot_pair`]'s, so it is another precision with other last bits;
//! a test holds the instruction to this text wherever it is there.

use super::bf16::{flushed, halves};

/// Rows and columns of a tile, and pairs of a step.
pub const TILE: usize = 16;

/// What the sums of a [`TileProduct`] begin with.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// 0.
    Zero,
    /// One number for each row of the result: a bias.
    Rows(&'a [f32]),
    /// What the result holds before.
    Result,
}

/// `c = start + a b`, in steps of [`TILE`] pairs.
///
/// Rows of the result go 16 by 16, and so do its columns; a number of columns that is no multiple of 16 is less than 16.
#[derive(Debug)]
pub struct TileProduct<'a> {
    /// What is added to.
    pub start: Start<'a>,
    /// `[m, terms]`, pairs. A row's pairs of one step are side by side.
    pub a: &'a [f32],
    /// From one row to the next, and from one step to the next.
    pub a_strides: [usize; 2],
    /// `[terms, n]`, pairs. A row's pairs of one tile are side by side.
    pub b: &'a [f32],
    /// From one row to the next, and from one tile of columns to the next.
    pub b_strides: [usize; 2],
    /// `[m, n]`. A row's numbers of one tile are side by side.
    pub c: &'a mut [f32],
    /// Likewise.
    pub c_strides: [usize; 2],
    /// m, n, and the terms of each sum, which are pairs.
    pub size: [usize; 3],
}

impl TileProduct<'_> {
    /// Columns of a tile.
    pub(super) fn width(&self) -> usize {
        self.size[1].min(TILE)
    }

    /// That every number which is read or written is there.
    pub(super) fn check(&self) {
        // Wider than strides, so that no product of them wraps around to something small.
        let wide = |n: usize| n as u128;
        let last = |n: usize, stride: usize| (wide(n) - 1) * wide(stride);
        let ([m, n, terms], width) = (self.size, self.width());
        let columns = n.div_ceil(TILE);
        assert!(n < TILE || n.is_multiple_of(TILE), "{n} columns");
        let ([row, step], steps) = (self.a_strides, terms.div_ceil(TILE));
        // Of the last step, and of the one before, which is whole.
        let pairs = (terms - 1) % TILE + 1;
        let before = if steps > 1 {
            last(steps - 1, step) + wide(TILE)
        } else {
            0
        };
        let end_of_a = last(m, row) + before.max(last(steps, step) + wide(pairs));
        let [row, tile] = self.b_strides;
        let end_of_b = last(columns, tile) + last(terms, row) + wide(width);
        let [row, tile] = self.c_strides;
        let end_of_c = last(columns, tile) + last(m, row) + wide(width);
        let ends = [end_of_a, end_of_b, end_of_c];
        for (end, of) in ends.into_iter().zip([self.a, self.b, self.c]) {
            assert!(end <= wide(of.len()), "{end} numbers of {}", of.len());
        }
        if let Start::Rows(numbers) = self.start {
            assert_eq!(numbers.len(), m, "one number for each row of the result");
        }
    }

    /// Makes it as it is written here.
    #[inline(always)]
    pub(super) fn plain(self) {
        let ([m, n, terms], width) = (self.size, self.width());
        let [(a_row, a_step), (b_row, b_tile), (c_row, c_tile)] =
            [self.a_strides, self.b_strides, self.c_strides].map(|[a, b]| (a, b));
        for (i, tile) in (0..m).flat_map(|i| (0..n.div_ceil(TILE)).map(move |tile| (i, tile))) {
            let c = &mut self.c[i * c_row + tile * c_tile..][..width];
            let mut sums = [0.0; TILE];
            match self.start {
                Start::Zero => {}
                Start::Rows(numbers) => sums.fill(numbers[i]),
                Start::Result => sums[..width].copy_from_slice(c),
            }
            for (step, first) in (0..terms).step_by(TILE).enumerate() {
                let a = &self.a[i * a_row + step * a_step..][..TILE.min(terms - first)];
                add_step(
                    a,
                    &self.b[tile * b_tile + first * b_row..],
                    b_row,
                    &mut sums,
                );
            }
            c.copy_from_slice(&sums[..width]);
        }
    }
}

/// One step of up to 16 sums, whose second factors lie side by side, each term's `b_row` from the last one's.
#[inline(always)]
fn add_step(a: &[f32], b: &[f32], b_row: usize, sums: &mut [f32; TILE]) {
    let [mut even, mut odd] = [[0.0; TILE]; 2];
    for (&a, b) in a.iter().zip(b.chunks(b_row)) {
        let [a0, a1] = halves(a).map(flushed);
        for ((even, odd), &b) in even.iter_mut().zip(&mut odd).zip(b) {
            let [b0, b1] = halves(b).map(flushed);
            *even = flushed(a0.mul_add(b0, *even));
            *odd = flushed(a1.mul_add(b1, *odd));
        }
    }
    for (sum, (even, odd)) in sums.iter_mut().zip(even.into_iter().zip(odd)) {
        *sum = flushed(flushed(*sum) + flushed(even + odd));
    }
}

/// One sum of one step, for tests.
#[cfg(test)]
pub(super) fn step(sum: f32, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [sum; TILE];
    add_step(a, b, 1, &mut sums);
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::super::bf16::pair;
    use super::*;

    #[test]
    fn even_and_odd_products_are_added_apart_and_then_to_the_sum() {
        let two = [pair(2.0, 3.0), pair(5.0, 7.0)];
        assert_eq!(step(100.0, &two, &two), 100.0 + (29.0 + 58.0));
        // Far more than the sum, but they add up to nothing before they come to it: it keeps its last bit.
        let big = 2f32.powi(15);
        let [a, b] = [[pair(big, 0.0), pair(-big, 0.0)], [pair(big, 0.0); 2]];
        assert_eq!(step(1.0 + f32::EPSILON, &a, &b), 1.0 + f32::EPSILON);
        // Odd ones are not added to even ones until the end of the step, where 2^-24 beside 1 is lost.
        let (one, small) = (pair(1.0, 2f32.powi(-12)), pair(1.0, 2f32.powi(-12)));
        assert_eq!(step(0.0, &[one], &[small]), 1.0);
        assert_eq!(step(-1.0, &[one], &[small]), 0.0);
        assert_eq!(step(f32::MIN_POSITIVE / 2.0, &[0.0], &[0.0]), 0.0);
    }
}
