//! What the columns of a data frame are: as somebody says, or as `autoint init` would guess.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{Field as ArrowField, Schema as ArrowSchema};
use pyo3::prelude::*;
use pyo3_arrow::PyTable;
use serde::Deserialize;
use serde_json::Value;

use super::frame::Frame;
use super::guarded::guarded;
use crate::data::init::label::Label;
use crate::data::init::write::Place;
use crate::data::init::{Ask, Draft, draft};
use crate::data::movielens::{protocols, read};
use crate::data::protocol::field::FieldSpec;
use crate::data::protocol::{Protocol, file, ready};
use crate::data::source::Source;
use crate::data::source::layout::Layout;
use crate::data::source::reader::Reader;
use crate::data::synthetic::{SyntheticConfig, generate};
use crate::data::table::{Table, Values};
use crate::error::{Error, Result};

/// Rows that a draft looks at, as the command line's.
const ROWS: usize = 100_000;
/// What errors call a drafted schema.
const DRAFTED: &str = "the drafted schema";

/// What somebody says of the columns. One of `protocol`, `schema` and `spec`, or none of them: then it is drafted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// The name of one of MovieLens' protocols.
    protocol: Option<String>,
    /// A schema file, or the name of a ready one.
    schema: Option<PathBuf>,
    /// A schema as one object.
    spec: Option<Value>,
    /// A column, perhaps with a test: `rating>=4`; as `autoint init` takes it, and so the next three.
    label: Option<String>,
    user: Option<String>,
    item: Option<String>,
    time: Option<String>,
    /// Columns that are to be fields, or whole fields.
    fields: Option<Vec<Value>>,
    /// What the protocol is to be called.
    pub(super) name: Option<String>,
}

/// What the columns are.
#[derive(Debug)]
pub struct Told {
    /// Fields, label, roles and split.
    pub protocol: Protocol,
    /// Where its rows are, if the schema file says.
    pub source: Option<Source>,
    /// Whether it is a schema of the user's: then no preset was tuned on such data.
    pub by_schema: bool,
    /// For people; empty where a schema was given.
    pub warnings: Vec<String>,
}

impl Asked {
    /// What the columns are; `frame` is looked at when nothing is said.
    ///
    /// # Errors
    /// When the schema is none, what is said contradicts itself, or it is not clear which column is the label.
    pub fn told(&self, frame: Option<&Frame>) -> Result<Told> {
        let given = [
            self.protocol.is_some(),
            self.schema.is_some(),
            self.spec.is_some(),
        ];
        let given = given.into_iter().filter(|&given| given).count();
        let columns = [&self.label, &self.user, &self.item, &self.time];
        if given > 1 || given == 1 && (columns.iter().any(|c| c.is_some()) || self.fields.is_some())
        {
            let what = "a schema says all of label, user, item, time and fields, and there is one: give either it or them";
            return Err(Error::config("schema", what));
        }
        let (protocol, source) = if let Some(name) = &self.protocol {
            (protocols::named(name)?, None)
        } else if let Some(path) = &self.schema {
            of_file(path)?
        } else if let Some(spec) = &self.spec {
            (of_object(spec)?, None)
        } else {
            let Some(frame) = frame else {
                let what = "is needed for files: `autoint init FILE` writes one, or load them as a data frame";
                return Err(Error::config("schema", what));
            };
            let draft = self.draft(frame)?;
            return Ok(Told {
                protocol: self.protocol_of(&draft)?,
                source: None,
                by_schema: true,
                warnings: self.warnings(&draft),
            });
        };
        Ok(Told {
            protocol,
            source,
            by_schema: self.protocol.is_none(),
            warnings: Vec::new(),
        })
    }

    fn draft(&self, frame: &Frame) -> Result<Draft> {
        let mut reader = frame.reader();
        let names = reader.header().unwrap_or_default().to_vec();
        let ask = Ask {
            label: self.label.clone(),
            user: self.user.clone(),
            item: self.item.clone(),
            time: self.time.clone(),
            rows: Some(ROWS),
            types: frame.types.clone(),
        };
        // An option of the command line is an argument here.
        draft(reader.as_mut(), &names, &Layout::default(), &ask).map_err(|error| match error {
            Error::Config { key, what } => Error::config(key.trim_start_matches("--"), what),
            other => other,
        })
    }

    /// Where the fields were chosen, nobody has to be told of the columns that were not.
    fn warnings(&self, draft: &Draft) -> Vec<String> {
        let all = draft.warnings.iter();
        let Some(fields) = &self.fields else {
            return all.cloned().collect();
        };
        let named = |text: &str| {
            let names = fields.iter().filter_map(Value::as_str);
            names
                .into_iter()
                .any(|name| text.contains(&format!("`{name}`")))
        };
        all.filter(|text| named(text)).cloned().collect()
    }

    fn toml(&self, draft: &Draft) -> String {
        let name = self.name.as_deref().unwrap_or("frame");
        draft.toml(
            name,
            &Place::default(),
            "autoint.draft(df, label=\"COLUMN\")  #",
        )
    }

