//! Keras 2.15's and Keras 3's HDF5 (`*.weights.h5`): a group for every attribute of the model that is tracked, a layer's variables numbered
//! below `vars`; nothing but these paths says which data set is which weight.
//!
//! Below `/layers/MODEL` (Keras 2.15) or `/ATTRIBUTE` (Keras 3):
//!
//! | path | holds |
//! |---|---|
//! | `embedding/embedding/vars/0` | the table |
//! | `final_layer/vars/0` | the head's weights, and its bias in `1` |
//! | `int_layers/LAYER/vars/0..3` | query, key, value, residual |
//! | `dnn/layers/dense_N/vars/0..1` | kernel, bias |
//! | `dnn/layers/batch_normalization_N/vars/0..3` | gamma, beta, moving mean, moving variance |

use super::foreign::Foreign;
use super::hdf5::{Found, Hdf5};
use super::layers::{DENSE, INTERACTING, NORM, Order, Owner, named, numbered};
use crate::error::{Error, Result};

/// What is no weight: the optimiser's state, and metrics.
pub const SKIPPED: [&str; 2] = ["optimizer", "metrics"];

/// Reads the weights.
///
/// # Errors
/// When the file is damaged or holds the weights of several models.
pub fn read<'f>(file: &'f Hdf5, skipped: Vec<String>) -> Result<Foreign<'f>> {
    let mut found: Vec<(Owner, Found)> = Vec::new();
    let mut model: Option<String> = None;
    for dataset in file.datasets(&SKIPPED)? {
        let (prefix, owner) = owner(&dataset.path);
        let of = model.get_or_insert_with(|| prefix.to_owned());
        if owner != Owner::Unknown && *of != prefix {
            let what = format!(
                "holds weights below `{of}` and below `{prefix}`: expected those of one model"
            );
            return Err(Error::file(file.path(), what));
        }
        found.push((owner, dataset));
    }
    let mut order = Order::of_first(found.iter().map(|(owner, _)| owner));
    order.by_number();
    let layout = match model.is_some_and(|prefix| prefix.starts_with("layers/")) {
        true => "Keras 2.15 (.weights.h5)",
        false => "Keras 3",
    };
    named(file, layout, found, &order, skipped)
}

/// What a data set belongs to, and the path of its model.
fn owner(path: &str) -> (&str, Owner) {
    let unknown = (path, Owner::Unknown);
    let Some((layer, number)) = path.rsplit_once("/vars/") else {
        return unknown;
    };
    let Ok(number) = number.parse::<usize>() else {
        return unknown;
    };
    let ours = |known: &[(&str, &'static str)]| known.get(number).map(|&(_, ours)| ours);
    if let Some(model) = layer.strip_suffix("/embedding/embedding")
        && number == 0
    {
        return (model, Owner::Embedding);
    }
    if let (Some(model), Some(weight)) = (layer.strip_suffix("/final_layer"), ours(&DENSE)) {
        return (model, Owner::Head(weight));
    }
    let Some((above, name)) = layer.rsplit_once('/') else {
        return unknown;
    };
    let own = || name.to_owned();
    if let (Some(model), Some(weight)) = (above.strip_suffix("/int_layers"), ours(&INTERACTING)) {
        return (model, Owner::Interacting(own(), weight));
    }
    let Some(model) = above.strip_suffix("/dnn/layers") else {
        return unknown;
    };
    match (numbered(name).0, ours(&DENSE), ours(&NORM)) {
        ("dense", Some(weight), _) => (model, Owner::Dense(own(), weight)),
        ("batch_normalization", _, Some(weight)) => (model, Owner::Norm(own(), weight)),
        _ => unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_told_by_their_path() {
        let of = |path: &str| {
            let (model, owner) = owner(path);
            (model.to_owned(), owner)
        };
        let (model, table) = of("layers/auto_int/embedding/embedding/vars/0");
        assert_eq!(
            (model.as_str(), table),
            ("layers/auto_int", Owner::Embedding)
        );
        let (model, head) = of("autoInt_layer/final_layer/vars/0");
        assert_eq!(
            (model.as_str(), head),
            ("autoInt_layer", Owner::Head("weight"))
        );
        let (_, attention) = of("a/int_layers/multi_head_self_attention_2/vars/3");
        let layer = "multi_head_self_attention_2".to_owned();
        assert_eq!(attention, Owner::Interacting(layer, "residual"));
        let (_, norm) = of("a/dnn/layers/batch_normalization/vars/3");
        assert_eq!(
            norm,
            Owner::Norm("batch_normalization".into(), "norm.variance")
        );
        for other in [
            "a/int_layers/x/vars/4",
            "a/dnn/layers/dense/vars/2",
            "a/dnn/layers/conv/vars/0",
            "a/dnn_linear/vars/0",
            "vars/0",
            "a/final_layer/vars/x",
        ] {
            assert_eq!(of(other).1, Owner::Unknown, "{other}");
        }
    }
}
