//! A layer of a compressed interaction network (Lian et al. 2018, equation 6): every pair of a map of the layer before and a
//! field, weighted by each filter. All of it within one number of the embedding at a time, k = 0 .. d.
//!
//! ```text
//! out[k][o] = sum_i sum_j weight[i F + j][o] * x[k][i] * x0[j][k]
//! ```
//!
//! The first layer's x is x0 itself. The outer products of a few k are laid out and multiplied with the filters as a linear
//! layer's tokens are; they are made anew for backward, which costs less than fetching them.

use crate::autograd::kind::{CinKind, OpKind};
use crate::autograd::layout::Param;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::matmul::Matmul;
use crate::kernels::outer::{Outer, OuterGrad, Spaced};
use crate::kernels::weight_grad::{Inputs, WeightGrad};
use crate::kernels::{Column, columns, columns_mut};
use crate::simd::{Isa, Precision};

/// So many k at a time: what a register tile of the product wants, and little memory.
const TOKENS: usize = 4;

#[derive(Debug)]
struct Cin {
    weight: Param,
    fields: usize,
    dim: usize,
    /// Of x: those of the layer before, or the fields.
    maps: usize,
    outputs: usize,
    /// Whether x is x0.
    first: bool,
}

impl Tape {
    /// Applies the filters `weight` `[maps * F, o]` to the pairs of `x` `[d, maps]` (or, when there is none, of x0) and `x0`
    /// `[F, d]`; gives `[d, o]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn cin(&mut self, x: Option<&Var>, x0: &Var, weight: &Param) -> Result<Var> {
        let unfit = || {
            let what = format!(
                "expected x [d, maps], x0 [F, d] and a weight [maps * F, o], got {:?}, {:?} and {:?}",
                x.map_or(x0.shape(), Var::shape),
                x0.shape(),
                weight.shape
            );
            Error::shape("cin", what)
        };
        let (&[fields, dim], &[rows, outputs]) = (x0.shape(), weight.shape.as_slice()) else {
            return Err(unfit());
        };
        let maps = match x.map(Var::shape) {
            None => fields,
            Some(&[tokens, maps]) if tokens == dim => maps,
            Some(_) => return Err(unfit()),
        };
        if rows != maps * fields {
            return Err(unfit());
        }
        let op = Cin {
            weight: weight.clone(),
            fields,
            dim,
            maps,
            outputs,
            first: x.is_none(),
        };
        let operands: Vec<&Var> = [x0].into_iter().chain(x).collect();
        Ok(self.record(op, &operands, &[dim, outputs]))
    }
}

impl Cin {
    fn pairs(&self) -> usize {
        self.maps * self.fields
    }

    /// Where number k of all fields lies in a block of x0, `[F, d]`.
    fn of_x0(&self, k: usize) -> Spaced {
        Spaced {
            start: k,
            stride: self.dim,
            len: self.fields,
        }
    }

    /// Where number k of all maps lies in a block of x, `[d, maps]`.
    fn of_x(&self, k: usize) -> Spaced {
        if self.first {
            return self.of_x0(k);
        }
        Spaced {
            start: k * self.maps,
            stride: 1,
            len: self.maps,
        }
    }

    /// The outer products of some k, `[tokens, maps, F]`.
    fn outer(&self, isa: Isa, x: &[Column], x0: &[Column], first: usize, out: &mut [Column]) {
        for (k, out) in (first..).zip(out.chunks_exact_mut(self.pairs())) {
            isa.run(Outer {
                a: (x, self.of_x(k)),
                b: (x0, self.of_x0(k)),
                out,
            });
        }
    }

    /// The k from which some are taken at a time, and how many.
    fn groups(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let dim = self.dim;
        let firsts = (0..dim).step_by(TOKENS);
        firsts.map(move |first| (first, TOKENS.min(dim - first)))
    }

    /// The units of a block of x.
    fn units_of_x(&self) -> usize {
        if self.first {
            self.fields * self.dim
        } else {
            self.maps * self.dim
        }
    }

    /// The gradients of x and x0 from those of one k's outer product.
    fn outer_back(&self, b: &mut Backward<'_>, block: usize, k: usize, d_outer: &[Column]) {
        let own = usize::from(!self.first);
        let [units_0, units] = [self.fields * self.dim, self.units_of_x()];
        let of = |units: usize| block * units..(block + 1) * units;
        let (x0, x) = (
            &columns(b.operands.get(0))[of(units_0)],
            &columns(b.operands.get(own))[of(units)],
        );
        // outer[i][j] = x[i] * x0[j]  =>  d_x[i] += sum_j d_outer[i][j] x0[j]
        b.isa.run(OuterGrad {
            d_out: d_outer,
            strides: (self.fields, 1),
            other: (x0, self.of_x0(k)),
            d: (
                &mut columns_mut(b.d_operands.get(own))[of(units)],
                self.of_x(k),
            ),
        });
        // outer[i][j] = x[i] * x0[j]  =>  d_x0[j] += sum_i d_outer[i][j] x[i]
        b.isa.run(OuterGrad {
            d_out: d_outer,
            strides: (1, self.fields),
            other: (x, self.of_x(k)),
            d: (
                &mut columns_mut(b.d_operands.get(0))[of(units_0)],
                self.of_x0(k),
            ),
        });
    }
}

