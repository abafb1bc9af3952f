//! The interacting layer with weights that stay as they are (see [`crate::autograd::frozen`]): what a field's projections are is known
//! from its table row, before there is a sample. They are computed once a row and looked up afterwards.
//!
//! A frozen row is `[4, width]`: query, key, value, residual, *without their biases*; in bf16 it is `[4, width / 2]` pairs, as looking
//! rows up waits for memory. A sample's field may be a row times a value or the
//! mean of several rows, and the bias belongs to the sample, once: it is added after the look-up.

use super::{Interacting, Projection};
use crate::autograd::factors::factor;
use crate::autograd::fields::TableRows;
use crate::autograd::op::{BLOCK, Forward, Freeze, used_in};
use crate::data::batch::FieldBatch;
use crate::kernels::columns_mut;
use crate::kernels::elementwise::AddBias;
use crate::kernels::matmul::Matmul;
use crate::kernels::pairs::{Axis, Unpair};
use crate::simd::Isa;

impl Interacting {
    pub(super) fn units_of_frozen_row(&self, isa: Isa) -> usize {
        4 * isa.terms(self.width)
    }

    /// Projects up to a block of table rows.
    pub(super) fn freeze_rows(&self, z: &mut Freeze<'_>) {
        let (isa, weights, mut room) = (z.isa, z.weights, std::mem::take(&mut z.scratch));
        let x = factor(isa, z.embeddings, self.dim, Axis::Along, &mut room);
        let outs = z.out.chunks_exact_mut(isa.terms(self.width) * BLOCK);
        for (Projection { weight, .. }, out) in self.projections().into_iter().zip(outs) {
            let (projected, mut room) = room.split_at_mut(self.width * BLOCK);
            let (w, w_strides) = weights.matrix(weight);
            isa.multiply(Matmul {
                x,
                w,
                w_strides,
                bias: None,
                out: projected,
                accumulate: false,
                tokens: 1,
                k: isa.terms(self.dim),
                outputs: self.width,
            });
            out.copy_from_slice(factor(isa, projected, self.width, Axis::Along, &mut room));
        }
    }

    /// All projections of a shard, in their order, each `[blocks, F, width, BLOCK]`. `room` is for a field's pairs.
    pub(super) fn look_up(&self, f: &Forward<'_>, mut outs: [&mut [f32]; 4], room: &mut [f32]) {
        let units = self.fields * self.width;
        let fields = &f.shard.batch.fields;
        let whole_rows = TableRows {
            paired: false,
            ..self.frozen_rows(f, 0)
        };
        for block in 0..f.rows / BLOCK {
            let first = f.shard.first_row + block * BLOCK;
            let samples = first..first + used_in(block, f.shard.used);
            for (i, field) in fields.iter().enumerate() {
                if let Some(next) = fields.get(i + 1) {
                    whole_rows.prefetch(f.isa, next, samples.clone(), whole_rows.stride);
                }
                let at = block * units + i * self.width;
                let outs = outs
                    .each_mut()
                    .map(|out| &mut columns_mut(out)[at..at + self.width]);
                if let (false, FieldBatch::One { .. }) = (f.isa.precision().is_f32(), field) {
                    let pairs = &mut columns_mut(room)[..whole_rows.stride];
                    whole_rows.look_up(f.isa, field, samples.clone(), pairs);
                    let places = pairs.chunks_exact(f.isa.terms(self.width));
                    for (out, pairs) in outs.into_iter().zip(places) {
                        f.isa.run(Unpair { pairs, out });
                    }
                    continue;
                }
                for (place, out) in outs.into_iter().enumerate() {
                    let rows = self.frozen_rows(f, place);
                    rows.look_up(f.isa, field, samples.clone(), out);
                }
            }
        }
        for (projection, out) in self.projections().into_iter().zip(outs) {
            self.add_bias(f, projection, out);
        }
    }

    /// The projection at one place of a frozen row, of one sample, the fields in the lanes: `[ceil(F / 16), width, BLOCK]`.
    pub(super) fn look_up_row(&self, f: &Forward<'_>, place: usize, row: usize, out: &mut [f32]) {
        let rows = self.frozen_rows(f, place);
        let outs = columns_mut(out).chunks_exact_mut(self.width);
        for (fields, out) in f.shard.batch.fields.chunks(BLOCK).zip(outs) {
            rows.look_up_fields(f.isa, fields, f.shard.first_row + row, out);
        }
        self.add_bias(f, self.projections()[place], out);
    }

    /// The projections at one place of all frozen rows.
    fn frozen_rows<'a>(&self, f: &Forward<'a>, place: usize) -> TableRows<'a> {
        TableRows {
            rows: &f.frozen[place * f.isa.terms(self.width)..],
            stride: self.units_of_frozen_row(f.isa),
            paired: !f.isa.precision().is_f32(),
        }
    }

    fn add_bias(&self, f: &Forward<'_>, projection: &Projection, out: &mut [f32]) {
        if let Some(bias) = &projection.bias {
            f.isa.run(AddBias {
                bias: &f.parameters.dense[bias.range.clone()],
                x: out,
            });
        }
    }
}
