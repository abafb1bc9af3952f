//! A field as a protocol asks for it, before anything is fitted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::TimePart;
use crate::data::source::columns::ColumnRef;

/// How a field's raw value becomes an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One of many values; each has a row of the embedding table.
    Categorical,
    /// A number; its embedding is the (transformed) number times one learned vector.
    Numeric,
    /// Several values; the embedding is the mean or the sum of their rows.
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

/// What is done to a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// The number as it is.
    None,
    /// `(x - min) / (max - min)` with the bounds of the training rows, clamped to 0..1.
    #[default]
    MinMax,
    /// `(x - mean) / deviation` of the training rows, clamped to -10..10.
    Standard,
    /// `sign(x) ln(1 + |x|)`.
    Log,
    /// `floor(ln(x)^2)` for x > 2, x as it is otherwise: what the winners of Criteo's challenge did to its counts. A
    /// categorical field gets one value for each such number.
    Log2,
    /// A categorical field: which of `buckets` parts of the training rows, about equally many in each, a number falls in.
    Quantile,
}

/// How the rows of a multi-valued field's values become one embedding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean, so that long lists weigh no more than short ones.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

/// A field of a protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Raw")]
pub struct FieldSpec {
    /// Unique among the fields; the name of the embedding's tensor.
    pub name: String,
    /// One value, several values or a number a row.
    pub kind: FieldKind,
    /// The raw columns the value is made of; none: the column called like the field. Several columns of a categorical field
    /// are one value together (a cross), those of a multi-valued one give all their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnRef>,
    /// Values seen in fewer training rows than this share the row for unknown values.
    pub min_count: u32,
    /// The most values that have a row of their own: the most frequent ones (of equally frequent ones, the first in byte order).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u32>,
    /// Instead of a vocabulary: rows are shared by values whose hash falls into one of so many buckets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_buckets: Option<u32>,
    /// Between the values of a multi-valued field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Of a multi-valued field; others have but one row to look up.
    #[serde(skip_serializing_if = "is_default")]
    pub pooling: Pooling,
    /// `None`: min-max for a numeric field, nothing for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// Of [`Transform::Quantile`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
    /// The column is a time, and the field this part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<TimePart>,
}

/// The separator that is used when none is named.
pub const SEPARATOR: &str = "|";

/// What a field may look like in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    kind: FieldKind,
    /// One column, in place of a list of one.
    column: Option<ColumnRef>,
    /// See [`FieldSpec::columns`]; either this or `column`.
    #[serde(default)]
    columns: Vec<ColumnRef>,
    #[serde(default = "one")]
    min_count: u32,
    max_values: Option<u32>,
    hash_buckets: Option<u32>,
    separator: Option<String>,
    #[serde(default)]
    pooling: Pooling,
    transform: Option<Transform>,
    buckets: Option<u32>,
    part: Option<TimePart>,
}

fn one() -> u32 {
    1
}

/// Whether a value need not be written, as it is what is read where there is none.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl TryFrom<Raw> for FieldSpec {
    type Error = String;

    fn try_from(raw: Raw) -> Result<FieldSpec, String> {
        let columns = match (raw.column, raw.columns) {
            (Some(_), several) if !several.is_empty() => {
                return Err(format!(
                    "field `{}` has both `column` and `columns`: keep one",
                    raw.name
                ));
            }
            (Some(one), _) => vec![one],
            (None, several) => several,
        };
        let spec = FieldSpec {
            name: raw.name,
            kind: raw.kind,
            columns,
            min_count: raw.min_count,
            max_values: raw.max_values,
            hash_buckets: raw.hash_buckets,
            separator: raw.separator,
            pooling: raw.pooling,
            transform: raw.transform,
            buckets: raw.buckets,
            part: raw.part,
        };
        spec.check()?;
        Ok(spec)
    }
}

impl FieldSpec {
    /// A field of a column with its name, every rare value kept.
    pub fn new(name: &str, kind: FieldKind) -> FieldSpec {
        FieldSpec {
            name: name.into(),
            kind,
            columns: Vec::new(),
            min_count: 1,
            max_values: None,
            hash_buckets: None,
            separator: None,
            pooling: Pooling::Mean,
            transform: None,
            buckets: None,
            part: None,
        }
    }

