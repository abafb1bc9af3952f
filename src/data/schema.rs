//! The data contract that a model owns: the whole protocol it was trained under, and what was fitted for it.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::lookup::Lookup;
use super::protocol::Protocol;
use super::protocol::field::Transform;
pub use super::protocol::field::{FieldKind, FieldSpec};
use super::vocab::Vocabulary;
use crate::error::{Error, Result};

/// A field after fitting: what was asked for (its [`FieldSpec`], which it derefs to), and what encodes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What the protocol asks for: name, kind, columns.
    pub spec: FieldSpec,
    /// What was fitted for it, on the rows that [`crate::data::protocol::FitOn`] names.
    pub encoding: Encoding,
}

impl Deref for Field {
    type Target = FieldSpec;

    fn deref(&self) -> &FieldSpec {
        &self.spec
    }
}

/// What turns a raw value into table rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Categorical and multi-valued fields: code 0 is "unknown or missing", code i + 1 the i-th text of the vocabulary.
    Vocabulary(Vocabulary),
    /// Code 0 is "missing", code i + 1 the i-th bucket: XXH3 (64 bits) of the text modulo the number of buckets.
    Buckets(u32),
    /// A categorical field of numbers: code 0 is "missing", code i + 1 the numbers from the (i - 1)-th bound (below the first
    /// for i = 0) to below the i-th. Bounds rise.
    Quantiles(Vec<f64>),
    /// Numeric fields: `(x - min) / (max - min)` with the bounds seen in training, clamped to 0..1. Two table rows, as for every
    /// numeric field: 0 for "missing", 1 for the vector that is scaled.
    MinMax {
        /// Becomes 0.
        min: f64,
        /// Becomes 1.
        max: f64,
    },
    /// Numeric fields: `(x - mean) / deviation`, clamped to -10..10; 0 when the deviation is 0.
    Standard {
        /// Becomes 0.
        mean: f64,
        /// The population's, in the unit of the numbers.
        deviation: f64,
    },
    /// Numeric fields whose [`Transform`] has nothing to fit.
    Plain,
}

impl Encoding {
    /// How many embedding rows the field needs, the one for unknown values included.
    pub fn table_rows(&self) -> usize {
        match self {
            Encoding::Vocabulary(vocabulary) => vocabulary.len() + 1,
            Encoding::Buckets(buckets) => *buckets as usize + 1,
            Encoding::Quantiles(bounds) => bounds.len() + 2,
            Encoding::MinMax { .. } | Encoding::Standard { .. } | Encoding::Plain => 2,
        }
    }

    /// How many values it tells apart, the unknown ones not counted; `None` for a number.
    pub fn cardinality(&self) -> Option<usize> {
        match self {
            Encoding::MinMax { .. } | Encoding::Standard { .. } | Encoding::Plain => None,
            _ => Some(self.table_rows() - 1),
        }
    }
}

/// Everything needed to encode a raw row the way the training rows were. Saved beside the weights as `schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "File", into = "File")]
pub struct Schema {
    /// The rules; its fields are those of [`Schema::fields`].
    pub protocol: Protocol,
    /// In the order of the model's input.
    pub fields: Vec<Field>,
    /// The model's own copy of joined tables, by their name in the protocol: the columns that fields use.
    pub tables: BTreeMap<String, Lookup>,
}

/// What a file holds of a schema.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The whole of it, fields included.
    protocol: Protocol,
    /// One a field of the protocol.
    encodings: Vec<Named>,
    /// See [`Schema::tables`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<String, Lookup>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    /// The field's name; entries come in the order of the protocol's fields.
    field: String,
    encoding: Encoding,
}

impl From<Schema> for File {
    fn from(schema: Schema) -> File {
        let named = |field: Field| Named {
            field: field.spec.name,
            encoding: field.encoding,
        };
        File {
            protocol: schema.protocol,
            encodings: schema.fields.into_iter().map(named).collect(),
            tables: schema.tables,
        }
    }
}

impl TryFrom<File> for Schema {
    type Error = String;

    fn try_from(file: File) -> Result<Schema, String> {
        let names = file.protocol.fields.iter().map(|spec| spec.name.as_str());
        if !names.eq(file.encodings.iter().map(|named| named.field.as_str())) {
            return Err("the encodings are not those of the protocol's fields".into());
        }
        let both = file.protocol.fields.iter().cloned().zip(file.encodings);
        let fields = both.map(|(spec, named)| Field {
            spec,
            encoding: named.encoding,
        });
        Ok(Schema {
            fields: fields.collect(),
            protocol: file.protocol,
            tables: file.tables,
        })
    }
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

    /// Whether the schema can encode: a protocol that makes sense, encodings that fit their fields, finite ordered bounds, and
    /// table rows that 32 bits can number. Called for every schema that comes from a file.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn check(&self) -> Result<()> {
        self.protocol
            .check()
            .map_err(|(_, what)| Error::Data(what))?;
        for field in &self.fields {
            check(field).map_err(|what| Error::Data(format!("field `{}` {what}", field.name)))?;
        }
        for (name, table) in &self.tables {
            table
                .check()
                .map_err(|what| Error::Data(format!("table `{name}` {what}")))?;
        }
        let table_rows = self
            .fields
            .iter()
            .map(|f| f.encoding.table_rows() as u64)
            .sum::<u64>();
        if u32::try_from(table_rows).is_err() {
            return Err(Error::Data(format!(
                "the fields have {table_rows} values, more than 2^32 - 1; raise `min_count`"
            )));
        }
        Ok(())
    }
}

fn check(field: &Field) -> Result<(), &'static str> {
    let finite_in_order = |bounds: &[f64]| {
        bounds.iter().all(|bound| bound.is_finite())
            && bounds.windows(2).all(|pair| pair[0] < pair[1])
    };
    let numeric = field.kind == FieldKind::Numeric;
    match (&field.encoding, field.transform()) {
        (Encoding::Vocabulary(_), _) if field.hash_buckets.is_none() && !numeric => Ok(()),
        (Encoding::Buckets(buckets), _) if field.hash_buckets == Some(*buckets) && *buckets > 0 => {
            Ok(())
        }
        (Encoding::Quantiles(bounds), Transform::Quantile) if !numeric => {
            match finite_in_order(bounds) {
                true => Ok(()),
                false => Err("has bounds that are not finite or do not rise"),
            }
        }
        (Encoding::MinMax { min, max }, Transform::MinMax) if numeric => {
            match min.is_finite() && max.is_finite() && min <= max {
                true => Ok(()),
                false => Err("has bounds that are not finite or not in order"),
            }
        }
        (Encoding::Standard { mean, deviation }, Transform::Standard) if numeric => {
            match mean.is_finite() && deviation.is_finite() && *deviation >= 0.0 {
                true => Ok(()),
                false => Err("has a mean or a deviation that is none"),
            }
        }
        (Encoding::Plain, Transform::None | Transform::Log | Transform::Log2) if numeric => Ok(()),
        _ => Err("has an encoding that is not of its kind"),
    }
}
