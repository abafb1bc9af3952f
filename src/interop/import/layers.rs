//! From Keras' layers to the names of this crate: what both of Keras' ways of naming weights lead to.

use super::foreign::{Foreign, Tensor};
use super::hdf5::{Found, Hdf5};
use crate::error::Result;

/// What a weight belongs to. Layers of a kind are told apart by the name that the file has for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The table of all fields.
    Embedding,
    /// The weights on the flattened output of the last interacting layer.
    Head(&'static str),
    /// Of an interacting layer.
    Interacting(String, &'static str),
    /// Of the perceptron.
    Dense(String, &'static str),
    /// Of a batch normalisation in it.
    Norm(String, &'static str),
    /// Of nothing that is known.
    Unknown,
}

/// Names of a Keras layer's weights, in the order of its variables, and ours.
pub const INTERACTING: [(&str, &str); 4] = [
    ("query", "query"),
    ("key", "key"),
    ("value", "value"),
    ("res", "residual"),
];
/// The same of dense layers.
pub const DENSE: [(&str, &str); 2] = [("kernel", "weight"), ("bias", "bias")];
/// The same of batch normalisations.
pub const NORM: [(&str, &str); 4] = [
    ("gamma", "norm.gain"),
    ("beta", "norm.bias"),
    ("moving_mean", "norm.mean"),
    ("moving_variance", "norm.variance"),
];

/// The names of layers of each kind, in the order in which the model has them.
#[derive(Debug, Default)]
pub struct Order {
    /// A layer's place here is its number in our names.
    pub interacting: Vec<String>,
    /// As `interacting`; the last is the perceptron's output.
    pub dense: Vec<String>,
    /// As `interacting`.
    pub norm: Vec<String>,
}

impl Order {
    /// Every layer once, in the order of its first weight.
    pub fn of_first<'o>(owners: impl IntoIterator<Item = &'o Owner>) -> Order {
        let mut order = Order::default();
        for owner in owners {
            let (names, name) = match owner {
                Owner::Interacting(name, _) => (&mut order.interacting, name),
                Owner::Dense(name, _) => (&mut order.dense, name),
                Owner::Norm(name, _) => (&mut order.norm, name),
                _ => continue,
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        order
    }

    /// Sorts layers by their numbers: a file lists `dense_10` before `dense_2`.
    pub fn by_number(&mut self) {
        for names in [&mut self.interacting, &mut self.dense, &mut self.norm] {
            names.sort_by_key(|name| numbered(name).1);
        }
    }

    /// Our name of a weight; none for what is known of nothing.
    fn name(&self, owner: &Owner) -> Option<String> {
        let place = |names: &[String], name| names.iter().position(|other| other == name);
        Some(match owner {
            Owner::Embedding => "embedding".into(),
            Owner::Head(weight) => format!("head.{weight}"),
            Owner::Interacting(name, weight) => {
                format!("interacting.{}.{weight}", place(&self.interacting, name)?)
            }
            Owner::Dense(name, weight) => match place(&self.dense, name)? {
                last if last + 1 == self.dense.len() => format!("mlp.output.{weight}"),
                layer => format!("mlp.{layer}.{weight}"),
            },
            Owner::Norm(name, weight) => format!("mlp.{}.{weight}", place(&self.norm, name)?),
            Owner::Unknown => return None,
        })
    }
}

/// Puts data sets under our names.
///
/// # Errors
/// When two have the same.
pub fn named<'f>(
    file: &'f Hdf5,
    layout: &'static str,
    found: Vec<(Owner, Found)>,
    order: &Order,
    skipped: Vec<String>,
) -> Result<Foreign<'f>> {
    let mut foreign = Foreign {
        path: file.path().to_path_buf(),
        layout,
        tensors: Default::default(),
        others: Vec::new(),
        skipped,
        unknown_rows: false,
    };
    for (owner, found) in found {
        match order.name(&owner) {
            Some(name) => {
                let (source, shape) = (found.path.clone(), found.shape.clone());
                foreign.add(name, Tensor::new(source, shape, move || file.read(&found)))?;
            }
            None => foreign
                .others
                .push(format!("`{}` {:?}", found.path, found.shape)),
        }
    }
    Ok(foreign)
}

/// A layer's name without the number that Keras puts behind it, and that number (0 when there is none).
pub fn numbered(name: &str) -> (&str, u64) {
    let cut = name.rsplit_once('_');
    match cut.and_then(|(base, number)| Some((base, number.parse().ok()?))) {
        Some(both) => both,
        None => (name, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_dense_layer_is_the_output() {
        let owners = ["dense", "dense_1", "dense_10"].map(|n| Owner::Dense(n.into(), "weight"));
        let order = Order::of_first(&owners);
        let names = owners.map(|owner| order.name(&owner).unwrap());
        assert_eq!(names, ["mlp.0.weight", "mlp.1.weight", "mlp.output.weight"]);
        assert_eq!(order.name(&Owner::Unknown), None);
    }

    #[test]
    fn layers_are_in_the_order_of_their_numbers() {
        let listed = ["dense", "dense_1", "dense_10", "dense_2"];
        let owners = listed.map(|name| Owner::Dense(name.into(), "weight"));
        let mut order = Order::of_first(&owners);
        order.by_number();
        assert_eq!(order.dense, ["dense", "dense_1", "dense_2", "dense_10"]);
    }

    #[test]
    fn numbers_behind_names_are_numbers() {
        assert_eq!(numbered("dense"), ("dense", 0));
        assert_eq!(numbered("dense_12"), ("dense", 12));
        assert_eq!(numbered("batch_normalization"), ("batch_normalization", 0));
        assert_eq!(numbered("batch_normalization_3").1, 3);
    }
}
