//! What the shapes of a model's tensors tell of its settings.

use super::foreign::{Foreign, PYTORCH, listed};
use crate::error::{Error, Result};

/// Sizes and switches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// d
    pub dim: usize,
    /// L
    pub layers: usize,
    /// Of an interacting layer, all heads together.
    pub width: usize,
    /// H, which no shape tells: it divides `width`.
    pub heads: usize,
    /// Whether the logit of the attention has one.
    pub head_bias: bool,
    /// Whether query, key, value and residual have one.
    pub projection_bias: bool,
    /// Whether the outputs of interacting layers are normalised.
    pub layer_norm: bool,
    /// Whether the linear part is there.
    pub linear: bool,
    /// The hidden layers of the perceptron; none: there is no perceptron.
    pub hidden: Vec<usize>,
    /// Whether the perceptron's layers are normalised over the batch.
    pub batch_norm: bool,
}

impl Sizes {
    /// Reads them; `heads` is what the user says of the heads, `each` whether a head is as wide as an embedding, as in the course projects'
    /// template.
    ///
    /// # Errors
    /// When the file has no embedding table or no attention, or the number of heads is neither told nor to be seen.
    pub fn of(foreign: &Foreign<'_>, heads: Option<usize>, each: bool) -> Result<Sizes> {
        let names = || foreign.tensors.keys().map(String::as_str);
        let dim = names().find(|name| table_of(name) == Some("embedding"));
        let Some(dim) = dim.and_then(|name| columns(foreign, name)) else {
            let what = format!(
                "holds no embedding table, expected weights of AutoInt{}",
                beside(foreign)
            );
            return Err(Error::file(&foreign.path, what));
        };
        let number = |name: &str, of: &str| -> Option<usize> {
            name.strip_prefix(of)?.split('.').next()?.parse().ok()
        };
        let count = |of: &str| -> Option<usize> {
            let last = names().filter_map(|name| number(name, of)).max();
            Some(last?.min(MOST_LAYERS) + 1)
        };
        let width = ["query", "key", "value", "residual"]
            .iter()
            .find_map(|own| columns(foreign, &format!("interacting.0.{own}")));
        let (Some(layers), Some(width)) = (count("interacting."), width) else {
            return Err(without_attention(foreign));
        };
        let hidden = (0..count("mlp.").unwrap_or(0)).map(|layer| hidden(foreign, layer));
        Ok(Sizes {
            dim,
            layers,
            width,
            heads: heads_of(heads, dim, width, each)
                .map_err(|what| Error::config("--heads", what))?,
            projection_bias: foreign.tensors.contains_key("interacting.0.query.bias"),
            layer_norm: foreign.tensors.contains_key("interacting.0.norm.gain"),
            linear: names().any(|name| table_of(name) == Some("linear")),
            head_bias: foreign.tensors.contains_key("head.bias"),
            hidden: hidden.collect(),
            batch_norm: names().any(|name| name.starts_with("mlp.") && name.contains(".norm.")),
        })
    }

    /// The settings that they are, as `--set` takes them.
    pub fn sets(&self) -> Vec<String> {
        let mut sets = vec![
            format!("model.embedding.dim={}", self.dim),
            format!("model.interacting.layers={}", self.layers),
            format!("model.interacting.heads={}", self.heads),
            format!("model.interacting.width={}", self.width),
            format!("model.interacting.head.bias={}", self.head_bias),
            format!("model.interacting.projection_bias={}", self.projection_bias),
            format!("model.interacting.layer_norm={}", self.layer_norm),
            format!("model.linear={}", self.linear),
        ];
        match self.hidden.is_empty() {
            true => sets.push("model.mlp=false".into()),
            false => {
                sets.push("model.mlp=true".into());
                sets.push(format!("model.mlp.hidden={:?}", self.hidden));
                sets.push(format!("model.mlp.batch_norm={}", self.batch_norm));
            }
        }
        sets
    }
}

