//! Small matrix products whose both factors differ from row to row: the inside of attention.
//!
//! An element of these matrices is a [`Column`], one number for each row of the block. Their own rows and columns are no rows of a batch.

use super::{BLOCK, Column};
use crate::simd::{Products, Simd, Term, With};

/// Where a matrix lies among a block's units: element (m, n) is unit `start + m * stride + n`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix {
    /// The unit of its first element.
    pub start: usize,
    /// From one row of the matrix to the next: more than its width for one head of several.
    pub stride: usize,
}

/// Which factors are transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `c = a b`
    Plain,
    /// `c = a^T b`
    FirstTransposed,
    /// `c = a b^T`
    SecondTransposed,
}

/// `c (+)= a b` in each lane, with c `[m, n]` and p terms a sum; `form` says which factor is stored transposed.
#[derive(Debug)]
pub struct Product<'a> {
    /// How a and b are stored.
    pub form: Form,
    /// A block's units, and where the first factor lies among them.
    pub a: (&'a [Column], Matrix),
    /// The second factor, likewise.
    pub b: (&'a [Column], Matrix),
    /// The result, likewise.
    pub c: (&'a mut [Column], Matrix),
    /// m and n of the result `[m, n]`, and the terms p of each sum: pairs where products are of bf16, see [`super::pairs`].
    pub size: [usize; 3],
    /// Add to c instead of overwriting it.
    pub accumulate: bool,
}

impl<'a> Product<'a> {
    /// One that overwrites c.
    #[inline(always)]
    pub fn new(
        form: Form,
        a: (&'a [Column], Matrix),
        b: (&'a [Column], Matrix),
        c: (&'a mut [Column], Matrix),
        size: [usize; 3],
    ) -> Product<'a> {
        Product {
            form,
            a,
            b,
            c,
            size,
            accumulate: false,
        }
    }

    /// Called, not inlined: attention has six products, and each inlined one is all its tiles again.
    #[inline(always)]
    pub fn call<S: Simd, T: Term>(self, s: S) {
        s.call(With::<_, T>::new(self));
    }
}

impl Products for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(mut self, s: S) {
        let (tallest, _) = largest_tile::<S>();
        let mut row = 0;
        while row < self.size[0] {
            let height = even(self.size[0] - row, tallest);
            match height {
                5 if S::REGISTERS >= 32 => self.rows::<S, T, 5>(s, row),
                4 if S::REGISTERS >= 16 => self.rows::<S, T, 4>(s, row),
                3 if S::REGISTERS >= 16 => self.rows::<S, T, 3>(s, row),
                2 if S::REGISTERS >= 16 => self.rows::<S, T, 2>(s, row),
                _ => self.rows::<S, T, 1>(s, row),
            }
            row += height;
        }
    }
}

/// Rows and columns of the largest tile of the result. Its sums, as many vectors of b as it has columns and one vector of a are in
/// registers at once: 20 + 4 + 1 = 25 of 32, or 12 + 3 + 1 = 16 of 16.
///
/// Five rows rather than the four of [`super::matmul`], and tiles as [`even`] as can be, because these matrices are small: 14 fields
/// are 5, 5, 4 instead of 4, 4, 4, 2. Measured (`benches/README.md`; both factors were cut before the loop in the same change): from
/// 83-89 to 90-107 GFLOP/s.
fn largest_tile<S: Simd>() -> (usize, usize) {
    match S::REGISTERS {
        32.. => (5, 4),
        16.. => (4, 3),
        _ => (1, 2),
    }
}

/// The size of the next tile when `left` are cut into as few and as even ones as possible: a small last tile is slow.
#[inline(always)]
fn even(left: usize, largest: usize) -> usize {
    left.div_ceil(left.div_ceil(largest))
}

impl Product<'_> {
    /// M rows of the result, all of their columns.
    #[inline(always)]
    fn rows<S: Simd, T: Term, const M: usize>(&mut self, s: S, row: usize) {
        let (_, widest) = largest_tile::<S>();
        let mut column = 0;
        while column < self.size[1] {
            let width = even(self.size[1] - column, widest);
            match width {
                4 if S::REGISTERS >= 32 => self.form::<S, T, M, 4>(s, [row, column]),
                3 if S::REGISTERS >= 16 => self.form::<S, T, M, 3>(s, [row, column]),
                2 => self.form::<S, T, M, 2>(s, [row, column]),
                _ => self.form::<S, T, M, 1>(s, [row, column]),
            }
            column += width;
        }
    }

    /// One tile, by the form of the product.
    #[inline(always)]
    fn form<S: Simd, T: Term, const M: usize, const N: usize>(&mut self, s: S, at: [usize; 2]) {
        let ([row, column], p) = (at, self.size[2]);
        match self.form {
            Form::Plain => {
                let a = Rows::<M>::new(self.a, row, p);
                self.tile::<S, T, M, N>(s, a, Slices::<N>::new(self.b, column), at);
            }
            Form::FirstTransposed => {
                let a = Slices::<M>::new(self.a, row);
                self.tile::<S, T, M, N>(s, a, Slices::<N>::new(self.b, column), at);
            }
            Form::SecondTransposed => {
                let a = Rows::<M>::new(self.a, row, p);
                self.tile::<S, T, M, N>(s, a, Rows::<N>::new(self.b, column, p), at);
            }
        }
    }

    /// M times N elements of the result in registers.
    #[inline(always)]
    fn tile<'a, S: Simd, T: Term, const M: usize, const N: usize>(
        &mut self,
        s: S,
        a: impl Elements<'a, M>,
        b: impl Elements<'a, N>,
        [row, column]: [usize; 2],
    ) {
        let c = &mut self.c.0[self.c.1.start + row * self.c.1.stride + column..];
        for strip in 0..BLOCK / S::LANES {
            let lane = strip * S::LANES;
            let mut acc = [[s.splat(0.0); N]; M];
            if self.accumulate {
                for (m, acc) in acc.iter_mut().enumerate() {
                    for (acc, c) in acc.iter_mut().zip(&c[m * self.c.1.stride..][..N]) {
                        *acc = s.load(c, lane);
                    }
                }
            }
            for k in 0..self.size[2] {
                let b = b.of(k);
                let mut y = [s.splat(0.0); N];
                for (y, b) in y.iter_mut().zip(b) {
                    *y = s.load(b, lane);
                }
                for (acc, a) in acc.iter_mut().zip(a.of(k)) {
                    let x = s.load(a, lane);
                    for (acc, &y) in acc.iter_mut().zip(&y) {
                        *acc = T::add(s, x, y, *acc);
                    }
                }
            }
            for (m, acc) in acc.iter().enumerate() {
                for (&acc, c) in acc.iter().zip(&mut c[m * self.c.1.stride..][..N]) {
                    s.store(acc, c, lane);
                }
            }
        }
    }
}

/// Where a tile finds its N elements of term k, with few checks of bounds.
trait Elements<'a, const N: usize> {
    fn of(&self, k: usize) -> [&'a Column; N];
}

/// N rows of a matrix, along which the terms lie: cut to one length, so that a loop over them checks nothing.
struct Rows<'a, const N: usize>([&'a [Column]; N]);

