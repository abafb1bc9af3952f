//! The interacting layer as one op (Song et al. 2019, equations 5 to 8): projections, attention, residual, ReLU.
//!
//! ```text
//! q, k, v, r = x W_query, x W_key, x W_value, x W_residual      (+ bias, + ReLU where configured)
//! alpha[h, i, j] = softmax_j(scale * q[i, h] . k[j, h])          (* dropout)
//! out[i] = relu(concat_h sum_j alpha[h, i, j] v[j, h] + r[i])
//! ```
//!
//! The same layer composed of primitives stands in [`crate::model::parts::interacting`]; a test holds the two equal, value and
//! gradient.

mod layer;
mod row;

use std::ops::Range;

pub use layer::{Fused, Projection};

use super::relu::nearest_kink;
use crate::autograd::fields::TableRows;
use crate::autograd::kind::{InteractingKind, OpKind};
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Freeze, Op, used_in};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::attention::{Attend, AttendGrad, Sizes};
use crate::kernels::dropout::{Draw, FillMask, Masks};
use crate::kernels::elementwise::{AddBias, ReluGrad, ReluGradInPlace, ReluInPlace};
use crate::kernels::matmul::Matmul;
use crate::kernels::weight_grad::{BiasGrad, Inputs, Pack, WeightGrad};
use crate::kernels::{columns, columns_mut};

#[derive(Debug)]
struct Interacting {
    layer: Fused,
    fields: usize,
    dim: usize,
    width: usize,
    /// Tells the masks of different ops of one step apart.
    number: u32,
}

impl Tape {
    /// Records a fused interacting layer on `x` `[F, d]`; gives `[F, width]` and the attention weights `[H, F, F]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn interacting(&mut self, x: &Var, layer: Fused) -> Result<(Var, Var)> {
        let &[fields, dim] = x.shape() else {
            let what = format!("expected x of shape [F, d], got {:?}", x.shape());
            return Err(Error::shape("interacting", what));
        };
        let width = layer.projections[0]
            .weight
            .shape
            .get(1)
            .copied()
            .unwrap_or(0);
        for p in &layer.projections {
            if p.weight.shape != [dim, width] || p.bias.as_ref().is_some_and(|b| b.shape != [width])
            {
                let what = format!(
                    "expected weights of shape [{dim}, {width}], got {:?}",
                    p.weight.shape
                );
                return Err(Error::shape("interacting", what));
            }
        }
        if layer.heads == 0 || !width.is_multiple_of(layer.heads) {
            let what = format!("{} heads do not divide the width {width}", layer.heads);
            return Err(Error::shape("interacting", what));
        }
        let heads = layer.heads;
        let op = Interacting {
            layer,
            fields,
            dim,
            width,
            number: self.nodes().len() as u32,
        };
        // The attention weights are a second result, so that they can be looked at; nothing flows back into them.
        let both = self.record(op, &[x], &[heads * fields * fields + fields * width]);
        let at = both.units().start;
        let alpha = self.part(&both, at, &[heads, fields, fields])?;
        let out = self.part(&both, alpha.units().end, &[fields, width])?;
        Ok((out, alpha))
    }
}

