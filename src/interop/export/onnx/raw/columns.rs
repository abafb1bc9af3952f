//! The raw columns that fields are made of, each an input once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::graph::{DType, Graph};
use super::table::{self, Joined};
use crate::data::encode::rows;
use crate::data::schema::Schema;
use crate::data::source::columns::ColumnRef;
use crate::error::{Error, Result};

/// See the module.
pub(super) struct Columns<'s> {
    schema: &'s Schema,
    /// Values by column: the texts, missing ones empty; the numbers, missing ones NaN.
    texts: BTreeMap<ColumnRef, String>,
    /// The columns that are inputs of texts.
    keys: BTreeSet<ColumnRef>,
    /// As `texts`, of columns that are read as numbers.
    numbers: BTreeMap<ColumnRef, String>,
}

impl<'s> Columns<'s> {
    /// Of a schema, with no input yet.
    pub fn new(schema: &'s Schema) -> Columns<'s> {
        Columns {
            schema,
            texts: BTreeMap::new(),
            keys: BTreeSet::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// What texts mean that there is no value.
    pub fn missing(&self) -> impl Iterator<Item = &'s str> {
        let all = self.schema.protocol.input.missing.iter();
        all.map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The table that a column is of.
    pub fn joined(&self, column: &ColumnRef) -> Option<Joined<'s>> {
        let (table, column, spec) = rows::joined(self.schema, column)?;
        let key = spec.on();
        Some(Joined { table, column, key })
    }

    /// The texts of columns, `[rows]` each, missing ones empty.
    ///
    /// # Errors
    /// When a column is an input of numbers already.
    pub fn texts(&mut self, graph: &mut Graph, columns: &[ColumnRef]) -> Result<Vec<String>> {
        let texts = columns.iter().map(|column| match self.joined(column) {
            None => self.text(graph, column),
            Some(joined) => {
                let key = self.key(graph, joined.key)?;
                let missing: Vec<&str> = self.missing().collect();
                Ok(table::text(graph, &joined, &key, &missing))
            }
        });
        texts.collect()
    }

    fn text(&mut self, graph: &mut Graph, column: &ColumnRef) -> Result<String> {
        if let Some(value) = self.texts.get(column) {
            return Ok(value.clone());
        }
        let mut value = self.key(graph, column)?;
        let missing: Vec<&str> = self.missing().collect();
        for missing in missing {
            let (missing, empty) = (graph.text(missing), graph.text(""));
            let is = graph.node("Equal", &[&value, &missing], &[]);
            value = graph.node("Where", &[&is, &empty, &value], &[]);
        }
        self.texts.insert(column.clone(), value.clone());
        Ok(value)
    }

    /// The texts of a column as they are, `[rows]`.
    ///
    /// # Errors
    /// When it is an input of numbers already.
    pub fn key(&mut self, graph: &mut Graph, column: &ColumnRef) -> Result<String> {
        if self.numbers.contains_key(column) {
            return Err(twice(column));
        }
        let name = name(column);
        if self.keys.insert(column.clone()) {
            graph.input(&name, DType::Text, None);
        }
        Ok(name)
    }

    /// The numbers of a column, `[rows]`, missing ones NaN.
    ///
    /// # Errors
    /// When it is an input of texts already.
    pub fn number(&mut self, graph: &mut Graph, columns: &[ColumnRef]) -> Result<String> {
        let one = columns.first();
        let column = one.ok_or_else(|| Error::Data("a field has no column".into()))?;
        if let Some(value) = self.numbers.get(column) {
            return Ok(value.clone());
        }
        if self.keys.contains(column) {
            return Err(twice(column));
        }
        let mut value = name(column);
        graph.input(&value, DType::Double, None);
        let missing: Vec<f64> = self
            .missing()
            .filter_map(|text| text.parse().ok())
            .collect();
        for missing in missing.into_iter().filter(|number| number.is_finite()) {
            let (missing, nothing) = (graph.double(missing), graph.double(f64::NAN));
            let is = graph.node("Equal", &[&value, &missing], &[]);
            value = graph.node("Where", &[&is, &nothing, &value], &[]);
        }
        self.numbers.insert(column.clone(), value.clone());
        Ok(value)
    }
}

fn name(column: &ColumnRef) -> String {
    match column {
        ColumnRef::Name(name) => name.clone(),
        ColumnRef::Number(number) => format!("column {number}"),
    }
}

fn twice(column: &ColumnRef) -> Error {
    Error::Data(format!(
        "column `{column}` is a number for one field and a text for another, and an ONNX input has one type: export with --inputs codes"
    ))
}