impl<'a, const N: usize> Rows<'a, N> {
    #[inline(always)]
    fn new((columns, at): (&'a [Column], Matrix), first: usize, terms: usize) -> Self {
        let mut rows = [columns; N];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &columns[at.start + (first + i) * at.stride..][..terms];
        }
        Rows(rows)
    }
}

impl<'a, const N: usize> Elements<'a, N> for Rows<'a, N> {
    #[inline(always)]
    fn of(&self, k: usize) -> [&'a Column; N] {
        let mut all = [&ZERO; N];
        for (to, row) in all.iter_mut().zip(self.0) {
            *to = &row[k];
        }
        all
    }
}

/// N neighbouring elements of each row of a matrix, whose rows are the terms.
struct Slices<'a, const N: usize> {
    columns: &'a [Column],
    stride: usize,
}

impl<'a, const N: usize> Slices<'a, N> {
    #[inline(always)]
    fn new((columns, at): (&'a [Column], Matrix), first: usize) -> Self {
        Slices {
            columns: &columns[at.start + first..],
            stride: at.stride,
        }
    }
}

impl<'a, const N: usize> Elements<'a, N> for Slices<'a, N> {
    #[inline(always)]
    fn of(&self, k: usize) -> [&'a Column; N] {
        let mut all = [&ZERO; N];
        for (to, column) in all.iter_mut().zip(&self.columns[k * self.stride..][..N]) {
            *to = column;
        }
        all
    }
}

