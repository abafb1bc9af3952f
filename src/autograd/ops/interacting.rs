//! The interacting layer as one op (Song et al. 2019, equations 5 to 8): projections, attention, residual, ReLU.
//!
//! ```text
//! q, k, v, r = x W_query, x W_key, x W_value, x W_residual      (+ bias, + ReLU where configured)
//! alpha[h, i, j] = softmax_j(scale * q[i, h] . k[j, h])          (* dropout)
//! out[i] = relu(concat_h sum_j alpha[h, i, j] v[j, h] + r[i])
//! ```
//!
//! with i and j of the F fields and h of the H heads: `q[i, h]` are those numbers of field i's query that belong to head h.
//!
//! The sum in the last line is never put together from its two terms. The residual r is projected *into the result*, and the
//! attention ([`Attend`]) adds its weighted values to what lies there. So r itself is gone afterwards, and its gradient is that of
//! the sum. Only where projections pass through a ReLU is r kept as well: the gradient of a ReLU asks for its result.
//!
//! Below: the definition, forward, backward, and what they are made of. Beside this file: the layer as it is given (`layer`), the
//! shape rule (`record`), what forward keeps (`kept`), and two shortcuts of inference that compute the same: table rows projected
//! once, not once a sample (`frozen`), and requests of a few rows (`row`).
//!
//! The same layer composed of primitives stands in [`crate::model::parts::interacting`]; a test holds the two equal, value and
//! gradient.

mod frozen;
mod kept;
mod layer;
mod record;
mod row;

use std::ops::Range;

use self::kept::Kept;
pub use layer::{Fused, Projection};

use super::relu::nearest_kink;
use crate::autograd::factors::{factor, packed};
use crate::autograd::kind::{InteractingKind, OpKind};
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Freeze, Op};
use crate::kernels::attention::{Attend, AttendGrad, Sizes};
use crate::kernels::dropout::{Draw, FillMask, Masks};
use crate::kernels::elementwise::{ReluGrad, ReluGradInPlace, ReluInPlace};
use crate::kernels::matmul::Matmul;
use crate::kernels::pairs::Axis;
use crate::kernels::weight_grad::{BiasGrad, Inputs, WeightGrad};
use crate::kernels::{columns, columns_mut};
use crate::simd::Isa;

#[derive(Debug)]
struct Interacting {
    query: Projection,
    key: Projection,
    value: Projection,
    residual: Projection,
    /// H
    heads: usize,
    /// What scores are multiplied by before the softmax.
    scale: f32,
    /// Whether the four projections pass through a ReLU.
    projection_relu: bool,
    /// The share of attention weights that are dropped in training.
    dropout: f32,
    /// F
    fields: usize,
    /// d, the numbers of a field's x.
    dim: usize,
    /// The numbers of a field's result, those of all heads side by side.
    width: usize,
    /// Its node on the tape: tells the masks of different ops of one step apart.
    node: u32,
}

/// The definition, in f64.
impl Interacting {
    /// The attention weights before dropout, `[H, F, F]`, and what goes into the last ReLU, `[F, width]`.
    fn attended(&self, r: &Definition<'_>) -> (Vec<f64>, Vec<f64>) {
        let (fields, width, c) = (self.fields, self.width, self.width / self.heads);
        // The sum begins as the residual.
        let [query, key, value, mut sum] = self.projections().map(|p| self.projected(p, r));
        let mask = self.mask_of_row(r);
        let mut all_alpha = Vec::new();
        for h in 0..self.heads {
            let head = h * c..(h + 1) * c;
            for i in 0..fields {
                let dot = |j: usize| -> f64 {
                    let units = head.clone();
                    units
                        .map(|u| query[i * width + u] * key[j * width + u])
                        .sum()
                };
                let powers: Vec<f64> = (0..fields)
                    .map(|j| (f64::from(self.scale) * dot(j)).exp())
                    .collect();
                let total: f64 = powers.iter().sum();
                for j in 0..fields {
                    let alpha = powers[j] / total;
                    let dropped = alpha * f64::from(mask[(h * fields + i) * fields + j]);
                    all_alpha.push(alpha);
                    for u in head.clone() {
                        sum[i * width + u] += dropped * value[j * width + u];
                    }
                }
            }
        }
        (all_alpha, sum)
    }

