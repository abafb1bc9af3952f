//! `out[f] = ` the embedding of field f: a table row (categorical), the value times a row (numeric), or the mean of several
//! rows (multi-valued). Shape `[F, dim]`.

use std::ops::Range;

use crate::autograd::layout::TableId;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op, used_in};
use crate::autograd::tape::{Tape, Var};
use crate::data::batch::FieldBatch;
use crate::error::{Error, Result};
use crate::kernels::lookup::{Gather, ToSamples, add_row};
use crate::kernels::{Column, columns_mut};
use crate::simd::Isa;

#[derive(Debug)]
struct Embedding {
    table: TableId,
    fields: usize,
    dim: usize,
}

impl Tape {
    /// Looks up every field of the batch in a table; gives `[fields, dim]`.
    ///
    /// # Errors
    /// When the table was looked up before: its gradient has one place only.
    pub fn embedding(&mut self, table: TableId, fields: usize) -> Result<Var> {
        if !self.claim(table) {
            return Err(Error::shape("embedding", "a table can be looked up once"));
        }
        let dim = self.layout().tables[table.0].dim;
        let op = Embedding { table, fields, dim };
        Ok(self.record(op, &[], &[fields, dim]))
    }
}

impl Op for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let table = &f.parameters.tables[self.table.0];
        let units = self.fields * self.dim;
        for (block, out) in columns_mut(f.out).chunks_exact_mut(units).enumerate() {
            let used = used_in(block, f.shard.used);
            if used == 0 {
                out.fill([0.0; BLOCK]);
                continue;
            }
            let first = f.shard.first_row + block * BLOCK;
            let fields = f.shard.batch.fields.iter();
            for (field, out) in fields.zip(out.chunks_exact_mut(self.dim)) {
                self.look_up(f.isa, field, table, first..first + used, out);
            }
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out[f] = scale * table[id]  =>  d_table[id] += scale * d_out[f]. The samples' d_out is only laid out here, one
        // sample after the other: the sum over samples that share an id is `sparse`'s, in an order fixed for the batch.
        let stride = self.fields * self.dim;
        let samples = &mut b.d_samples[self.table.0][b.first_sample * stride..];
        let blocks = b.d_out.chunks_exact(stride * BLOCK);
        for (block, (d_out, samples)) in blocks.zip(samples.chunks_mut(stride * BLOCK)).enumerate()
        {
            let used = used_in(block, b.shard.used) * stride;
            b.isa.run(ToSamples {
                x: d_out,
                out: &mut samples[..used],
            });
        }
    }

    fn definition(&self, r: &Definition<'_>) -> Vec<f64> {
        let table = &r.tables[self.table.0];
        let mut out = Vec::new();
        for field in &r.batch.fields {
            let bag: Vec<(u32, f64)> = field
                .bag(r.row)
                .map(|(id, scale)| (id, f64::from(scale)))
                .collect();
            for k in 0..self.dim {
                let embedding: f64 = bag
                    .iter()
                    .map(|&(id, scale)| scale * table[id as usize * self.dim + k])
                    .sum();
                out.push(embedding);
            }
        }
        out
    }
}

impl Embedding {
    /// The embeddings of one field for some rows of the batch, at most a block: `out` is `[dim]`.
    fn look_up(
        &self,
        isa: Isa,
        field: &FieldBatch,
        table: &[f32],
        rows: Range<usize>,
        out: &mut [Column],
    ) {
        let row_of = |id: u32| &table[id as usize * self.dim..(id as usize + 1) * self.dim];
        match field {
            FieldBatch::One { ids } => {
                let ids = &ids[rows];
                isa.run(Gather { table, ids, out });
            }
            FieldBatch::Scaled { ids, values } => {
                out.fill([0.0; BLOCK]);
                for (r, (&id, &value)) in ids[rows.clone()].iter().zip(&values[rows]).enumerate() {
                    add_row(out, r, row_of(id), value);
                }
            }
            FieldBatch::Mean { starts, ids } => {
                out.fill([0.0; BLOCK]);
                for (r, row) in rows.enumerate() {
                    let ids = &ids[starts[row] as usize..starts[row + 1] as usize];
                    for &id in ids {
                        add_row(out, r, row_of(id), 1.0 / ids.len() as f32);
                    }
                }
            }
        }
    }
}
