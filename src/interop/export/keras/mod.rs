//! Weights for the course projects' Keras model, in the layout of Keras 3 (`model.load_weights("NAME.weights.h5")`).
//!
//! Their embedding has no rows for unknown values: those are left out, so that a field's class i, counted from 0, is our code i + 1, and
//! `field_dims` of their model are the numbers of known values. What their model cannot compute is refused.

mod fits;
mod hdf5;

use std::path::Path;

use self::hdf5::Item;
use crate::autograd::Parameters;
use crate::autograd::layout::{DenseSpec, Layout};
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::model::ModelConfig;
use crate::run::Run;

/// The layer of their model that holds all others.
const MODEL: &str = "autoInt_layer";

/// Writes the weights.
///
/// # Errors
/// When the model is none that theirs can be, with the reason, or the file cannot be written.
pub fn write(run: &Run, path: &Path) -> Result<()> {
    fits::check(run)?;
    if !path.to_string_lossy().ends_with(".weights.h5") {
        let what = "Keras 3 loads weights only from a name that ends with .weights.h5: call it so";
        return Err(Error::file(path, what));
    }
    let bytes = to_bytes(run)?;
    write_whole(path, |file| file.write_all(&bytes))
}

fn to_bytes(run: &Run) -> Result<Vec<u8>> {
    let table = embedding(run);
    let weights = Weights {
        layout: run.runtime.tape().layout(),
        parameters: &run.parameters,
    };
    let dim = run.settings.model.embedding.dim;
    let mut root = Item::group();
    let shape = [table.len() / dim.max(1), dim];
    root.put(
        &format!("{MODEL}/embedding/embedding/vars/0"),
        &shape,
        &table,
    );
    for (name, path) in places(&run.settings.model) {
        let (shape, values) = weights.of(&name)?;
        root.put(&format!("{MODEL}/{path}"), shape, values);
    }
    match root {
        Item::Group(mut links) => {
            // The model itself has no weights, but Keras looks.
            links.insert("vars".to_owned(), Item::group());
            hdf5::to_bytes(&links)
        }
        Item::Floats { .. } => Err(Error::Data("the weights have no names".into())),
    }
}

/// The rows of known values.
fn embedding(run: &Run) -> Vec<f32> {
    let dim = run.settings.model.embedding.dim;
    let table = run
        .parameters
        .tables
        .first()
        .map_or(&[][..], |table| &table[..]);
    let offsets = run.schema.offsets();
    let known = offsets
        .windows(2)
        .flat_map(|rows| &table[(rows[0] + 1) * dim..rows[1] * dim]);
    known.copied().collect()
}

/// Our names of the dense tensors, and theirs below the model.
fn places(model: &ModelConfig) -> Vec<(String, String)> {
    let mut all = vec![("head.weight".to_owned(), "final_layer/vars/0".to_owned())];
    let layers = model.interacting.as_ref().map_or(0, |config| config.layers);
    for layer in 0..layers {
        let theirs = numbered("multi_head_self_attention", layer);
        for (place, name) in ["query", "key", "value", "residual"].iter().enumerate() {
            let ours = format!("interacting.{layer}.{name}");
            all.push((ours, format!("int_layers/{theirs}/vars/{place}")));
        }
    }
    let Some(mlp) = &model.mlp else {
        return all;
    };
    for layer in 0..=mlp.hidden.len() {
        let ours = match layer == mlp.hidden.len() {
            true => "mlp.output".to_owned(),
            false => format!("mlp.{layer}"),
        };
        let theirs = numbered("dense", layer);
        for (place, name) in ["weight", "bias"].iter().enumerate() {
            all.push((
                format!("{ours}.{name}"),
                format!("dnn/layers/{theirs}/vars/{place}"),
            ));
        }
        if mlp.batch_norm && layer < mlp.hidden.len() {
            let theirs = numbered("batch_normalization", layer);
            for (place, name) in ["gain", "bias", "mean", "variance"].iter().enumerate() {
                let path = format!("dnn/layers/{theirs}/vars/{place}");
                all.push((format!("{ours}.norm.{name}"), path));
            }
        }
    }
    all
}

/// As Keras numbers layers of one class: the first has no number.
fn numbered(name: &str, number: usize) -> String {
    match number {
        0 => name.to_owned(),
        _ => format!("{name}_{number}"),
    }
}

/// Dense parameters and buffers by name.
struct Weights<'a> {
    layout: &'a Layout,
    parameters: &'a Parameters,
}

impl<'a> Weights<'a> {
    fn of(&self, name: &str) -> Result<(&'a [usize], &'a [f32])> {
        let find = |specs: &'a [DenseSpec], values: &'a [f32]| {
            let spec = specs.iter().find(|spec| spec.name == name)?;
            Some((&spec.param.shape[..], &values[spec.param.range.clone()]))
        };
        let dense = find(&self.layout.dense, &self.parameters.dense);
        let all = dense.or_else(|| find(&self.layout.buffers, &self.parameters.buffers));
        all.ok_or_else(|| Error::Data(format!("the model has no tensor `{name}`")))
    }
}