    /// A projection of all fields, after its ReLU if it has one, `[F, width]`.
    fn projected(&self, projection: &Projection, r: &Definition<'_>) -> Vec<f64> {
        let mut all = self.before_relu(projection, r);
        if self.projection_relu {
            all.iter_mut().for_each(|p| *p = p.max(0.0));
        }
        all
    }

    /// The same before the ReLU.
    fn before_relu(&self, projection: &Projection, r: &Definition<'_>) -> Vec<f64> {
        let Projection { weight, bias } = projection;
        let (x, weight) = (r.operands[0], &r.dense[weight.range.clone()]);
        let mut out = Vec::new();
        for field in 0..self.fields {
            for u in 0..self.width {
                let bias = bias.as_ref().map_or(0.0, |b| r.dense[b.range.start + u]);
                let sum: f64 = (0..self.dim)
                    .map(|i| x[field * self.dim + i] * weight[i * self.width + u])
                    .sum();
                out.push(sum + bias);
            }
        }
        out
    }

    /// Dropout's factors of one row, `[H, F, F]`: all 1 where nothing is dropped.
    fn mask_of_row(&self, r: &Definition<'_>) -> Vec<f32> {
        let draw = r.draw.filter(|_| self.dropout > 0.0);
        let drawn = draw.map(|draw| self.masks(draw).of_row(r.row, self.alpha_units()));
        drawn.unwrap_or_else(|| vec![1.0; self.alpha_units()])
    }
}

