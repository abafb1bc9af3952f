//! All tensors as one safetensors file, with what a model of another library needs to know in its header.
//!
//! The tensors have the names and shapes of the run's own file (see [`crate::run::weights`]): `TABLE.FIELD` `[values, d]`, whose row 0 is for unknown
//! and missing values, and the dense parameters, a matrix being `[inputs, outputs]`. The header's one entry, `autoint`, is JSON: the
//! `model` section of the run's configuration, and `fields`, in the order of the model's input, each with its name, kind and number of
//! rows.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::run::Run;
use crate::run::weights::tensors;

/// Writes them.
///
/// # Errors
/// When the file cannot be written.
pub fn write(run: &Run, path: &Path) -> Result<()> {
    let bytes = to_bytes(run)?;
    write_whole(path, |file| file.write_all(&bytes))
}

/// The file's bytes. The same run gives the same bytes.
///
/// # Errors
/// When the format cannot hold the weights.
pub fn to_bytes(run: &Run) -> Result<Vec<u8>> {
    let fail = |e: safetensors::SafeTensorError| {
        Error::Data(format!("the weights cannot be written: {e}"))
    };
    let tensors = tensors(run.runtime.tape().layout(), &run.schema);
    let bytes = tensors.iter().map(|tensor| {
        let numbers = tensor.values(&run.parameters).iter();
        numbers.flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()
    });
    let bytes: Vec<Vec<u8>> = bytes.collect();
    let mut views = BTreeMap::new();
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(fail)?;
        views.insert(tensor.name.as_str(), view);
    }
    // One entry: several would be written in an order that changes from run to run.
    let about = HashMap::from([("autoint".to_owned(), about(run))]);
    safetensors::serialize(views, Some(about)).map_err(fail)
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
