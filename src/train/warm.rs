//! Starting from the weights of another run: what both know keeps its weights, new values get fresh rows.

use crate::autograd::{Layout, Parameters};
use crate::data::schema::{Encoding, Schema};
use crate::error::{Error, Result};
use crate::run::Run;

/// How many values of a field the older run knew, and how many came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// As in the schema.
    pub field: String,
    /// Values of the older run's vocabulary; 0 for a number.
    pub known: usize,
    /// Values that came on top.
    pub new: usize,
}

/// The weights of `from` in the layout of a model for `schema`, which has grown from the run's own; rows of new values are drawn
/// from `seed` as a training from scratch would draw them.
///
/// # Errors
/// When the models have other parameters than tables in common, or a vocabulary has not grown from that of the run.
pub fn grown(layout: &Layout, schema: &Schema, from: &Run, seed: u64) -> Result<Parameters> {
    let old = from.runtime.tape().layout();
    let shape = |layout: &Layout| -> Vec<(String, Vec<usize>)> {
        let all = layout.dense.iter().chain(&layout.buffers);
        all.map(|d| (d.name.clone(), d.param.shape.clone()))
            .collect()
    };
    let dims = |layout: &Layout| -> Vec<(String, usize)> {
        layout
            .tables
            .iter()
            .map(|t| (t.name.clone(), t.dim))
            .collect()
    };
    if shape(old) != shape(layout) || dims(old) != dims(layout) {
        let what =
            "has a model of other shape than these settings give: keep [model] as it is in the run";
        return Err(Error::file(&from.path, what));
    }
    check(&from.schema, schema).map_err(|what| Error::file(&from.path, what))?;
    let mut parameters = Parameters::initialise(layout, seed);
    parameters.dense.clone_from(&from.parameters.dense);
    parameters.buffers.clone_from(&from.parameters.buffers);
    let (old_rows, new_rows) = (from.schema.offsets(), schema.offsets());
    for (number, table) in layout.tables.iter().enumerate() {
        let (to, from) = (
            &mut parameters.tables[number],
            &from.parameters.tables[number],
        );
        for (old, new) in old_rows.windows(2).zip(&new_rows) {
            let length = (old[1] - old[0]) * table.dim;
            let rows = &from[old[0] * table.dim..][..length];
            to[new * table.dim..][..length].copy_from_slice(rows);
        }
    }
    Ok(parameters)
}

/// What each field gained.
pub fn growth(from: &Schema, schema: &Schema) -> Vec<Growth> {
    let both = from.fields.iter().zip(&schema.fields);
    both.map(|(old, new)| {
        let known = old.encoding.cardinality().unwrap_or(0);
        Growth {
            field: new.name.clone(),
            known,
            new: new
                .encoding
                .cardinality()
                .unwrap_or(0)
                .saturating_sub(known),
        }
    })
    .collect()
}

/// Whether every code of the old schema means the same in the new one.
fn check(old: &Schema, new: &Schema) -> Result<(), String> {
    if old.field_names() != new.field_names() {
        return Err("has other fields than the data are encoded with".into());
    }
    for (old, new) in old.fields.iter().zip(&new.fields) {
        let same = match (&old.encoding, &new.encoding) {
            (Encoding::Vocabulary(old), Encoding::Vocabulary(new)) => {
                old.len() <= new.len() && old.texts().eq(new.texts().take(old.len()))
            }
            (old, new) => old == new,
        };
        if !same {
            return Err(format!(
                "has another encoding of field `{}` than the data",
                new.name
            ));
        }
    }
    Ok(())
}
