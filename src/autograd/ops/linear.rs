//! `out[t][o] = bias[o] + sum_k x[t][k] * weight[k][o]`: the same weights for every token t.

use crate::autograd::factors::{factor, packed};
use crate::autograd::fields::TableRows;
use crate::autograd::kind::{Affine, OpKind};
use crate::autograd::layout::Param;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Freeze, Op, used_in};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::lookup::IntoLanes;
use crate::kernels::matmul::Matmul;
use crate::kernels::pairs::Axis;
use crate::kernels::row::MatmulRow;
use crate::kernels::weight_grad::{BiasGrad, Inputs, WeightGrad};
use crate::kernels::{columns, columns_mut};
use crate::simd::{Isa, Precision};

/// So few rows that their outputs had better lie in the lanes than they themselves.
const FEW_ROWS: usize = 4;

#[derive(Debug)]
struct Linear {
    weight: Param,
    bias: Option<Param>,
    tokens: usize,
    k: usize,
    outputs: usize,
}

impl Tape {
    /// Applies `weight` `[k, o]` and `bias` `[o]` to the last axis of `x` `[tokens, k]` (or `[k]`); gives `[tokens, o]`
    /// (or `[o]`).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn linear(&mut self, x: &Var, weight: &Param, bias: Option<&Param>) -> Result<Var> {
        let (tokens, k) = match *x.shape() {
            [k] => (1, k),
            [tokens, k] => (tokens, k),
            _ => {
                return Err(Error::shape(
                    "linear",
                    format!(
                        "expected x of shape [tokens, k] or [k], got {:?}",
                        x.shape()
                    ),
                ));
            }
        };
        let &[rows, outputs] = weight.shape.as_slice() else {
            return Err(Error::shape(
                "linear",
                format!("expected a weight of two axes, got {:?}", weight.shape),
            ));
        };
        if rows != k || bias.is_some_and(|b| b.shape != [outputs]) {
            let what = format!(
                "x {:?}, weight {:?} and bias {:?} do not fit",
                x.shape(),
                weight.shape,
                bias.map(|b| &b.shape)
            );
            return Err(Error::shape("linear", what));
        }
        let mut shape = x.shape().to_vec();
        shape[x.shape().len() - 1] = outputs;
        let op = Linear {
            weight: weight.clone(),
            bias: bias.cloned(),
            tokens,
            k,
            outputs,
        };
        Ok(self.record(op, &[x], &shape))
    }
}

impl Linear {
    /// The sum of the fields' frozen parts: a tile of outputs of a block of rows at a time.
    fn forward_frozen(&self, f: &mut Forward<'_>) {
        let dense = &f.parameters.dense;
        let bias = self.bias.as_ref().map(|b| &dense[b.range.clone()]);
        let blocks = columns_mut(f.out).chunks_exact_mut(self.outputs);
        for (block, out) in blocks.enumerate() {
            let first = f.shard.first_row + block * BLOCK;
            let samples = first..first + used_in(block, f.shard.used);
            if samples.is_empty() {
                out.fill([0.0; BLOCK]);
                continue;
            }
            for (tile, out) in out.chunks_mut(BLOCK).enumerate() {
                let outputs = tile * BLOCK..tile * BLOCK + out.len();
                let mut rows = [[0.0; BLOCK]; BLOCK];
                if let Some(bias) = bias {
                    let bias = &bias[outputs.clone()];
                    rows.iter_mut()
                        .for_each(|row| row[..bias.len()].copy_from_slice(bias));
                }
                let parts = TableRows {
                    paired: false,
                    rows: &f.frozen[outputs.start..],
                    stride: self.outputs,
                };
                for field in &f.shard.batch.fields {
                    parts.add(f.isa, field, samples.clone(), out.len(), &mut rows);
                }
                f.isa.run(IntoLanes { rows: &rows, out });
            }
        }
    }
}

