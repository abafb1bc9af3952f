//! The whole scoring graph as an ONNX file: encoded or raw values in, logit and probability out.
//!
//! Reading order: `protobuf` (bytes), `graph` (nodes), `codes` and `raw` (the inputs), `embedding`, `ops` and `walk` (the tape), `score` (from
//! the tape's logit to what `predict` says).

mod codes;
mod embedding;
mod graph;
mod ops;
mod raw;
mod score;
mod walk;

use std::path::Path;

use self::embedding::Field;
use self::graph::Graph;
use self::walk::Walk;
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::model::{Model, ModelConfig, build};
use crate::run::Run;

/// What the graph's inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Inputs {
    /// The raw values that `predict` takes, one input a column: texts, and numbers where a field is one
    Raw,
    /// The encoded values, one input a field: codes, and transformed numbers
    Codes,
}

impl Inputs {
    /// The versions of ONNX's operators and of the file: as old as the operators that are used, so that many runtimes read it.
    fn versions(self) -> (i64, i64) {
        match self {
            // StringSplit and StringConcat are of version 20.
            Inputs::Raw => (20, 9),
            Inputs::Codes => (17, 8),
        }
    }
}

/// Writes a run's scoring graph.
///
/// # Errors
/// When a field's encoding cannot be said in ONNX, the model is too large for the format, or the file cannot be written.
pub fn write(run: &Run, inputs: Inputs, path: &Path) -> Result<()> {
    let bytes = to_bytes(run, inputs)?;
    write_whole(path, |file| file.write_all(&bytes))
}

/// The file's bytes. The same run gives the same bytes.
///
/// # Errors
/// As [`write()`].
pub fn to_bytes(run: &Run, inputs: Inputs) -> Result<Vec<u8>> {
    let schema = &run.schema;
    let offsets = schema.offsets();
    let Model { tape, logit, .. } = build(&composed(&run.settings.model), &offsets)?;
    if tape.layout() != run.runtime.tape().layout() {
        let what = "a composed model has other parameters than a fused one";
        return Err(Error::shape("interacting", what));
    }
    let mut graph = Graph::default();
    let coded = match inputs {
        Inputs::Raw => raw::fields(&mut graph, schema)?,
        Inputs::Codes => codes::fields(&mut graph, schema),
    };
    let rows = coded.iter().zip(offsets.windows(2));
    let rows: Vec<Field> = rows
        .map(|(coded, rows)| embedding::rows_of(&mut graph, coded, rows[0], rows[1] - rows[0]))
        .collect();
    let logit = Walk::new(&mut graph, &tape, &run.parameters, &rows).run(&logit)?;
    score::outputs(&mut graph, &logit, run);
    let about = [
        ("protocol", schema.protocol.name.as_str()),
        ("model", &run.settings.model.name()),
        ("fields", &schema.field_names().join(",")),
    ];
    graph.into_model(inputs.versions(), &about)
}

/// The same model of primitive ops: the layers that have one fused op are what their textbook says.
fn composed(config: &ModelConfig) -> ModelConfig {
    let mut config = config.clone();
    if let Some(interacting) = &mut config.interacting {
        interacting.composed = true;
    }
    config.members = config.members.iter().map(composed).collect();
    config
}