/// More layers than any model has: a table of names may hold any number.
const MOST_LAYERS: usize = 10_000;

/// The embedding table and that of the linear part.
const TABLES: [&str; 2] = ["embedding", "linear"];

/// The table that this tensor is, or a field's part of.
pub fn table_of(name: &str) -> Option<&'static str> {
    let is = |table: &&str| name.split('.').next() == Some(*table);
    TABLES.into_iter().find(is)
}

/// The width of a hidden layer, of its bias where it has no weights: what is missing is told later, by name.
fn hidden(foreign: &Foreign<'_>, layer: usize) -> usize {
    let bias = foreign.tensors.get(&format!("mlp.{layer}.bias"));
    let bias = || bias.and_then(|bias| bias.shape.first().copied());
    let weights = columns(foreign, &format!("mlp.{layer}.weight"));
    weights.or_else(bias).unwrap_or(1)
}

/// The length of a tensor's last axis, or nothing where it has not two.
fn columns(foreign: &Foreign<'_>, name: &str) -> Option<usize> {
    match foreign.tensors.get(name)?.shape[..] {
        [_, columns] => Some(columns),
        _ => None,
    }
}

/// The number of heads: what the user says, or what the width says. A layer of the course projects' template has `d` numbers a head, so that
/// the width is a multiple of d; a layer as wide as its input may have any number of heads that divides it.
fn heads_of(told: Option<usize>, dim: usize, width: usize, each: bool) -> Result<usize, String> {
    let divides = |heads: usize| heads > 0 && width.is_multiple_of(heads);
    match told {
        Some(heads) if divides(heads) => Ok(heads),
        Some(heads) => Err(format!(
            "expected a number of heads that divides the layers' width, which is {width}, got {heads}"
        )),
        None if width == 1 => Ok(1),
        None if each && dim > 0 && width > dim && width.is_multiple_of(dim) => Ok(width / dim),
        None => Err(format!(
            "is needed: layers of width {width} on embeddings of {dim} may have any number of heads that divides {width}, and the weights do not tell it"
        )),
    }
}

/// A model without attention: of one of the course projects, Keras never saw it.
fn without_attention(foreign: &Foreign<'_>) -> Error {
    let why = match foreign.layout {
        PYTORCH => {
            "expected an AutoInt, and a map that names its tensors interacting.0.query and so on"
        }
        _ => {
            "Keras never tracked these layers, so they were neither trained nor saved, and what they were cannot be guessed; train the model anew"
        }
    };
    let what = format!(
        "holds no attention weights at all (query, key, value and residual of an interacting layer){}: {why}",
        beside(foreign)
    );
    Error::file(&foreign.path, what)
}

/// What there is instead.
fn beside(foreign: &Foreign<'_>) -> String {
    let known = foreign.tensors.values().map(|t| format!("{t:?}"));
    let all: Vec<String> = known.chain(foreign.others.iter().cloned()).collect();
    match all.is_empty() {
        true => ", and no other tensor".into(),
        false => format!(", only {}", listed(&all, ", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_where_one_number_fits_and_asked_for_elsewhere() {
        assert_eq!(heads_of(None, 16, 32, true), Ok(2));
        assert_eq!(heads_of(None, 32, 256, true), Ok(8));
        assert_eq!(heads_of(None, 1, 1, true), Ok(1));
        assert_eq!(heads_of(Some(4), 16, 32, true), Ok(4));
        for (dim, width) in [(16, 16), (16, 24), (16, 8), (0, 0)] {
            let error = heads_of(None, dim, width, true).unwrap_err();
            assert!(error.contains("is needed"), "{error}");
        }
        assert!(
            heads_of(Some(3), 16, 32, true)
                .unwrap_err()
                .contains("divides")
        );
        assert!(heads_of(None, 16, 32, false).is_err());
        assert!(heads_of(Some(0), 16, 32, true).is_err());
    }
}
