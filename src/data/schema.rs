//! The data contract that a model owns: which columns are fields, of which kind, with which vocabulary, and what the label is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::vocab::Vocabulary;

/// How a field's raw value becomes an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One of many values; each has a row of the embedding table.
    Categorical,
    /// A number; its embedding is the (transformed) number times one learned vector.
    Numeric,
    /// Several values joined by `|`; the embedding is the mean of their rows.
    MultiValued,
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FieldKind::Categorical => "categorical",
            FieldKind::Numeric => "numeric",
            FieldKind::MultiValued => "multi-valued",
        })
    }
}

/// A field as a protocol asks for it, before anything is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// The field's name and the name of its raw column.
    pub name: String,
    pub kind: FieldKind,
    /// Values seen in fewer training rows than this share the row for unknown values.
    pub min_count: u32,
}

/// A field after fitting: what encodes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    pub encoding: Encoding,
}

/// What turns a raw value into table rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Categorical and multi-valued fields: code 0 is "unknown or missing", code i + 1 the i-th text of the vocabulary.
    Vocabulary(Vocabulary),
    /// Numeric fields: `(x - min) / (max - min)` with the bounds seen in training, clamped to 0..1. Two table rows: 0 for
    /// "missing", 1 for the vector that is scaled.
    MinMax { min: f64, max: f64 },
}

impl Encoding {
    /// How many embedding rows the field needs, the one for unknown values included.
    pub fn table_rows(&self) -> usize {
        match self {
            Encoding::Vocabulary(vocabulary) => vocabulary.len() + 1,
            Encoding::MinMax { .. } => 2,
        }
    }
}

/// Which rows are used and which of them are positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelRule {
    /// The numeric column the label is made from.
    pub column: String,
    /// Positive when the value is at least this.
    pub at_least: f64,
    /// Rows with one of these values are not used at all (the 3-star ratings of `recbole` and `paper`).
    pub drop: Vec<f64>,
}

/// Everything needed to encode a raw row the way the training rows were. Saved beside the weights as `schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The protocol's name: it stands beside every number.
    pub protocol: String,
    /// In the order of the model's input.
    pub fields: Vec<Field>,
    pub label: LabelRule,
    /// The column that says whose row it is (for per-user metrics); it need not be a field.
    pub user_column: Option<String>,
    /// The column that says which item it is (for baselines and recommendation); it need not be a field.
    pub item_column: Option<String>,
    /// The numeric column that says what a row counts in the training loss; without one every row counts 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_column: Option<String>,
}

impl Schema {
    /// The first table row of each field, and the number of all rows at the end: `offsets[f]..offsets[f + 1]`.
    pub fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![0];
        for field in &self.fields {
            offsets.push(offsets[offsets.len() - 1] + field.encoding.table_rows());
        }
        offsets
    }

    /// The fields' names, in order.
    pub fn field_names(&self) -> Vec<&str> {
        self.fields.iter().map(|f| f.name.as_str()).collect()
    }
}
