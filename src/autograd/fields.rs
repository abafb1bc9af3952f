//! The table rows of a field's samples, as embeddings or as whatever else is kept per table row.

use std::ops::Range;

use crate::data::batch::FieldBatch;
use crate::kernels::lookup::{AddRows, Gather, Prefetch, add_row, add_row_of_pairs};
use crate::kernels::pairs::Unpair;
use crate::kernels::{BLOCK, Column};
use crate::simd::Isa;

/// Some numbers of each row of a table.
#[derive(Debug, Clone, Copy)]
pub struct TableRows<'a> {
    /// From the first row's first of these numbers on.
    pub rows: &'a [f32],
    /// From one row to the next.
    pub stride: usize,
    /// Whether two neighbours share one of them as a pair of bf16.
    pub paired: bool,
}

impl<'a> TableRows<'a> {
    fn row(self, id: u32, numbers: usize) -> &'a [f32] {
        &self.rows[id as usize * self.stride..][..numbers]
    }

    /// In how many places so many numbers lie.
    fn places(self, numbers: usize) -> usize {
        if self.paired {
            numbers.div_ceil(2)
        } else {
            numbers
        }
    }

    /// One field of some samples, at most a block: their weighted sums of table rows, the samples in the lanes.
    pub fn look_up(self, isa: Isa, field: &FieldBatch, samples: Range<usize>, out: &mut [Column]) {
        if samples.is_empty() {
            return out.fill([0.0; BLOCK]);
        }
        if let FieldBatch::One { ids } = field {
            return self.gather(isa, &ids[samples], out);
        }
        out.fill([0.0; BLOCK]);
        for (lane, sample) in samples.enumerate() {
            self.add_bag(field, sample, lane, out);
        }
    }

    /// Fetches `width` numbers of one field's rows into the nearest cache: a frozen table lies in the third.
    pub fn prefetch(self, isa: Isa, field: &FieldBatch, samples: Range<usize>, width: usize) {
        if samples.is_empty() {
            return;
        }
        if let FieldBatch::One { ids } = field {
            isa.run(Prefetch {
                table: self.rows,
                stride: self.stride,
                ids: &ids[samples],
                width,
            });
        }
    }

    /// Some fields of one sample, at most a block of them, the fields in the lanes.
    pub fn look_up_fields(
        self,
        isa: Isa,
        fields: &[FieldBatch],
        sample: usize,
        out: &mut [Column],
    ) {
        let mut one = [0; BLOCK];
        for (one, field) in one.iter_mut().zip(fields) {
            let FieldBatch::One { ids } = field else {
                out.fill([0.0; BLOCK]);
                for (lane, field) in fields.iter().enumerate() {
                    self.add_bag(field, sample, lane, out);
                }
                return;
            };
            *one = ids[sample];
        }
        self.gather(isa, &one[..fields.len()], out);
    }

    /// Adds one field's weighted sums of the first `width` numbers of table rows to each sample's `rows`.
    pub fn add(
        self,
        isa: Isa,
        field: &FieldBatch,
        samples: Range<usize>,
        width: usize,
        rows: &mut [[f32; BLOCK]; BLOCK],
    ) {
        if let FieldBatch::One { ids } = field {
            return isa.run(AddRows {
                table: self.rows,
                stride: self.stride,
                ids: &ids[samples],
                width,
                rows,
            });
        }
        for (sum, sample) in rows.iter_mut().zip(samples) {
            for (id, scale) in field.bag(sample) {
                for (sum, x) in sum.iter_mut().zip(self.row(id, width)) {
                    *sum += scale * x;
                }
            }
        }
    }

    fn gather(self, isa: Isa, ids: &[u32], out: &mut [Column]) {
        if !self.paired {
            return isa.run(Gather {
                table: self.rows,
                stride: self.stride,
                ids,
                out,
            });
        }
        for (tile, out) in out.chunks_mut(2 * BLOCK).enumerate() {
            let mut pairs = [[0.0; BLOCK]; BLOCK];
            isa.run(Gather {
                table: &self.rows[tile * BLOCK..],
                stride: self.stride,
                ids,
                out: &mut pairs[..self.places(out.len())],
            });
            isa.run(Unpair { pairs: &pairs, out });
        }
    }

    fn add_bag(self, field: &FieldBatch, sample: usize, lane: usize, out: &mut [Column]) {
        for (id, scale) in field.bag(sample) {
            let row = self.row(id, self.places(out.len()));
            if self.paired {
                add_row_of_pairs(out, lane, row, scale);
            } else {
                add_row(out, lane, row, scale);
            }
        }
    }
}
