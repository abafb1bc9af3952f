//! Names of another program's tensors and ours: a small TOML file, as those in `data/torch`.
//!
//! ```toml
//! preset = "paper"                  # whose settings hold where neither the weights nor [settings] say
//! [settings]
//! "model.interacting.scale_scores" = false
//! [table]                           # rows of an embedding table that are no value's: how many, and which is for unknown values
//! first = 1
//! last = 1
//! unknown = "last"
//! [tensors]                         # ours = theirs; {layer} is a number, {field} a field
//! "embedding.{field}" = { from = "embeddings.{field}.weight" }
//! "interacting.{layer}.query" = { from = "attention.{layer}.W_q.weight", transpose = true }
//! [refused]                         # theirs = why no model of ours has it
//! "attention.{layer}.layer_norm.weight" = "..."
//! [ignored]                         # theirs = why it is no weight
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Value;

use crate::error::{Error, Result, one_line};

/// See the module.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The preset whose settings hold where neither the weights nor `settings` say.
    pub preset: String,
    /// Whether the order of the values is their program's own, so that only a list can tell it.
    #[serde(default)]
    pub needs_classes: bool,
    /// Ours, as `--set` names them, that these weights are to be read with.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    /// Rows of the embedding tables that are no value's.
    #[serde(default)]
    pub table: TableRows,
    /// By our name.
    pub tensors: BTreeMap<String, Rule>,
    /// By their name: why no model of ours has such a tensor.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// By their name: why it is no weight.
    #[serde(default)]
    pub ignored: BTreeMap<String, String>,
}

/// Rows of each field's table that are no value's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableRows {
    /// How many before the values' rows.
    pub first: usize,
    /// How many behind them.
    pub last: usize,
    /// Which of these is for unknown values.
    pub unknown: Unknown,
}

/// Which row unknown values have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// None: ours is zeros.
    #[default]
    None,
    /// The first row of the table.
    First,
    /// The last row of the table.
    Last,
}

/// Where a tensor of ours comes from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Their name; none: there is no such tensor, and ours is what `missing` says.
    pub from: Option<String>,
    /// PyTorch's linear layers hold `[outputs, inputs]`, ours `[inputs, outputs]`.
    pub transpose: bool,
    /// The last layer of all has this name of ours instead.
    pub last: Option<String>,
    /// A part of the rows (after transposing).
    pub rows: Option<Part>,
    /// What ours is where theirs is not.
    pub missing: Option<Missing>,
}

/// Rows of weights on several outputs put behind each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Those of the flattened output of the interacting layers, which come first.
    Interacting,
    /// All behind them.
    Mlp,
}

/// A tensor that is not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// A residual that is the layer's input itself: the identity.
    Identity,
    /// A bias that is not there: one zero.
    Zero,
}

impl Map {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no such table.
    pub fn read(path: &Path) -> Result<Map> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        Map::parse(path, &text)
    }

    /// The same of a file's text; `path` is for messages.
    ///
    /// # Errors
    /// When it is no such table.
    pub fn parse(path: &Path, text: &str) -> Result<Map> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = 1 + before.map_or(0, |text| text.matches('\n').count() as u64);
            let what = format!("is no table of names: {}", one_line(error.message()));
            Error::line(path, line, what)
        })
    }

    /// The settings as `--set` takes them.
    pub fn sets(&self) -> Vec<String> {
        let set = |(key, value): (&String, &Value)| format!("{key}={value}");
        self.settings.iter().map(set).collect()
    }
}

/// What stands for the placeholders of a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The number in the place of `{layer}`.
    pub layer: Option<u64>,
    /// The field's name in the place of `{field}`.
    pub field: Option<String>,
}

/// Whether a name is of a pattern; each placeholder may come once.
pub fn captured(pattern: &str, name: &str, fields: &[&str]) -> Option<Captured> {
    let mut found = Captured::default();
    let (mut pattern, mut name) = (pattern, name);
    loop {
        let open = pattern.find('{').unwrap_or(pattern.len());
        let (plain, rest) = pattern.split_at(open);
        name = name.strip_prefix(plain)?;
        if let Some(rest) = rest.strip_prefix("{layer}") {
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            found.layer = Some(name[..digits].parse().ok()?);
            (pattern, name) = (rest, &name[digits..]);
        } else if let Some(rest) = rest.strip_prefix("{field}") {
            // One field's name may begin with another's: what follows decides.
            let own = fields.iter().find(|field| {
                let behind = name.strip_prefix(**field);
                behind.is_some_and(|behind| match rest.find('{') {
                    None => behind == rest,
                    Some(open) => behind.starts_with(&rest[..open]),
                })
            })?;
            found.field = Some((*own).to_owned());
            (pattern, name) = (rest, &name[own.len()..]);
        } else {
            // No placeholder: the brace stands for itself.
            return (rest == name).then_some(found);
        }
    }
}

/// Our name.
pub fn filled(pattern: &str, captured: &Captured, layer: usize) -> String {
    let name = pattern.replace("{layer}", &layer.to_string());
    match &captured.field {
        Some(field) => name.replace("{field}", field),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbers_and_fields() {
        let fields = ["user", "user_id"];
        let of = |pattern, name| captured(pattern, name, &fields);
        let layer = of("a.{layer}.W_q.weight", "a.12.W_q.weight").unwrap();
        assert_eq!(layer.layer, Some(12));
        assert_eq!(filled("x.{layer}.query", &layer, 3), "x.3.query");
        let field = of("e.{field}.weight", "e.user_id.weight").unwrap();
        assert_eq!(filled("embedding.{field}", &field, 0), "embedding.user_id");
        assert_eq!(of("fc.bias", "fc.bias"), Some(Captured::default()));
        for (pattern, name) in [
            ("a.{layer}.w", "a.x.w"),
            ("a.{layer}.w", "a.1.v"),
            ("e.{field}.weight", "e.item.weight"),
            ("fc.bias", "fc.bias2"),
            ("a.{layer}", "a.99999999999999999999999"),
        ] {
            assert_eq!(of(pattern, name), None, "{name}");
        }
    }

    #[test]
    fn the_ready_maps_are_maps() {
        for name in ["fuxictr", "deepctr-torch"] {
            let file = format!("{}/data/torch/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            let map = Map::read(Path::new(&file)).unwrap();
            assert!(
                map.sets()
                    .contains(&"model.interacting.scale_scores=false".to_owned())
            );
        }
        let error = Map::parse(Path::new("m.toml"), "preset = 'paper'\n[tensors]\na = 1");
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("m.toml:3: is no table of names"),
            "{error}"
        );
    }
}
