//! Outer products of a block: what a compressed interaction network multiplies its filters with.

use super::{BLOCK, Column};
use crate::simd::{Kernel, Simd};

/// Equally spaced columns: number i is column `start + i * stride`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spaced {
    /// The first one's number.
    pub start: usize,
    /// From one to the next.
    pub stride: usize,
    /// How many there are.
    pub len: usize,
}

impl Spaced {
    #[inline(always)]
    fn at(self, i: usize) -> usize {
        self.start + i * self.stride
    }
}

/// `out[i][j] = a[i] * b[j]`
#[derive(Debug)]
pub struct Outer<'a> {
    /// A block's columns, and which of them.
    pub a: (&'a [Column], Spaced),
    /// The second factor, likewise.
    pub b: (&'a [Column], Spaced),
    /// `[len of a, len of b]`, overwritten.
    pub out: &'a mut [Column],
}

impl Kernel for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let ((a, of_a), (b, of_b)) = (self.a, self.b);
        for (i, out) in self.out.chunks_exact_mut(of_b.len).enumerate() {
            for lane in (0..BLOCK).step_by(S::LANES) {
                let a = s.load(&a[of_a.at(i)], lane);
                for (j, out) in out.iter_mut().enumerate() {
                    s.store(s.mul(a, s.load(&b[of_b.at(j)], lane)), out, lane);
                }
            }
        }
    }
}

/// The gradient of one factor of [`Outer`]: `d[i] += sum_j d_out[i * strides.0 + j * strides.1] * other[j]`.
#[derive(Debug)]
pub struct OuterGrad<'a> {
    /// The gradient of the products.
    pub d_out: &'a [Column],
    /// From one number of the wanted factor to the next, and from one of the other to the next.
    pub strides: (usize, usize),
    /// The other factor.
    pub other: (&'a [Column], Spaced),
    /// The wanted factor's gradient, added to.
    pub d: (&'a mut [Column], Spaced),
}

impl Kernel for OuterGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let ((other, of_other), (d, of_d)) = (self.other, self.d);
        for i in 0..of_d.len {
            for lane in (0..BLOCK).step_by(S::LANES) {
                let d = &mut d[of_d.at(i)];
                let mut sum = s.load(d, lane);
                for j in 0..of_other.len {
                    let d_out = &self.d_out[i * self.strides.0 + j * self.strides.1];
                    let other = &other[of_other.at(j)];
                    sum = s.mul_add(s.load(d_out, lane), s.load(other, lane), sum);
                }
                s.store(sum, d, lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_units, units, wide};
    use crate::simd::Isa;

    #[test]
    fn products_and_both_gradients_are_plain_loops() {
        let (a, b, d_out) = (units(7, 1), units(5, 2), units(15, 3));
        let of = |start, stride, len| Spaced { start, stride, len };
        let (of_a, of_b) = (of(1, 2, 3), of(0, 1, 5));
        let a_at = |i: usize, lane: usize| wide(a[1 + 2 * i][lane]);
        let b_at = |j: usize, lane: usize| wide(b[j][lane]);
        let d_at = |i: usize, j: usize, lane: usize| wide(d_out[5 * i + j][lane]);
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; BLOCK]; 15];
            isa.run(Outer {
                a: (&a, of_a),
                b: (&b, of_b),
                out: &mut out,
            });
            assert_units(isa, &out, |o, lane| a_at(o / 5, lane) * b_at(o % 5, lane));
            let (mut d_a, mut d_b) = ([[0.5; BLOCK]; 7], [[0.5; BLOCK]; 5]);
            isa.run(OuterGrad {
                d_out: &d_out,
                strides: (5, 1),
                other: (&b, of_b),
                d: (&mut d_a, of_a),
            });
            isa.run(OuterGrad {
                d_out: &d_out,
                strides: (1, 5),
                other: (&a, of_a),
                d: (&mut d_b, of_b),
            });
            assert_units(isa, &d_a, |unit, lane| {
                let terms = (0..5).map(|j| d_at((unit - 1) / 2, j, lane) * b_at(j, lane));
                // Units 1, 3 and 5 are factors; the others are none's.
                0.5 + if unit % 2 == 1 {
                    terms.sum::<f64>()
                } else {
                    0.0
                }
            });
            assert_units(isa, &d_b, |j, lane| {
                let terms = (0..3).map(|i| d_at(i, j, lane) * a_at(i, lane));
                0.5 + terms.sum::<f64>()
            });
        }
    }
}
