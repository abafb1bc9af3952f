//! `out[f] = ` the embedding of field f: a table row (categorical), the value times a row (numeric), or the mean of several
//! rows (multi-valued). Shape `[F, dim]`.

use crate::autograd::layout::TableId;
use crate::autograd::op::{Backward, Definition, Forward, Op};
use crate::autograd::tape::{Tape, Var};
use crate::data::batch::FieldBatch;
use crate::error::{Error, Result};
use crate::kernels::lookup::{add_row, rows_to_samples, set_row};

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
        let row_of = |id: u32| &table[id as usize * self.dim..(id as usize + 1) * self.dim];
        let (first, used, rows) = (f.shard.first_row, f.shard.used, f.rows);
        if used < rows {
            f.out.fill(0.0);
        }
        for (field, out) in f
            .shard
            .batch
            .fields
            .iter()
            .zip(f.out.chunks_exact_mut(self.dim * rows))
        {
            match field {
                FieldBatch::One { ids } => {
                    for (r, &id) in ids[first..first + used].iter().enumerate() {
                        set_row(out, rows, r, row_of(id));
                    }
                }
                FieldBatch::Scaled { ids, values } => {
                    out.fill(0.0);
                    for r in 0..used {
                        add_row(out, rows, r, row_of(ids[first + r]), values[first + r]);
                    }
                }
                FieldBatch::Mean { starts, ids } => {
                    out.fill(0.0);
                    for r in 0..used {
                        let ids = &ids[starts[first + r] as usize..starts[first + r + 1] as usize];
                        for &id in ids {
                            add_row(out, rows, r, row_of(id), 1.0 / ids.len() as f32);
                        }
                    }
                }
            }
        }
    }

    fn backward(&self, b: &mut Backward<'_>) {
        // out[f] = scale * table[id]  =>  d_table[id] += scale * d_out[f]. The samples' d_out is only laid out here, one
        // sample after the other: the sum over samples that share an id is `sparse`'s, in an order fixed for the batch.
        let stride = self.fields * self.dim;
        let samples = &mut b.d_samples[self.table.0][b.first_sample * stride..];
        rows_to_samples(b.d_out, b.rows, b.shard.used, stride, samples);
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