impl Op for Interacting {
    /// The attention weights, then the layer's output.
    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let (mut alpha, sum) = self.attended(r);
        alpha.extend(sum.iter().map(|y| y.max(0.0)));
        alpha
    }

    fn kink_distance(&self, r: &Definition<'_>) -> f64 {
        let (_, mut arguments) = self.attended(r);
        if self.projection_relu {
            for projection in self.projections() {
                arguments.extend(self.before_relu(projection, r));
            }
        }
        nearest_kink(&arguments)
    }

    fn forward(&self, f: &mut Forward<'_>) {
        if !f.shard.backward && self.row_by_row(f.shard.used) {
            return (0..f.shard.used).for_each(|row| self.forward_row(f, row));
        }
        let (x, rows) = (f.operands.get(0), f.rows);
        // What is written to is taken out of `f`, which the steps below are lent as a whole.
        let (alpha, out) = std::mem::take(&mut f.out).split_at_mut(self.alpha_units() * rows);
        let (saved, scratch) = (std::mem::take(&mut f.saved), std::mem::take(&mut f.scratch));
        let Kept {
            query,
            key,
            value,
            residual,
            mask,
        } = Kept::cut_mut(saved, self.kept_lengths(rows));
        // q, k, v, r = x W_query, x W_key, x W_value, x W_residual; r where the attention will add to it
        let to = [&mut *query, &mut *key, &mut *value, &mut *out];
        if f.frozen.is_empty() {
            let x = factor(f.isa, x, self.dim, Axis::Along, &mut &mut *scratch);
            for (projection, to) in self.projections().into_iter().zip(to) {
                self.project(f, projection, x, to);
            }
        } else {
            self.look_up(f, to, scratch);
        }
        if self.projection_relu {
            for p in [&mut *query, &mut *key, &mut *value, &mut *out] {
                f.isa.run(ReluInPlace(p));
            }
            residual.copy_from_slice(out);
        }
        self.fill_mask(f, mask);
        // alpha = softmax(scale q k^T); out += alpha v
        for block in 0..rows / BLOCK {
            let (tokens, weights) = self.of_block(block);
            f.isa.multiply(Attend {
                sizes: self.sizes(),
                q: columns(&query[tokens.clone()]),
                k: columns(&key[tokens.clone()]),
                v: columns(&value[tokens.clone()]),
                mask: mask.get(weights.clone()).map(columns),
                alpha: columns_mut(&mut alpha[weights]),
                room: columns_mut(scratch),
                out: columns_mut(&mut out[tokens]),
            });
        }
        f.isa.run(ReluInPlace(out));
    }

    fn backward(&self, b: &mut Backward<'_>) {
        let (rows, n) = (b.rows, self.fields * self.width * b.rows);
        let (alpha, out) = b.out.split_at(self.alpha_units() * rows);
        // Nothing flows back into the attention weights: they are only looked at.
        let d_out = &b.d_out[self.alpha_units() * rows..];
        let kept = Kept::cut(b.saved, self.kept_lengths(rows));
        let scratch = std::mem::take(&mut b.scratch);
        let (d_sum, rest) = scratch.split_at_mut(n);
        let (d_query, rest) = rest.split_at_mut(n);
        let (d_key, rest) = rest.split_at_mut(n);
        let (d_value, rest) = rest.split_at_mut(n);
        // out = relu(sum)  =>  d_sum = d_out where out > 0
        b.isa.run(ReluGrad {
            out,
            d_out,
            d_x: d_sum,
            accumulate: false,
        });
        // sum = attention(q, k, v) + r  =>  d_r = d_sum, and d_q, d_k, d_v through the attention
        for block in 0..rows / BLOCK {
            let (tokens, weights) = self.of_block(block);
            b.isa.multiply(AttendGrad {
                sizes: self.sizes(),
                q: columns(&kept.query[tokens.clone()]),
                k: columns(&kept.key[tokens.clone()]),
                v: columns(&kept.value[tokens.clone()]),
                d_out: columns(&d_sum[tokens.clone()]),
                alpha: columns(&alpha[weights.clone()]),
                mask: kept.mask.get(weights).map(columns),
                room: columns_mut(rest),
                d_q: columns_mut(&mut d_query[tokens.clone()]),
                d_k: columns_mut(&mut d_key[tokens.clone()]),
                d_v: columns_mut(&mut d_value[tokens]),
            });
        }
        let d_residual = d_sum;
        if self.projection_relu {
            // p = relu(x weight + bias)  =>  the gradient passes where p > 0
            for (p, d_p) in [
                (kept.query, &mut *d_query),
                (kept.key, &mut *d_key),
                (kept.value, &mut *d_value),
                (kept.residual, &mut *d_residual),
            ] {
                b.isa.run(ReluGradInPlace { out: p, d: d_p });
            }
        }
        self.projections_back(b, [d_query, d_key, d_value, d_residual], rest);
        b.scratch = scratch;
    }

    fn name(&self) -> &'static str {
        "interacting"
    }

    fn formula(&self) -> &str {
        "alpha[h][i][j] = softmax_j(scale q[i][h] . k[j][h]), out[i] = relu(concat_h sum_j alpha[h][i][j] v[j][h] + r[i])"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Interacting(InteractingKind {
            projections: self.projections().map(Projection::affine),
            heads: self.heads,
            scale: self.scale,
            projection_relu: self.projection_relu,
            fields: self.fields,
            dim: self.dim,
        })
    }

    /// [`Kept`].
    fn saved_units(&self) -> usize {
        let tokens = 3 + usize::from(self.keeps_residual());
        let mask = if self.dropout > 0.0 {
            self.alpha_units()
        } else {
            0
        };
        tokens * self.fields * self.width + mask
    }

    /// Gradients of the sum and of q, k, v; then the attention's room, or x packed and a gradient transposed, and behind them pairs. Or
    /// what a single row takes.
    fn scratch_units(&self) -> usize {
        let (x, projected) = (self.fields * self.dim, self.fields * self.width);
        let tokens = x + x.max(2 * projected);
        let block = 4 * projected + self.sizes().attend_grad_room().max(tokens);
        block.max(self.row_scratch_units())
    }

    fn frozen_units(&self, isa: Isa) -> usize {
        self.units_of_frozen_row(isa)
    }

    fn freeze(&self, z: &mut Freeze<'_>) {
        self.freeze_rows(z);
    }
}

/// What forward and backward are made of.
impl Interacting {
    /// The four projections, in the order in which they are computed, frozen and told: query, key, value, residual.
    fn projections(&self) -> [&Projection; 4] {
        [&self.query, &self.key, &self.value, &self.residual]
    }

