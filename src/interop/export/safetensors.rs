//! All tensors as one safetensors file, with what a model of another library needs to know in its header.
//!
//! The tensors have the names and shapes of the run's own file (see [`crate::run::weights`]): `TABLE.FIELD` `[values, d]`, whose row 0 is for unknown
//! and missing values, and the dense parameters, a matrix being `[inputs, outputs]`. The header's one entry, `autoint`, is JSON: the
//! `model` section of the run's configuration, and `fields`, in the order of the model's input, each with its name, kind and number of
//! rows.

use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use crate::error::Result;
use crate::files::write_whole;
use crate::run::precision::Tables;
use crate::run::{Run, saving};

/// Writes them, embedding tables as `tables` says (see [`crate::run::precision`]).
///
/// # Errors
/// When the file cannot be written.
pub fn write(run: &Run, tables: Tables, path: &Path) -> Result<()> {
    let bytes = to_bytes(run, tables)?;
    write_whole(path, |file| file.write_all(&bytes))
}

/// The file's bytes. The same run gives the same bytes.
///
/// # Errors
/// When the format cannot hold the weights.
pub fn to_bytes(run: &Run, tables: Tables) -> Result<Vec<u8>> {
    // One entry: several would be written in an order that changes from run to run.
    let about = HashMap::from([("autoint".to_owned(), about(run))]);
    let layout = run.runtime.tape().layout();
    saving::to_bytes(layout, &run.schema, &run.parameters, tables, Some(about))
}

fn about(run: &Run) -> String {
    let fields = run.schema.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "kind": field.kind,
            "rows": field.encoding.table_rows(),
        })
    });
    let fields: Vec<_> = fields.collect();
    json!({ "model": run.settings.model, "fields": fields }).to_string()
}
