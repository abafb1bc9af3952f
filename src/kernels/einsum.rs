//! Contractions of two tensors of a shard, row by row: what attention is made of.
//!
//! A plan lists, for every output unit, where its operands start, and, for every term of the sum, how far to step from
//! there. The three kernels below walk the same plan.

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

/// `out[o] = sum over terms of a[o.0 + term.0] * b[o.1 + term.1]`, for every row.
#[derive(Debug)]
pub struct Contract<'a> {
    pub plan: &'a Plan,
    /// `[units of a, rows]`
    pub a: &'a [f32],
    /// `[units of b, rows]`
    pub b: &'a [f32],
    /// `[outputs, rows]`
    pub out: &'a mut [f32],
    pub rows: usize,
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.rows;
        for (o, &(a0, b0)) in self.plan.outputs.iter().enumerate() {
            for row in (0..rows).step_by(S::LANES) {
                let mut sum = s.splat(0.0);
                for &(da, db) in &self.plan.terms {
                    let a = s.load(self.a, (a0 + da) as usize * rows + row);
                    let b = s.load(self.b, (b0 + db) as usize * rows + row);
                    sum = s.mul_add(a, b, sum);
                }
                s.store(sum, self.out, o * rows + row);
            }
        }
    }
}

/// Which operand a gradient is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

/// `d_a[o.0 + term.0] += d_out[o] * b[o.1 + term.1]` (or the same with a and b exchanged), for every row.
#[derive(Debug)]
pub struct ContractGrad<'a> {
    pub plan: &'a Plan,
    /// The operand whose gradient is wanted.
    pub side: Side,
    /// The other operand's values.
    pub other: &'a [f32],
    /// `[outputs, rows]`
    pub d_out: &'a [f32],
    /// The wanted gradient.
    pub d_operand: &'a mut [f32],
    pub rows: usize,
}

impl Kernel for ContractGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.rows;
        let sides = |(a, b): Offsets| match self.side {
            Side::A => (a as usize, b as usize),
            Side::B => (b as usize, a as usize),
        };
        for (o, &start) in self.plan.outputs.iter().enumerate() {
            let (own0, other0) = sides(start);
            for row in (0..rows).step_by(S::LANES) {
                let d_out = s.load(self.d_out, o * rows + row);
                for &term in &self.plan.terms {
                    let (own, other) = sides(term);
                    let at = (own0 + own) * rows + row;
                    let other = s.load(self.other, (other0 + other) * rows + row);
                    let sum = s.mul_add(d_out, other, s.load(self.d_operand, at));
                    s.store(sum, self.d_operand, at);
                }
            }
        }
    }
}