impl Op for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn formula(&self) -> &str {
        "out[t][o] = bias[o] + sum_k x[t][k] weight[k][o]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Linear {
            map: Affine {
                weight: &self.weight,
                bias: self.bias.as_ref(),
            },
            tokens: self.tokens,
        }
    }

    /// Of backward: x packed or the result's gradient transposed (in tiles always this), and before it the pairs of both. (That is more
    /// than the pairs that forward makes, or backward for x.)
    fn scratch_units(&self) -> usize {
        let (x, d_out) = (self.tokens * self.k, self.tokens * self.outputs);
        x + d_out + x.max(d_out)
    }

    /// Of the product of all fields' embeddings, one after the other: the field's part, without the bias.
    fn frozen_units(&self, _: Isa) -> usize {
        if self.tokens == 1 { self.outputs } else { 0 }
    }

    fn freeze(&self, z: &mut Freeze<'_>) {
        let dim = z.embeddings.len() / BLOCK;
        let mut room = std::mem::take(&mut z.scratch);
        // A field of an odd number of units shares a pair with the next one.
        let (isa, (weight, w_strides)) = if dim.is_multiple_of(2) {
            (z.isa, z.weights.matrix(&self.weight))
        } else {
            let all = &z.parameters.dense[self.weight.range.clone()];
            (z.isa.with(Precision::F32), (all, (self.outputs, 1)))
        };
        let terms = isa.terms(dim);
        isa.multiply(Matmul {
            x: factor(isa, z.embeddings, dim, Axis::Along, &mut room),
            w: &weight[z.field * terms * w_strides.0..],
            w_strides,
            bias: None,
            out: z.out,
            accumulate: false,
            tokens: 1,
            k: terms,
            outputs: self.outputs,
        });
    }

    fn forward(&self, f: &mut Forward<'_>) {
        if !f.frozen.is_empty() {
            return self.forward_frozen(f);
        }
        let (dense, (w, w_strides)) = (&f.parameters.dense, f.weights.matrix(&self.weight));
        let bias = self.bias.as_ref().map(|b| &dense[b.range.clone()]);
        let mut room = std::mem::take(&mut f.scratch);
        let x = factor(f.isa, f.operands.get(0), self.k, Axis::Along, &mut room);
        let k = f.isa.terms(self.k);
        // A tile has the outputs in one of its axes and the rows in the other: it is as good as full of either.
        let few = f.shard.used <= FEW_ROWS && !f.isa.in_tiles();
        if !f.shard.backward && few && self.outputs.is_multiple_of(BLOCK) {
            for row in 0..f.shard.used {
                let tokens = columns(x).chunks_exact(k);
                let outs = columns_mut(f.out).chunks_exact_mut(self.outputs);
                for (x, out) in tokens.zip(outs).take(self.tokens) {
                    f.isa.multiply(MatmulRow {
                        x,
                        w,
                        bias,
                        out,
                        row,
                    });
                }
            }
            return;
        }
        f.isa.multiply(Matmul {
            x,
            w,
            w_strides,
            bias,
            out: f.out,
            accumulate: false,
            tokens: self.tokens * f.rows / BLOCK,
            k,
            outputs: self.outputs,
        });
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let tokens = self.tokens * b.rows / BLOCK;
        // out = x weight + bias  =>  d_x += d_out weight^T
        let (w, w_strides) = b.weights.transposed(&self.weight);
        let mut room = &mut *b.scratch;
        b.isa.multiply(Matmul {
            x: factor(b.isa, b.d_out, self.outputs, Axis::Along, &mut room),
            w,
            w_strides,
            bias: None,
            out: b.d_operands.get(0),
            accumulate: true,
            tokens,
            k: b.isa.terms(self.outputs),
            outputs: self.k,
        });
        // out = x weight + bias  =>  d_weight += x^T d_out, over all tokens and rows
        let mut room = &mut *b.scratch;
        let d_out = factor(b.isa, b.d_out, self.outputs, Axis::Across, &mut room);
        let x = b.operands.get(0);
        let x = if WeightGrad::packs(self.tokens) && !b.isa.in_tiles() {
            Inputs::Packed(packed(b.isa, x, self.k, room), None)
        } else {
            let x = factor(b.isa, x, self.k, Axis::Across, &mut room);
            Inputs::Plain(x, room)
        };
        b.isa.multiply(WeightGrad {
            x,
            d_out,
            d_w: &mut b.d_dense[self.weight.range.clone()],
            tokens: b.isa.terms(tokens),
            k: self.k,
            outputs: self.outputs,
        });
        // out = x weight + bias  =>  d_bias += d_out, over all tokens and rows
        if let Some(bias) = &self.bias {
            b.isa.run(BiasGrad {
                d_out: b.d_out,
                d_bias: &mut b.d_dense[bias.range.clone()],
            });
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let (x, weight) = (r.operands[0], &r.dense[self.weight.range.clone()]);
        let mut out = vec![0.0; self.tokens * self.outputs];
        for t in 0..self.tokens {
            for o in 0..self.outputs {
                let bias = self
                    .bias
                    .as_ref()
                    .map_or(0.0, |b| r.dense[b.range.start + o]);
                let sum: f64 = (0..self.k)
                    .map(|k| x[t * self.k + k] * weight[k * self.outputs + o])
                    .sum();
                out[t * self.outputs + o] = bias + sum;
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
        held("linear", |t| {
            let x = t.input(&[2, 3]);
            let weight = t.parameter("weight", &[3, 4], Init::GlorotUniform, Role::Kernel)?;
            let bias = t.parameter("bias", &[4], Init::GlorotUniform, Role::Bias)?;
            t.linear(&x, &weight, Some(&bias))
        });
    }
}