impl Interacting {
    fn alpha_units(&self) -> usize {
        self.layer.heads * self.fields * self.fields
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            fields: self.fields,
            heads: self.layer.heads,
            width: self.width,
            scale: self.layer.scale,
        }
    }

    /// Where block number `block` of `[fields, width]` and of the attention weights lies.
    fn block(&self, block: usize) -> (Range<usize>, Range<usize>) {
        let of = |units: usize| block * units * BLOCK..(block + 1) * units * BLOCK;
        (of(self.fields * self.width), of(self.alpha_units()))
    }

    fn masks(&self, draw: Draw) -> Masks {
        Masks {
            rate: self.layer.dropout,
            draw,
            op: self.number,
        }
    }

    /// Whether the residual projection is kept: ReLU's gradient needs its result.
    fn keeps_residual(&self) -> bool {
        self.layer.projection_relu
    }

    /// Saved values, cut into q, k, v, r (empty unless kept) and the mask (empty without dropout).
    fn cut<'a>(&self, saved: &'a mut [f32], rows: usize) -> ([&'a mut [f32]; 4], &'a mut [f32]) {
        let n = self.fields * self.width * rows;
        let (q, rest) = saved.split_at_mut(n);
        let (k, rest) = rest.split_at_mut(n);
        let (v, rest) = rest.split_at_mut(n);
        let (r, mask) = rest.split_at_mut(if self.keeps_residual() { n } else { 0 });
        ([q, k, v, r], mask)
    }

    /// [`Interacting::cut`] of values that are only read.
    fn view<'a>(&self, saved: &'a [f32], rows: usize) -> ([&'a [f32]; 4], &'a [f32]) {
        let n = self.fields * self.width * rows;
        let kept = if self.keeps_residual() { n } else { 0 };
        let (q, k, v) = (&saved[..n], &saved[n..2 * n], &saved[2 * n..3 * n]);
        (
            [q, k, v, &saved[3 * n..3 * n + kept]],
            &saved[3 * n + kept..],
        )
    }

    /// One of the four projections of all tokens of `x`, `[tokens, d, BLOCK]`.
    fn project(&self, f: &Forward<'_>, which: usize, x: &[f32], out: &mut [f32]) {
        let dense = &f.parameters.dense;
        let Projection { weight, bias } = &self.layer.projections[which];
        f.isa.run(Matmul {
            x,
            w: &dense[weight.range.clone()],
            w_strides: (self.width, 1),
            bias: bias.as_ref().map(|b| &dense[b.range.clone()]),
            out,
            accumulate: false,
            tokens: x.len() / (self.dim * BLOCK),
            k: self.dim,
            outputs: self.width,
        });
    }

    /// All projections, frozen: table rows are looked up instead of computed.
    fn look_up(&self, f: &Forward<'_>, mut outs: [&mut [f32]; 4]) {
        let units = self.fields * self.width;
        let fields = &f.shard.batch.fields;
        let table = self.frozen_projection(f.frozen, 0);
        for block in 0..f.rows / BLOCK {
            let first = f.shard.first_row + block * BLOCK;
            let samples = first..first + used_in(block, f.shard.used);
            for (number, field) in fields.iter().enumerate() {
                if let Some(next) = fields.get(number + 1) {
                    table.prefetch(f.isa, next, samples.clone(), table.stride);
                }
                for (which, out) in outs.iter_mut().enumerate() {
                    let at = block * units + number * self.width;
                    let out = &mut columns_mut(out)[at..at + self.width];
                    let table = self.frozen_projection(f.frozen, which);
                    table.look_up(f.isa, field, samples.clone(), out);
                }
            }
        }
        for (which, out) in outs.into_iter().enumerate() {
            self.add_bias(f, which, out);
        }
    }

    /// One of the four projections, which lie behind each other in a frozen row.
    fn frozen_projection<'a>(&self, frozen: &'a [f32], which: usize) -> TableRows<'a> {
        TableRows {
            rows: &frozen[which * self.width..],
            stride: 4 * self.width,
        }
    }

    fn add_bias(&self, f: &Forward<'_>, which: usize, out: &mut [f32]) {
        if let Some(bias) = &self.layer.projections[which].bias {
            f.isa.run(AddBias {
                bias: &f.parameters.dense[bias.range.clone()],
                x: out,
            });
        }
    }

    /// Adds a projection's part to the gradients of x, weight and bias; `x` is [`Pack`]ed.
    fn project_back(&self, b: &mut Backward<'_>, which: usize, d_out: &[f32], x: Inputs<'_>) {
        let Projection { weight, bias } = &self.layer.projections[which];
        let tokens = self.fields * b.rows / BLOCK;
        // p = x weight + bias  =>  d_x += d_p weight^T
        b.isa.run(Matmul {
            x: d_out,
            w: &b.parameters.dense[weight.range.clone()],
            w_strides: (1, self.width),
            bias: None,
            out: b.d_operands.get(0),
            accumulate: true,
            tokens,
            k: self.width,
            outputs: self.dim,
        });
        // p = x weight + bias  =>  d_weight += x^T d_p
        b.isa.run(WeightGrad {
            x,
            d_out,
            d_w: &mut b.d_dense[weight.range.clone()],
            tokens,
            k: self.dim,
            outputs: self.width,
        });
        // p = x weight + bias  =>  d_bias += d_p
        if let Some(bias) = bias {
            b.isa.run(BiasGrad {
                d_out,
                d_bias: &mut b.d_dense[bias.range.clone()],
            });
        }
    }
}

