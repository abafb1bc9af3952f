//! `out[f] = ` the embedding of field f: a table row (categorical), the value times a row (numeric), or the mean of several
//! rows (multi-valued). Shape `[F, dim]`.

use crate::autograd::fields::TableRows;
use crate::autograd::kind::OpKind;
use crate::autograd::layout::TableId;
use crate::autograd::op::{BLOCK, Backward, Definition, Forward, Op, used_in};
use crate::autograd::tape::{Tape, Var};
use crate::error::{Error, Result};
use crate::kernels::columns_mut;
use crate::kernels::lookup::ToSamples;

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

    fn formula(&self) -> &str {
        "out[f] = sum over the values v of field f of scale_v table[id_v]"
    }

    fn kind(&self) -> OpKind<'_> {
        OpKind::Embedding { table: self.table }
    }

    fn table(&self) -> Option<TableId> {
        Some(self.table)
    }

    fn forward(&self, f: &mut Forward<'_>) {
        let table = TableRows {
            paired: false,
            rows: &f.parameters.tables[self.table.0],
            stride: self.dim,
        };
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
                table.look_up(f.isa, field, first..first + used, out);
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

#[cfg(test)]
mod tests {
    use crate::autograd::Init;
    use crate::autograd::layout::TableSpec;
    use crate::autograd::ops::checks::held;

    #[test]
    fn its_gradient_holds_and_a_wrong_one_is_found() {
        held("embedding", |t| {
            let init = Init::Normal { deviation: 1.0 };
            let table = t.table(TableSpec {
                name: "e".into(),
                rows: 4,
                dim: 2,
                init,
                field_starts: vec![],
            });
            t.embedding(table, 2)
        });
    }
}
