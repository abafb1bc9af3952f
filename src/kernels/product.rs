//! Small matrix products whose both factors differ from row to row: the inside of attention.
//!
//! A [`Factor`] is a matrix of vectors: element (m, n) is the vector of `S::LANES` rows that starts at `start + m * strides.0 +
//! n * strides.1`. Transposing is a matter of strides.

use crate::simd::Simd;

/// A matrix inside a slice of activations, one strip of rows wide.
#[derive(Debug, Clone, Copy)]
pub struct Factor {
    /// Where element (0, 0) lies.
    pub start: usize,
    /// How far the next row and the next column of the matrix are.
    pub strides: (usize, usize),
}

impl Factor {
    /// The same numbers with rows and columns exchanged.
    #[inline(always)]
    pub fn transposed(self) -> Factor {
        Factor {
            strides: (self.strides.1, self.strides.0),
            ..self
        }
    }

    #[inline(always)]
    fn at(self, m: usize, n: usize) -> usize {
        self.start + m * self.strides.0 + n * self.strides.1
    }
}

/// What a product does with what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// `c = a b`
    Overwrite,
    /// `c += a b`
    Add,
}

/// `c (+)= a b` for a `[m, p]`, b `[p, n]`, c `[m, n]`, in each lane.
#[inline(always)]
pub fn product<S: Simd>(
    s: S,
    (a, fa): (&[f32], Factor),
    (b, fb): (&[f32], Factor),
    (c, fc): (&mut [f32], Factor),
    [m, n, p]: [usize; 3],
    into: Into,
) {
    let mut row = 0;
    // Tall tiles first, so that any number of rows is covered by few of them.
    if S::REGISTERS >= 32 {
        row = rows::<S, 7>(s, (a, fa), (b, fb), (c, fc), row, [m, n, p], into);
        row = rows::<S, 4>(s, (a, fa), (b, fb), (c, fc), row, [m, n, p], into);
    }
    row = rows::<S, 3>(s, (a, fa), (b, fb), (c, fc), row, [m, n, p], into);
    row = rows::<S, 2>(s, (a, fa), (b, fb), (c, fc), row, [m, n, p], into);
    rows::<S, 1>(s, (a, fa), (b, fb), (c, fc), row, [m, n, p], into);
}

/// As many rows of the result as go in tiles of M; gives the first row left.
#[inline(always)]
fn rows<S: Simd, const M: usize>(
    s: S,
    a: (&[f32], Factor),
    b: (&[f32], Factor),
    (c, fc): (&mut [f32], Factor),
    mut row: usize,
    [m, n, p]: [usize; 3],
    into: Into,
) -> usize {
    while m - row >= M {
        columns::<S, M>(s, a, b, (c, fc), row, [n, p], into);
        row += M;
    }
    row
}

#[inline(always)]
fn columns<S: Simd, const M: usize>(
    s: S,
    a: (&[f32], Factor),
    b: (&[f32], Factor),
    (c, fc): (&mut [f32], Factor),
    row: usize,
    [n, p]: [usize; 2],
    into: Into,
) {
    let mut column = 0;
    while column + 4 <= n {
        tile::<S, M, 4>(s, a, b, (c, fc), [row, column, p], into);
        column += 4;
    }
    while column + 2 <= n {
        tile::<S, M, 2>(s, a, b, (c, fc), [row, column, p], into);
        column += 2;
    }
    while column < n {
        tile::<S, M, 1>(s, a, b, (c, fc), [row, column, p], into);
        column += 1;
    }
}

/// M times N vectors in registers.
#[inline(always)]
fn tile<S: Simd, const M: usize, const N: usize>(
    s: S,
    (a, fa): (&[f32], Factor),
    (b, fb): (&[f32], Factor),
    (c, fc): (&mut [f32], Factor),
    [row, column, p]: [usize; 3],
    into: Into,
) {
    let mut acc = [[s.splat(0.0); N]; M];
    if into == Into::Add {
        for (m, acc) in acc.iter_mut().enumerate() {
            for (n, acc) in acc.iter_mut().enumerate() {
                *acc = s.load(c, fc.at(row + m, column + n));
            }
        }
    }
    for k in 0..p {
        let mut y = [s.splat(0.0); N];
        for (n, y) in y.iter_mut().enumerate() {
            *y = s.load(b, fb.at(k, column + n));
        }
        for (m, acc) in acc.iter_mut().enumerate() {
            let x = s.load(a, fa.at(row + m, k));
            for (acc, &y) in acc.iter_mut().zip(&y) {
                *acc = s.mul_add(x, y, *acc);
            }
        }
    }
    for (m, acc) in acc.iter().enumerate() {
        for (n, &acc) in acc.iter().enumerate() {
            s.store(acc, c, fc.at(row + m, column + n));
        }
    }
}