impl Op for Interacting {
    fn name(&self) -> &'static str {
        "interacting"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Interacting(InteractingKind {
            projections: self.layer.projections.each_ref().map(Projection::affine),
            heads: self.layer.heads,
            scale: self.layer.scale,
            projection_relu: self.layer.projection_relu,
            fields: self.fields,
            dim: self.dim,
        })
    }

    /// q, k, v; r when it is kept; the mask when there is dropout.
    fn saved_units(&self) -> usize {
        let tokens = 3 + usize::from(self.keeps_residual());
        let mask = if self.layer.dropout > 0.0 {
            self.alpha_units()
        } else {
            0
        };
        tokens * self.fields * self.width + mask
    }

    /// Gradients of q, k, v and the sum; then a head's scores twice, or x packed and a gradient transposed. Or what a single
    /// row takes.
    fn scratch_units(&self) -> usize {
        let scores = 2 * self.fields * self.fields;
        let mut tokens = self.fields * self.dim;
        if WeightGrad::transposes(self.fields, self.dim) {
            tokens += self.fields * self.width;
        }
        let block = 4 * self.fields * self.width + scores.max(tokens);
        block.max(self.row_scratch_units())
    }

    /// The four projections of a token, without biases.
    fn frozen_units(&self) -> usize {
        4 * self.width
    }

    fn freeze(&self, z: &mut Freeze<'_>) {
        let outs = z.out.chunks_exact_mut(self.width * BLOCK);
        for (Projection { weight, .. }, out) in self.layer.projections.iter().zip(outs) {
            z.isa.run(Matmul {
                x: z.embeddings,
                w: &z.parameters.dense[weight.range.clone()],
                w_strides: (self.width, 1),
                bias: None,
                out,
                accumulate: false,
                tokens: 1,
                k: self.dim,
                outputs: self.width,
            });
        }
    }

    fn forward(&self, f: &mut Forward<'_>) {
        if !f.shard.backward && self.row_by_row(f.shard.used) {
            return (0..f.shard.used).for_each(|row| self.forward_row(f, row));
        }
        let rows = f.rows;
        let x = f.operands.get(0);
        let out = std::mem::take(&mut f.out);
        let saved = std::mem::take(&mut f.saved);
        let scratch = std::mem::take(&mut f.scratch);
        let (alpha, out) = out.split_at_mut(self.alpha_units() * rows);
        let (mut kept, mask) = self.cut(saved, rows);
        let [q, k, v, _] = &mut kept;
        let projections = [&mut **q, k, v, &mut *out];
        if f.frozen.is_empty() {
            for (which, to) in projections.into_iter().enumerate() {
                self.project(f, which, x, to);
            }
        } else {
            self.look_up(f, projections);
        }
        if self.layer.projection_relu {
            for to in kept[..3].iter_mut() {
                f.isa.run(ReluInPlace(to));
            }
            f.isa.run(ReluInPlace(out));
            kept[3].copy_from_slice(out);
        }
        if !mask.is_empty() {
            match f.shard.draw {
                Some(draw) => f.isa.run(FillMask {
                    masks: self.masks(draw),
                    mask,
                    units: self.alpha_units(),
                    first_row: f.shard.first_row_of_step(),
                }),
                None => mask.fill(1.0),
            }
        }
        let dropped = columns_mut(&mut scratch[..self.fields * self.fields * BLOCK]);
        for block in 0..rows / BLOCK {
            let (tokens, weights) = self.block(block);
            f.isa.run(Attend {
                sizes: self.sizes(),
                q: columns(&kept[0][tokens.clone()]),
                k: columns(&kept[1][tokens.clone()]),
                v: columns(&kept[2][tokens.clone()]),
                mask: mask.get(weights.clone()).map(columns),
                alpha: columns_mut(&mut alpha[weights]),
                dropped,
                out: columns_mut(&mut out[tokens]),
            });
        }
        f.isa.run(ReluInPlace(out));
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let (rows, n) = (b.rows, self.fields * self.width * b.rows);
        let (alpha, out) = b.out.split_at(self.alpha_units() * rows);
        let d_out = &b.d_out[self.alpha_units() * rows..];
        let ([q, k, v, r], mask) = self.view(b.saved, rows);
        let scratch = std::mem::take(&mut b.scratch);
        let (d_sum, rest) = scratch.split_at_mut(n);
        let (d_q, rest) = rest.split_at_mut(n);
        let (d_k, rest) = rest.split_at_mut(n);
        let (d_v, rest) = rest.split_at_mut(n);
        // out = relu(sum)  =>  d_sum = d_out where out > 0
        b.isa.run(ReluGrad {
            out,
            d_out,
            d_x: d_sum,
            accumulate: false,
        });
        // sum = attention(q, k, v) + r  =>  d_r = d_sum, and d_q, d_k, d_v through the attention
        for block in 0..rows / BLOCK {
            let (tokens, weights) = self.block(block);
            b.isa.run(AttendGrad {
                sizes: self.sizes(),
                q: columns(&q[tokens.clone()]),
                k: columns(&k[tokens.clone()]),
                v: columns(&v[tokens.clone()]),
                d_out: columns(&d_sum[tokens.clone()]),
                alpha: columns(&alpha[weights.clone()]),
                mask: mask.get(weights).map(columns),
                scratch: columns_mut(&mut rest[..2 * self.fields * self.fields * BLOCK]),
                d_q: columns_mut(&mut d_q[tokens.clone()]),
                d_k: columns_mut(&mut d_k[tokens.clone()]),
                d_v: columns_mut(&mut d_v[tokens]),
            });
        }
        if self.layer.projection_relu {
            // p = relu(x weight + bias)  =>  the gradient passes where p > 0
            for (p, d_p) in [(q, &mut *d_q), (k, d_k), (v, d_v), (r, d_sum)] {
                b.isa.run(ReluGradInPlace { out: p, d: d_p });
            }
        }
        let x = b.operands.get(0);
        let (packed, room) = rest.split_at_mut(x.len());
        Pack {
            x,
            packed,
            k: self.dim,
        }
        .run();
        for (which, d_p) in [&*d_q, d_k, d_v, d_sum].into_iter().enumerate() {
            let transposes = WeightGrad::transposes(self.fields * rows / BLOCK, self.dim);
            let room = transposes.then(|| &mut room[..n]);
            self.project_back(b, which, d_p, Inputs::Packed(packed, room));
        }
        b.scratch = scratch;
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let (mut alpha, sum) = self.attended(r);
        alpha.extend(sum.iter().map(|y| y.max(0.0)));
        alpha
    }

    fn kink_distance(&self, r: &Definition<'_>) -> f64 {
        let (_, mut arguments) = self.attended(r);
        if self.layer.projection_relu {
            for which in 0..4 {
                arguments.extend(self.projected(which, r.operands[0], r.dense));
            }
        }
        nearest_kink(&arguments)
    }
}

