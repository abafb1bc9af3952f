//! The embeddings that the other parts share: a table row of d numbers for each field's value.

use serde::{Deserialize, Serialize};

use super::check;
use crate::autograd::layout::TableSpec;
use crate::autograd::{Init, Tape, Var};
use crate::error::Result;
use crate::model::init::InitConfig;

/// The name of the table.
pub const TABLE: &str = "embedding";

/// The section `[model.embedding]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// d, the numbers of an embedding.
    pub dim: usize,
    /// The share of an embedding's numbers that is set to 0 in training, 0 to below 1.
    pub dropout: f32,
    /// Of table rows; those for unknown values start at 0.
    pub init: InitConfig,
}

impl EmbeddingConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        check::positive("model.embedding.dim", self.dim, 4096)?;
        check::rate("model.embedding.dropout", self.dropout)
    }
}

/// Records the embeddings of all fields, `[F, d]`.
///
/// # Errors
/// Never for the first table of its name.
pub fn record(tape: &mut Tape, config: &EmbeddingConfig, offsets: &[usize]) -> Result<Var> {
    let embedded = table(tape, TABLE, config.dim, config.init.0, offsets)?;
    Ok(tape.dropout(&embedded, config.dropout))
}

/// A table named `name` and its look-up: `[F, dim]`. Field f has the rows `offsets[f]..offsets[f + 1]`.
///
/// # Errors
/// Never for a table that is new.
pub fn table(
    tape: &mut Tape,
    name: &str,
    dim: usize,
    init: Init,
    offsets: &[usize],
) -> Result<Var> {
    let fields = offsets.len() - 1;
    tape.scope(name);
    let table = tape.table(TableSpec {
        name: name.to_owned(),
        rows: offsets[fields],
        dim,
        init,
        field_starts: offsets[..fields].to_vec(),
    });
    tape.embedding(table, fields)
}
