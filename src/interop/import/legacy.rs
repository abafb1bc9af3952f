//! Keras 2's HDF5 (`model.save_weights("x.h5")`): the root's attribute `layer_names` and each layer's `weight_names` say which data set
//! is which weight, in the order of the model.

use std::collections::HashMap;

use super::foreign::Foreign;
use super::hdf5::{Found, Hdf5};
use super::layers::{DENSE, INTERACTING, NORM, Order, Owner, named, numbered};
use crate::error::{Error, Result};

/// The root's attribute.
const LAYERS: &str = "layer_names";
/// A layer's.
const WEIGHTS: &str = "weight_names";
/// The optimiser's state, in a whole saved model.
pub const SKIPPED: [&str; 1] = ["optimizer_weights"];

/// The names of layers, when the file has this layout.
///
/// # Errors
/// When the file is damaged.
pub fn layers(file: &Hdf5) -> Result<Option<Vec<String>>> {
    file.strings("", LAYERS)
}

/// Reads the weights of these layers.
///
/// # Errors
/// When the attributes name other data sets than there are.
pub fn read<'f>(file: &'f Hdf5, layers: &[String], skipped: Vec<String>) -> Result<Foreign<'f>> {
    let datasets = file.datasets(&SKIPPED)?;
    let mut datasets: HashMap<String, Found> =
        datasets.into_iter().map(|d| (d.path.clone(), d)).collect();
    let mut found = Vec::new();
    for layer in layers {
        for weight in file.strings(layer, WEIGHTS)?.unwrap_or_default() {
            let path = format!("{layer}/{weight}");
            let Some(dataset) = datasets.remove(&path) else {
                let what = format!("names the weight `{path}` and does not hold it, or twice");
                return Err(Error::file(file.path(), what));
            };
            found.push((owner(&weight), dataset));
        }
    }
    // The head was made before the perceptron, so it comes first among the dense layers.
    let dense = found.iter().find_map(|(owner, _)| match owner {
        Owner::Dense(name, _) => Some(name.clone()),
        _ => None,
    });
    for (owner, _) in &mut found {
        if let Owner::Dense(name, weight) = owner
            && Some(&*name) == dense.as_ref()
        {
            *owner = Owner::Head(weight);
        }
    }
    let order = Order::of_first(found.iter().map(|(owner, _)| owner));
    let mut unnamed: Vec<Found> = datasets.into_values().collect();
    unnamed.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    found.extend(unnamed.into_iter().map(|dataset| (Owner::Unknown, dataset)));
    named(file, "Keras 2", found, &order, skipped)
}

/// What a weight of the name `.../LAYER/WEIGHT:0` belongs to.
fn owner(weight: &str) -> Owner {
    let mut parts = weight.rsplit('/');
    let own = parts.next().and_then(|last| last.strip_suffix(":0"));
    let (Some(own), Some(layer)) = (own, parts.next()) else {
        return Owner::Unknown;
    };
    let ours = |known: &[(&str, &'static str)]| {
        let place = known.iter().find(|(theirs, _)| *theirs == own);
        place.map(|&(_, ours)| ours)
    };
    let name = || layer.to_owned();
    let known = match numbered(layer).0 {
        "features_embedding" | "embedding" if own == "embeddings" => Some(Owner::Embedding),
        "multi_head_self_attention" => ours(&INTERACTING).map(|w| Owner::Interacting(name(), w)),
        "dense" => ours(&DENSE).map(|w| Owner::Dense(name(), w)),
        "batch_normalization" => ours(&NORM).map(|w| Owner::Norm(name(), w)),
        _ => None,
    };
    known.unwrap_or(Owner::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_told_by_their_layer_and_name() {
        let attention = "auto_int_model_1/auto_int_1/multi_head_self_attention_3/res:0";
        let layer = "multi_head_self_attention_3".to_owned();
        assert_eq!(owner(attention), Owner::Interacting(layer, "residual"));
        assert_eq!(
            owner("a/features_embedding_1/embeddings:0"),
            Owner::Embedding
        );
        assert_eq!(
            owner("dense_105/bias:0"),
            Owner::Dense("dense_105".into(), "bias")
        );
        let norm = owner("batch_normalization_2/moving_mean:0");
        assert_eq!(
            norm,
            Owner::Norm("batch_normalization_2".into(), "norm.mean")
        );
        for other in [
            "",
            "kernel:0",
            "dense/kernel",
            "conv/kernel:0",
            "dense/query:0",
        ] {
            assert_eq!(owner(other), Owner::Unknown, "{other}");
        }
    }
}