    fn alpha_units(&self) -> usize {
        self.heads * self.fields * self.fields
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            fields: self.fields,
            heads: self.heads,
            width: self.width,
            scale: self.scale,
        }
    }

    /// Where the tokens `[F, width]` of a block lie among those of all blocks, and where its attention weights `[H, F, F]`.
    fn of_block(&self, block: usize) -> (Range<usize>, Range<usize>) {
        let of = |units: usize| block * units * BLOCK..(block + 1) * units * BLOCK;
        (of(self.fields * self.width), of(self.alpha_units()))
    }

    fn keeps_residual(&self) -> bool {
        self.projection_relu
    }

    /// The lengths of a kept projection and of the residual, for [`Kept`].
    fn kept_lengths(&self, rows: usize) -> (usize, usize) {
        let n = self.fields * self.width * rows;
        (n, if self.keeps_residual() { n } else { 0 })
    }

    fn masks(&self, draw: Draw) -> Masks {
        Masks {
            rate: self.dropout,
            draw,
            op: self.node,
        }
    }

    /// Draws dropout's factors, where there is room for them: all 1 when nothing is learnt.
    fn fill_mask(&self, f: &Forward<'_>, mask: &mut [f32]) {
        if mask.is_empty() {
            return;
        }
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

    /// One of the four projections of all tokens of `x`, `[tokens, d, BLOCK]`, as a factor.
    fn project(&self, f: &Forward<'_>, projection: &Projection, x: &[f32], out: &mut [f32]) {
        let (dense, terms) = (&f.parameters.dense, f.isa.terms(self.dim));
        let Projection { weight, bias } = projection;
        let (w, w_strides) = f.weights.matrix(weight);
        f.isa.multiply(Matmul {
            x,
            w,
            w_strides,
            bias: bias.as_ref().map(|b| &dense[b.range.clone()]),
            out,
            accumulate: false,
            tokens: x.len() / (terms * BLOCK),
            k: terms,
            outputs: self.width,
        });
    }

    /// The gradients of x, weights and biases, given those of the [`Interacting::projections`]. `room` is for x packed, and behind
    /// it for pairs and for a gradient transposed.
    fn projections_back(&self, b: &mut Backward<'_>, d_projections: [&[f32]; 4], room: &mut [f32]) {
        let x = b.operands.get(0);
        let (room_for_x, room) = room.split_at_mut(x.len());
        let packed = packed(b.isa, x, self.dim, room_for_x);
        for (projection, d_p) in self.projections().into_iter().zip(d_projections) {
            self.projection_back(b, projection, d_p, packed, room);
        }
    }

    /// [`Interacting::projections_back`] of one projection, x being [`packed`].
    fn projection_back(
        &self,
        b: &mut Backward<'_>,
        projection: &Projection,
        d_out: &[f32],
        packed: &[f32],
        room: &mut [f32],
    ) {
        let Projection { weight, bias } = projection;
        let (isa, tokens) = (b.isa, self.fields * b.rows / BLOCK);
        // p = x weight + bias  =>  d_x += d_p weight^T
        let (w, w_strides) = b.weights.transposed(weight);
        isa.multiply(Matmul {
            x: factor(isa, d_out, self.width, Axis::Along, &mut &mut *room),
            w,
            w_strides,
            bias: None,
            out: b.d_operands.get(0),
            accumulate: true,
            tokens,
            k: isa.terms(self.width),
            outputs: self.dim,
        });
        // p = x weight + bias  =>  d_weight += x^T d_p
        let (mut room, tokens) = (room, isa.terms(tokens));
        let d_p = factor(isa, d_out, self.width, Axis::Across, &mut room);
        let transposes = WeightGrad::transposes(tokens, self.dim);
        isa.multiply(WeightGrad {
            x: match isa.in_tiles() {
                true => Inputs::Plain(packed, room),
                false => Inputs::Packed(packed, transposes.then_some(room)),
            },
            d_out: d_p,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::ops::checks::held;
    use crate::autograd::{Init, Role};
    use crate::error::Result;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("interacting", |t| {
            let x = t.input(&[3, 2]);
            let mut projection = |name| -> Result<Projection> {
                Ok(Projection {
                    weight: t.parameter(name, &[2, 4], Init::GlorotUniform, Role::Kernel)?,
                    bias: None,
                })
            };
            let projections = [
                projection("q")?,
                projection("k")?,
                projection("v")?,
                projection("r")?,
            ];
            let layer = Fused {
                projections,
                heads: 2,
                scale: 0.7,
                projection_relu: false,
                dropout: 0.0,
            };
            Ok(t.interacting(&x, layer)?.0)
        });
    }
}
