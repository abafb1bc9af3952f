//! The interacting layer with weights that stay as they are (see [`crate::autograd::frozen`]): what a field's projections are is known
//! from its table row, before there is a sample. They are computed once a row and looked up afterwards.
//!
//! A frozen row is `[4, width]`: query, key, value, residual, *without their biases*. A sample's field may be a row times a value or the
//! mean of several rows, and the bias belongs to the sample, once: it is added after the look-up.

use super::{Interacting, Projection};
use crate::autograd::factors::factor;
use crate::autograd::fields::TableRows;
use crate::autograd::op::{BLOCK, Forward, Freeze, used_in};
use crate::kernels::columns_mut;
use crate::kernels::elementwise::AddBias;
use crate::kernels::matmul::Matmul;
use crate::kernels::pairs::Axis;

impl Interacting {
    pub(super) fn units_of_frozen_row(&self) -> usize {
        4 * self.width
    }

    /// Projects up to a block of table rows.
    pub(super) fn freeze_rows(&self, z: &mut Freeze<'_>) {
        let (weights, terms) = (z.weights(), z.isa.terms(self.dim));
        let x = factor(
            z.isa,
            z.embeddings,
            self.dim,
            Axis::Along,
            &mut &mut *z.scratch,
        );
        let outs = z.out.chunks_exact_mut(self.width * BLOCK);
        for (Projection { weight, .. }, out) in self.projections().into_iter().zip(outs) {
            z.isa.multiply(Matmul {
                x,
                w: weights.matrix(weight),
                w_strides: (self.width, 1),
                bias: None,
                out,
                accumulate: false,
                tokens: 1,
                k: terms,
                outputs: self.width,
            });
        }
    }

    /// All projections of a shard, in their order, each `[blocks, F, width, BLOCK]`.
    pub(super) fn look_up(&self, f: &Forward<'_>, mut outs: [&mut [f32]; 4]) {
        let units = self.fields * self.width;
        let fields = &f.shard.batch.fields;
        let whole_rows = self.frozen_rows(f.frozen, 0);
        for block in 0..f.rows / BLOCK {
            let first = f.shard.first_row + block * BLOCK;
            let samples = first..first + used_in(block, f.shard.used);
            for (i, field) in fields.iter().enumerate() {
                if let Some(next) = fields.get(i + 1) {
                    whole_rows.prefetch(f.isa, next, samples.clone(), whole_rows.stride);
                }
                let at = block * units + i * self.width;
                for (place, out) in outs.iter_mut().enumerate() {
                    let out = &mut columns_mut(out)[at..at + self.width];
                    let rows = self.frozen_rows(f.frozen, place);
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
        let rows = self.frozen_rows(f.frozen, place);
        let outs = columns_mut(out).chunks_exact_mut(self.width);
        for (fields, out) in f.shard.batch.fields.chunks(BLOCK).zip(outs) {
            rows.look_up_fields(f.isa, fields, f.shard.first_row + row, out);
        }
        self.add_bias(f, self.projections()[place], out);
    }

    /// The projections at one place of all frozen rows.
    fn frozen_rows<'a>(&self, frozen: &'a [f32], place: usize) -> TableRows<'a> {
        TableRows {
            rows: &frozen[place * self.width..],
            stride: self.units_of_frozen_row(),
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