    fn protocol_of(&self, draft: &Draft) -> Result<Protocol> {
        if let Label::Open {
            why, candidates, ..
        } = &draft.label
        {
            let of = |c: &crate::data::init::label::Candidate| {
                format!("`{}`", draft.columns[c.column].profile.name)
            };
            let candidates: Vec<String> = candidates.iter().map(of).collect();
            let could = match candidates.is_empty() {
                true => String::new(),
                false => format!("; it could be {}", candidates.join(", ")),
            };
            let what = format!(
                "name the column, perhaps with a test such as \"rating>=4\", as {why}{could}"
            );
            return Err(Error::config("label", what));
        }
        let mut protocol = file::parse(&self.toml(draft), Path::new(DRAFTED))?;
        if let Some(fields) = &self.fields {
            let specs = fields.iter().map(|field| field_of(field, draft));
            protocol.fields = specs.collect::<Result<_>>()?;
            protocol
                .check()
                .map_err(|(at, what)| Error::config(at, what))?;
        }
        Ok(protocol)
    }
}

fn of_file(path: &Path) -> Result<(Protocol, Option<Source>)> {
    let ready = path.to_str().filter(|name| ready::NAMES.contains(name));
    match ready.filter(|_| !path.exists()) {
        Some(name) => Ok((ready::named(name)?, None)),
        None => file::read(path),
    }
}

fn of_object(spec: &Value) -> Result<Protocol> {
    let wrong = |what: String| Error::config("schema", what);
    let protocol: Protocol =
        serde_json::from_value(spec.clone()).map_err(|e| wrong(e.to_string()))?;
    protocol
        .check()
        .map_err(|(at, what)| wrong(format!("{at}: {what}")))?;
    Ok(protocol)
}

/// A field by its column's name, as it was drafted, or a whole one.
fn field_of(field: &Value, draft: &Draft) -> Result<FieldSpec> {
    let Value::String(name) = field else {
        let spec = serde_json::from_value(field.clone());
        return spec.map_err(|e| Error::config("fields", format!("{field} is no field: {e}")));
    };
    let of_column =
        |p: &&crate::data::init::fields::Proposal| draft.columns[p.column].profile.name == *name;
    let drafted = draft.fields.iter().find(of_column);
    drafted
        .map(|proposal| proposal.spec.clone())
        .ok_or_else(|| {
            let there: Vec<&str> = draft
                .columns
                .iter()
                .map(|c| c.profile.name.as_str())
                .collect();
            let there = crate::data::source::columns::told(name, &there);
            Error::config(
                "fields",
                format!("there is no column `{name}` that could be one; there {there}"),
            )
        })
}

/// The schema file that `autoint init` would write for a data frame.
#[pyfunction]
pub fn drafted(py: Python<'_>, data: &Bound<'_, PyAny>, asked: &str) -> PyResult<String> {
    let frame = Frame::of(data)?;
    guarded(py, || {
        let asked: Asked = parsed(asked)?;
        Ok(asked.toml(&asked.draft(&frame)?))
    })
}

/// A request of this package's own Python files.
pub fn parsed<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| Error::config("arguments", e.to_string()))
}

/// The built-in synthetic set as a table.
#[pyfunction]
pub fn synthetic(py: Python<'_>, rows: Option<usize>) -> PyResult<PyTable> {
    let table = guarded(py, || match rows {
        None => generate(&SyntheticConfig::default()),
        Some(rows) => generate(&SyntheticConfig::of_rows(rows)),
    })?;
    handed_over(&table)
}

/// The files of MovieLens-1M or MovieLens-100K as a table.
#[pyfunction]
pub fn movielens(py: Python<'_>, folder: PathBuf) -> PyResult<PyTable> {
    handed_over(&guarded(py, || read(&folder))?)
}

/// A table for Arrow: texts as dictionaries.
fn handed_over(table: &Table) -> PyResult<PyTable> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in table.columns() {
        let array: ArrayRef = match &column.values {
            Values::Number(numbers) => Arc::new(Float64Array::from_iter(
                numbers.iter().map(|&x| (!x.is_nan()).then_some(x)),
            )),
            Values::Text { dictionary, codes } => {
                let texts = StringArray::from_iter_values(dictionary);
                let present = |code: &u32| !dictionary[*code as usize].is_empty();
                let keys = codes.iter().map(|code| present(code).then_some(*code));
                let keys = UInt32Array::from_iter(keys);
                Arc::new(DictionaryArray::new(keys, Arc::new(texts)))
            }
        };
        fields.push(ArrowField::new(
            &column.name,
            array.data_type().clone(),
            true,
        ));
        columns.push(array);
    }
    let schema = Arc::new(ArrowSchema::new(fields));
    let wrong =
        |e: arrow_schema::ArrowError| pyo3::exceptions::PyRuntimeError::new_err(e.to_string());
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(wrong)?;
    PyTable::try_new(vec![batch], schema)
}