    /// The raw columns.
    pub fn sources(&self) -> Vec<ColumnRef> {
        match self.columns.is_empty() {
            true => vec![ColumnRef::Name(self.name.clone())],
            false => self.columns.clone(),
        }
    }

    /// Between the values of a multi-valued field.
    pub fn separator(&self) -> &str {
        self.separator.as_deref().unwrap_or(SEPARATOR)
    }

    /// What is done to numbers; `None` for fields that are no numbers.
    pub fn transform(&self) -> Transform {
        self.transform.unwrap_or(match self.kind {
            FieldKind::Numeric => Transform::MinMax,
            FieldKind::Categorical | FieldKind::MultiValued => Transform::None,
        })
    }

    /// Whether the raw value has to be a number.
    pub fn is_number(&self) -> bool {
        match self.kind {
            FieldKind::Numeric => true,
            FieldKind::Categorical => {
                matches!(self.transform(), Transform::Log2 | Transform::Quantile)
            }
            FieldKind::MultiValued => false,
        }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the field and the setting.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |what: String| Err(format!("field `{}`: {what}", self.name));
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return wrong(
                "its name must have at least one character, and none that cannot be seen".into(),
            );
        }
        let broken = self
            .counting()
            .or_else(|| self.shape())
            .or_else(|| self.numbers());
        match broken {
            Some(what) => wrong(what.to_owned()),
            None => Ok(()),
        }
    }

    /// What is wrong with the settings that count values.
    fn counting(&self) -> Option<&'static str> {
        let numeric = self.kind == FieldKind::Numeric;
        let counts = self.max_values.is_some() || self.min_count > 1;
        first(&[
            (self.min_count == 0, "`min_count` is 0, expected 1 or more"),
            (
                self.max_values == Some(0),
                "`max_values` is 0, expected 1 or more",
            ),
            (
                self.hash_buckets == Some(0),
                "`hash_buckets` is 0, expected 1 or more",
            ),
            (
                self.hash_buckets.is_some() && counts,
                "`hash_buckets` leaves no value out, so `min_count` and `max_values` have no meaning beside it",
            ),
            (
                numeric && (self.hash_buckets.is_some() || counts),
                "is numeric, so it has no values to count: `min_count`, `max_values` and `hash_buckets` are for categorical and multi-valued fields",
            ),
        ])
    }

    /// What is wrong with its columns and with the settings of lists and times.
    fn shape(&self) -> Option<&'static str> {
        let many = self.kind == FieldKind::MultiValued;
        let listed = self.separator.is_some() || self.pooling != Pooling::Mean;
        first(&[
            (
                !many && listed,
                "`separator` and `pooling` are for multi-valued fields",
            ),
            (
                self.separator.as_deref() == Some(""),
                "`separator` is empty, expected at least one character",
            ),
            (
                self.is_number() && self.columns.len() > 1,
                "a number has one column",
            ),
            (
                self.part.is_some() && (many || self.columns.len() > 1),
                "a `part` of a time is one value of one column",
            ),
            (
                self.part.is_some() && self.columns.is_empty(),
                "a `part` of a time needs the `column` that holds the time",
            ),
        ])
    }

    /// What is wrong with its transform.
    fn numbers(&self) -> Option<&'static str> {
        let numeric = self.kind == FieldKind::Numeric;
        let of_numbers = [Transform::MinMax, Transform::Standard, Transform::Log].map(Some);
        first(&[
            (
                self.kind == FieldKind::MultiValued && self.transform.is_some(),
                "is multi-valued, so it has no `transform`",
            ),
            (
                self.kind == FieldKind::Categorical && of_numbers.contains(&self.transform),
                "is categorical, so its `transform` can be log2 or quantile only; for others say kind = \"numeric\"",
            ),
            (
                numeric && self.transform == Some(Transform::Quantile),
                "quantile buckets are values, not numbers: say kind = \"categorical\"",
            ),
            (
                self.buckets.is_some() != (self.transform == Some(Transform::Quantile)),
                "`buckets` and transform = \"quantile\" belong together",
            ),
            (
                self.buckets.is_some_and(|n| !(2..=65_536).contains(&n)),
                "`buckets` is out of range, expected 2 to 65536",
            ),
        ])
    }
}

/// The first rule that is broken.
fn first(rules: &[(bool, &'static str)]) -> Option<&'static str> {
    rules
        .iter()
        .find(|(broken, _)| *broken)
        .map(|(_, what)| *what)
}
