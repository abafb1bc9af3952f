//! The interacting layer for a request of a few rows, where a block of rows would be mostly empty: each row by itself, its
//! fields in the lanes (see [`crate::kernels::row`]). Forward only; the same bits as the block's.

use super::Interacting;
use crate::autograd::factors::factor;
use crate::autograd::op::{BLOCK, Forward};
use crate::kernels::elementwise::ReluInPlace;
use crate::kernels::pairs::Axis;
use crate::kernels::row::{AttendRow, field_blocks, fields_into_lanes, fields_out_of_lanes};
use crate::kernels::{Column, columns, columns_mut};

impl Interacting {
    /// Whether so many rows are faster one by one than as a block: a row costs the products of its field blocks, a block of
    /// rows those of all fields. Measured: moving the fields into the lanes and back costs less than half of the rest.
    pub(super) fn row_by_row(&self, rows: usize) -> bool {
        2 * rows * field_blocks(self.fields) <= self.fields
    }

    /// x, four projections, attention weights, each with the fields in the lanes, and room for pairs; in units, so for [`BLOCK`]
    /// numbers each.
    pub(super) fn row_scratch_units(&self) -> usize {
        let pairs = (field_blocks(self.fields) * self.dim).max(AttendRow::room(self.sizes()));
        field_blocks(self.fields) * (self.dim + 4 * self.width + self.heads * self.fields) + pairs
    }

    /// Forward of one row of the first block.
    pub(super) fn forward_row(&self, f: &mut Forward<'_>, row: usize) {
        let blocks = field_blocks(self.fields);
        let scratch = std::mem::take(&mut f.scratch);
        let (x, rest) = scratch.split_at_mut(blocks * self.dim * BLOCK);
        let (projected, rest) = rest.split_at_mut(4 * blocks * self.width * BLOCK);
        let (alpha, room) = rest.split_at_mut(blocks * self.heads * self.fields * BLOCK);
        let each = blocks * self.width * BLOCK;
        if f.frozen.is_empty() {
            let tokens = &columns(f.operands.get(0))[..self.fields * self.dim];
            fields_into_lanes(tokens, row, self.dim, columns_mut(x));
        }
        let x = factor(f.isa, x, self.dim, Axis::Along, &mut &mut *room);
        let outs = projected.chunks_exact_mut(each);
        for (place, (projection, out)) in self.projections().into_iter().zip(outs).enumerate() {
            if f.frozen.is_empty() {
                self.project(f, projection, x, out);
            } else {
                self.look_up_row(f, place, row, out);
            }
        }
        if self.projection_relu {
            f.isa.run(ReluInPlace(projected));
        }
        let (query, rest) = projected.split_at_mut(each);
        let (key, rest) = rest.split_at_mut(each);
        // The residual, to which the attention adds, as in a block.
        let (value, out) = rest.split_at_mut(each);
        f.isa.multiply(AttendRow {
            sizes: self.sizes(),
            q: query,
            k: key,
            v: value,
            alpha,
            out,
            room: columns_mut(room),
        });
        f.isa.run(ReluInPlace(out));
        let (weights, to) = columns_mut(f.out).split_at_mut(self.alpha_units() * f.rows / BLOCK);
        self.weights_of_row(columns(alpha), row, weights);
        let to = &mut to[..self.fields * self.width];
        fields_out_of_lanes(columns(out), row, self.width, to);
        f.scratch = scratch;
    }

    /// Puts a row's attention weights, `[ceil(F / 16), H, F]` with the querying fields in the lanes, into `[H, F, F]`.
    fn weights_of_row(&self, alpha: &[Column], row: usize, out: &mut [Column]) {
        let (fields, heads) = (self.fields, self.heads);
        for (block, alpha) in alpha.chunks_exact(heads * fields).enumerate() {
            for (h, alpha) in alpha.chunks_exact(fields).enumerate() {
                let first = block * BLOCK;
                for query in first..fields.min(first + BLOCK) {
                    let out = &mut out[(h * fields + query) * fields..][..fields];
                    for (out, key) in out.iter_mut().zip(alpha) {
                        out[row] = key[query - first];
                    }
                }
            }
        }
    }
}