impl Op for Cin {
    fn name(&self) -> &'static str {
        "cin"
    }

    fn formula(&self) -> &str {
        "out[k][o] = sum_ij weight[i F + j][o] x[k][i] x0[j][k]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Cin(CinKind {
            weight: &self.weight,
            fields: self.fields,
            dim: self.dim,
            maps: self.maps,
            first: self.first,
        })
    }

    /// Of some k of one block: the outer products, their gradients, and the result's gradient transposed.
    fn scratch_units(&self) -> usize {
        TOKENS.min(self.dim) * (2 * self.pairs() + self.outputs)
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let isa = f.isa.with(Precision::F32);
        let weight = &f.parameters.dense[self.weight.range.clone()];
        let x0 = columns(f.operands.get(0)).chunks_exact(self.fields * self.dim);
        let x = columns(f.operands.get(usize::from(!self.first)));
        let x = x.chunks_exact(self.units_of_x());
        let out = f.out.chunks_exact_mut(self.dim * self.outputs * BLOCK);
        for ((x0, x), out) in x0.zip(x).zip(out) {
            for (first, tokens) in self.groups() {
                let outer = &mut f.scratch[..tokens * self.pairs() * BLOCK];
                self.outer(f.isa, x, x0, first, columns_mut(outer));
                isa.multiply(Matmul {
                    x: outer,
                    w: weight,
                    w_strides: (self.outputs, 1),
                    bias: None,
                    out: &mut out[first * self.outputs * BLOCK..][..tokens * self.outputs * BLOCK],
                    accumulate: false,
                    tokens,
                    k: self.pairs(),
                    outputs: self.outputs,
                });
            }
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let (pairs, units) = (self.pairs() * BLOCK, self.outputs * BLOCK);
        let isa = b.isa.with(Precision::F32);
        let scratch = std::mem::take(&mut b.scratch);
        for block in 0..b.rows / BLOCK {
            for (first, tokens) in self.groups() {
                let (outer, rest) = scratch.split_at_mut(tokens * pairs);
                let (d_outer, room) = rest.split_at_mut(tokens * pairs);
                let x0 = columns(b.operands.get(0)).chunks_exact(self.fields * self.dim);
                let x = columns(b.operands.get(usize::from(!self.first)));
                let blocks = x.chunks_exact(self.units_of_x()).zip(x0);
                for (x, x0) in blocks.skip(block).take(1) {
                    self.outer(b.isa, x, x0, first, columns_mut(outer));
                }
                let d_out = &b.d_out[(block * self.dim + first) * units..][..tokens * units];
                // out = outer weight  =>  d_weight += outer^T d_out, over all k and rows
                isa.multiply(WeightGrad {
                    x: Inputs::Plain(outer, &mut room[..tokens * units]),
                    d_out,
                    d_w: &mut b.d_dense[self.weight.range.clone()],
                    tokens,
                    k: self.pairs(),
                    outputs: self.outputs,
                });
                // out = outer weight  =>  d_outer = d_out weight^T
                isa.multiply(Matmul {
                    x: d_out,
                    w: &b.parameters.dense[self.weight.range.clone()],
                    w_strides: (1, self.outputs),
                    bias: None,
                    out: d_outer,
                    accumulate: false,
                    tokens,
                    k: self.outputs,
                    outputs: self.pairs(),
                });
                for (k, d_outer) in (first..).zip(d_outer.chunks_exact(pairs)) {
                    self.outer_back(b, block, k, columns(d_outer));
                }
            }
        }
        b.scratch = scratch;
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let weight = &r.dense[self.weight.range.clone()];
        let x0 = |j: usize, k: usize| r.operands[0][j * self.dim + k];
        let x = |i: usize, k: usize| match self.first {
            true => x0(i, k),
            false => r.operands[1][k * self.maps + i],
        };
        let mut out = Vec::new();
        for k in 0..self.dim {
            for o in 0..self.outputs {
                let mut sum = 0.0;
                for i in 0..self.maps {
                    for j in 0..self.fields {
                        let pair = i * self.fields + j;
                        sum += weight[pair * self.outputs + o] * x(i, k) * x0(j, k);
                    }
                }
                out.push(sum);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("cin", |t| {
            let (x, x0) = (t.input(&[3, 2]), t.input(&[4, 3]));
            let weight = t.parameter("weight", &[8, 3], Init::GlorotUniform, Role::Kernel)?;
            t.cin(Some(&x), &x0, &weight)
        });
    }
}