static ZERO: Column = [0.0; BLOCK];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{arithmetics, assert_units, factor_at, units, wide};
    use crate::kernels::pairs::Axis;
    use crate::simd::Isa;

    /// Sizes that fill tiles and leave rests of every width, of matrices that are parts of wider ones.
    #[test]
    fn all_forms_are_plain_loops() {
        for isa in arithmetics() {
            for [m, n, p] in [[1, 1, 1], [2, 3, 4], [5, 4, 3], [7, 9, 2], [14, 11, 5]] {
                for form in [Form::Plain, Form::FirstTransposed, Form::SecondTransposed] {
                    for accumulate in [false, true] {
                        assert_product(isa, form, [m, n, p], accumulate);
                    }
                }
            }
        }
    }

    /// Terms lie along the rows of a and across those of b, unless they are transposed.
    fn axes(form: Form) -> [Axis; 2] {
        match form {
            Form::Plain => [Axis::Along, Axis::Across],
            Form::FirstTransposed => [Axis::Across, Axis::Across],
            Form::SecondTransposed => [Axis::Along, Axis::Along],
        }
    }

    fn assert_product(isa: Isa, form: Form, size: [usize; 3], accumulate: bool) {
        let [m, n, p] = size;
        let (a_rows, a_width) = match form {
            Form::FirstTransposed => (p, m),
            _ => (m, p),
        };
        let (b_rows, b_width) = match form {
            Form::SecondTransposed => (n, p),
            _ => (p, n),
        };
        // Each begins at unit 1 and has two units between its rows.
        let within = |width: usize| Matrix {
            start: 1,
            stride: width + 2,
        };
        let room = |rows: usize, width: usize| 1 + rows * (width + 2);
        let (a, b) = (
            units(room(a_rows, a_width), 1),
            units(room(b_rows, b_width), 2),
        );
        let before = units(room(m, n), 3);
        let mut c = before.clone();
        let [of_a, of_b] = axes(form);
        let a_pairs = factor_at(isa, (&a, within(a_width)), [a_rows, a_width], of_a);
        let b_pairs = factor_at(isa, (&b, within(b_width)), [b_rows, b_width], of_b);
        isa.multiply(Product {
            form,
            a: (&a_pairs.0, a_pairs.1),
            b: (&b_pairs.0, b_pairs.1),
            c: (&mut c, within(n)),
            size: [m, n, isa.terms(p)],
            accumulate,
        });
        let at = |x: &[Column], width: usize, row: usize, column: usize, lane: usize| {
            wide(x[1 + row * (width + 2) + column][lane])
        };
        assert_units(isa, &c, |unit, lane| {
            let start = wide(before[unit][lane]);
            let Some((i, j)) = unit.checked_sub(1).map(|u| (u / (n + 2), u % (n + 2))) else {
                return start;
            };
            if j >= n {
                return start;
            }
            let term = |k: usize| {
                let a = match form {
                    Form::FirstTransposed => at(&a, a_width, k, i, lane),
                    _ => at(&a, a_width, i, k, lane),
                };
                let b = match form {
                    Form::SecondTransposed => at(&b, b_width, j, k, lane),
                    _ => at(&b, b_width, k, j, lane),
                };
                a * b
            };
            let sum: f64 = (0..p).map(term).sum();
            if accumulate { start + sum } else { sum }
        });
    }
}
