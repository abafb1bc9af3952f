//! Contractions of two tensors of a block, row by row: what attention is made of when it is composed.
//!
//! A plan lists, for every output unit, where its operands start, and, for every term of the sum, how far to step from
//! there. The kernels below walk the same plan: one forward, one backward for either operand.

use super::{BLOCK, Column};
use crate::simd::{Kernel, Simd};

/// Offsets in units: operand a's and operand b's.
pub type Offsets = (u32, u32);

/// Where each product of a contraction lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One entry an output unit, in order.
    pub outputs: Vec<Offsets>,
    /// One entry a term of the sum.
    pub terms: Vec<Offsets>,
}

/// `out[o] = sum over terms of a[o.0 + term.0] * b[o.1 + term.1]`, for every row of a block.
#[derive(Debug)]
pub struct Contract<'a> {
    /// For these two operands.
    pub plan: &'a Plan,
    /// Units of a.
    pub a: &'a [Column],
    /// Units of b.
    pub b: &'a [Column],
    /// `[outputs]`
    pub out: &'a mut [Column],
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (out, &(a0, b0)) in self.out.iter_mut().zip(&self.plan.outputs) {
            for lane in (0..BLOCK).step_by(S::LANES) {
                let mut sum = s.splat(0.0);
                for &(da, db) in &self.plan.terms {
                    let a = s.load(&self.a[(a0 + da) as usize], lane);
                    let b = s.load(&self.b[(b0 + db) as usize], lane);
                    sum = s.mul_add(a, b, sum);
                }
                s.store(sum, out, lane);
            }
        }
    }
}

/// Which operand a gradient is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first one, whose offsets come first in a plan.
    A,
    /// The second one.
    B,
}

/// `d_a[o.0 + term.0] += d_out[o] * b[o.1 + term.1]` (or the same with a and b exchanged), for every row of a block.
#[derive(Debug)]
pub struct ContractGrad<'a> {
    /// That of [`Contract`].
    pub plan: &'a Plan,
    /// The operand whose gradient is wanted.
    pub side: Side,
    /// The other operand's units.
    pub other: &'a [Column],
    /// `[outputs]`
    pub d_out: &'a [Column],
    /// The wanted gradient, added to.
    pub d_operand: &'a mut [Column],
}

impl Kernel for ContractGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let sides = |(a, b): Offsets| match self.side {
            Side::A => (a as usize, b as usize),
            Side::B => (b as usize, a as usize),
        };
        for (d_out, &start) in self.d_out.iter().zip(&self.plan.outputs) {
            let (own0, other0) = sides(start);
            for lane in (0..BLOCK).step_by(S::LANES) {
                let d_out = s.load(d_out, lane);
                for &term in &self.plan.terms {
                    let (own, other) = sides(term);
                    let own = &mut self.d_operand[own0 + own];
                    let other = s.load(&self.other[other0 + other], lane);
                    s.store(s.mul_add(d_out, other, s.load(own, lane)), own, lane);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::oracle::{assert_units, units, wide};
    use crate::simd::Isa;

    /// `"i k, k j -> i j"` with 3, 2 and 5.
    fn plan() -> Plan {
        Plan {
            outputs: (0..15).map(|o| (o / 5 * 2, o % 5)).collect(),
            terms: (0..2).map(|k| (k, 5 * k)).collect(),
        }
    }

    #[test]
    fn a_matrix_product_and_both_gradients_are_plain_loops() {
        let (a, b, d_out) = (units(6, 1), units(10, 2), units(15, 3));
        let (a_at, b_at) = (
            |i: usize, k: usize, lane: usize| wide(a[2 * i + k][lane]),
            |k: usize, j: usize, lane: usize| wide(b[5 * k + j][lane]),
        );
        let d_at = |i: usize, j: usize, lane: usize| wide(d_out[5 * i + j][lane]);
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; BLOCK]; 15];
            isa.run(Contract {
                plan: &plan(),
                a: &a,
                b: &b,
                out: &mut out,
            });
            assert_units(isa, &out, |o, lane| {
                (0..2)
                    .map(|k| a_at(o / 5, k, lane) * b_at(k, o % 5, lane))
                    .sum()
            });
            let (mut d_a, mut d_b) = ([[0.5; BLOCK]; 6], [[0.5; BLOCK]; 10]);
            for (side, other, d_operand) in
                [(Side::A, &b, &mut d_a[..]), (Side::B, &a, &mut d_b[..])]
            {
                isa.run(ContractGrad {
                    plan: &plan(),
                    side,
                    other,
                    d_out: &d_out,
                    d_operand,
                });
            }
            assert_units(isa, &d_a, |u, lane| {
                let terms = (0..5).map(|j| d_at(u / 2, j, lane) * b_at(u % 2, j, lane));
                0.5 + terms.sum::<f64>()
            });
            assert_units(isa, &d_b, |u, lane| {
                let terms = (0..3).map(|i| d_at(i, u % 5, lane) * a_at(i, u / 5, lane));
                0.5 + terms.sum::<f64>()
            });
        }
    }
}