impl Interacting {
    /// In f64: the attention weights (before dropout), and what goes into the last ReLU.
    fn attended(&self, r: &Definition<'_>) -> (Vec<f64>, Vec<f64>) {
        let (x, f, w, heads) = (r.operands[0], self.fields, self.width, self.layer.heads);
        let c = w / heads;
        let projected = |which| -> Vec<f64> {
            let p = self.projected(which, x, r.dense);
            let relu = |p: f64| {
                if self.layer.projection_relu {
                    p.max(0.0)
                } else {
                    p
                }
            };
            p.into_iter().map(relu).collect()
        };
        let [q, k, v, mut sum] = [0, 1, 2, 3].map(projected);
        let draw = r.draw.filter(|_| self.layer.dropout > 0.0);
        let drawn = draw.map(|draw| self.masks(draw).of_row(r.row, self.alpha_units()));
        let mask = drawn.unwrap_or_else(|| vec![1.0; self.alpha_units()]);
        let mut all_alpha = Vec::new();
        for h in 0..heads {
            for i in 0..f {
                let dot = |j: usize| -> f64 {
                    (h * c..(h + 1) * c)
                        .map(|u| q[i * w + u] * k[j * w + u])
                        .sum()
                };
                let e: Vec<f64> = (0..f)
                    .map(|j| (f64::from(self.layer.scale) * dot(j)).exp())
                    .collect();
                let total: f64 = e.iter().sum();
                for j in 0..f {
                    let alpha = e[j] / total;
                    let dropped = alpha * f64::from(mask[(h * f + i) * f + j]);
                    all_alpha.push(alpha);
                    for u in h * c..(h + 1) * c {
                        sum[i * w + u] += dropped * v[j * w + u];
                    }
                }
            }
        }
        (all_alpha, sum)
    }

    /// A projection of all fields in f64, before its ReLU, `[F, width]`.
    fn projected(&self, which: usize, x: &[f64], dense: &[f64]) -> Vec<f64> {
        let Projection { weight, bias } = &self.layer.projections[which];
        let weight = &dense[weight.range.clone()];
        let mut out = Vec::new();
        for field in 0..self.fields {
            for u in 0..self.width {
                let bias = bias.as_ref().map_or(0.0, |b| dense[b.range.start + u]);
                let sum: f64 = (0..self.dim)
                    .map(|i| x[field * self.dim + i] * weight[i * self.width + u])
                    .sum();
                out.push(sum + bias);
            }
        }
        out
    }
}
