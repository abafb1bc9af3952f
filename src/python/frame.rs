//! Data frames become raw tables.

use std::path::Path;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3_arrow::PyTable;
use rayon::prelude::*;

use super::arrow::{Column, STREAM, column_of};
use super::guarded::{exception, guarded};
use super::objects::column_of_object;
use crate::data::encode::Inputs;
use crate::data::init::ask::Type;
use crate::data::source::table::TableReader;
use crate::data::table::{Table, Values};
use crate::error::{Error, Result};

/// A table, and what the types of its columns tell of them.
#[derive(Debug)]
pub struct Frame {
    /// Rows and columns as any reader gives them.
    pub table: Table,
    /// One a column; none where the type tells nothing.
    pub types: Vec<Option<Type>>,
}

/// Which of the columns of a header are wanted.
pub type Choose<'a> = dyn Fn(&[String]) -> Result<Vec<bool>> + Sync + 'a;

impl Frame {
    /// Of anything that is a table: a data frame, or a dict of columns.
    ///
    /// # Errors
    /// When it is neither, a column is of a type that no field can be made of, or columns differ in length.
    pub fn of(data: &Bound<'_, PyAny>) -> PyResult<Frame> {
        Frame::chosen(data, &|header| Ok(vec![true; header.len()]))
    }

    /// The same with the columns that `choose` says yes to.
    ///
    /// # Errors
    /// As [`Frame::of`], of these columns.
    pub fn chosen(data: &Bound<'_, PyAny>, choose: &Choose<'_>) -> PyResult<Frame> {
        if let Ok(columns) = data.cast::<PyDict>() {
            return Frame::of_dict(columns, choose);
        }
        if data.hasattr(STREAM)? {
            return Frame::of_stream(data, choose);
        }
        let kind = data.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "expected a data frame (pandas, polars, pyarrow or another with {STREAM}) or a dict of columns, got {kind}"
        )))
    }

    fn of_stream(data: &Bound<'_, PyAny>, choose: &Choose<'_>) -> PyResult<Frame> {
        let table: PyTable = data.extract()?;
        let (batches, schema) = table.into_inner();
        guarded(data.py(), || {
            let rows = batches.iter().map(|batch| batch.num_rows()).sum();
            let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
            let chosen = choose(&names)?;
            let places: Vec<usize> = (0..names.len()).filter(|&place| chosen[place]).collect();
            let column = |&place: &usize| {
                let arrays = batches.iter().map(|batch| batch.column(place).as_ref());
                let arrays: Vec<_> = arrays.collect();
                column_of(&names[place], &arrays, schema.field(place).data_type())
            };
            let columns: Vec<Column> = places.par_iter().map(column).collect::<Result<_>>()?;
            let mut frame = Frame::empty(rows);
            for (place, column) in places.into_iter().zip(columns) {
                frame.push(&names[place], column)?;
            }
            Ok(frame)
        })
    }

    fn of_dict(columns: &Bound<'_, PyDict>, choose: &Choose<'_>) -> PyResult<Frame> {
        let names = columns.keys().iter().map(|name| named(&name));
        let names: Vec<String> = names.collect::<PyResult<_>>()?;
        let chosen = choose(&names).map_err(exception)?;
        let mut frame: Option<Frame> = None;
        for ((_, values), (name, chosen)) in columns.iter().zip(names.iter().zip(chosen)) {
            if !chosen {
                continue;
            }
            let column = column_of_object(name, &values)?;
            let frame = frame.get_or_insert_with(|| Frame::empty(column.0.len()));
            frame.push(name, column).map_err(exception)?;
        }
        Ok(frame.unwrap_or_else(|| Frame::empty(0)))
    }

    fn empty(rows: usize) -> Frame {
        Frame {
            table: Table::new(rows),
            types: Vec::new(),
        }
    }

    fn push(&mut self, name: &str, (values, of_type): Column) -> Result<()> {
        if values.len() >= u32::MAX as usize {
            let what = format!(
                "{} rows are more than 4 billion: write them to files",
                values.len()
            );
            return Err(Error::Data(what));
        }
        self.table.push(name, values)?;
        self.types.push(of_type);
        Ok(())
    }

    /// Its rows, ready to be read.
    pub fn reader(&self) -> Box<TableReader> {
        Box::new(TableReader::of_file(self.table.clone(), Path::new("")))
    }

    /// A table without rows that has these columns.
    pub fn without_rows(&self) -> Result<Table> {
        let mut empty = Table::new(0);
        for column in self.table.columns() {
            empty.push(column.name.clone(), Values::Number(Vec::new()))?;
        }
        Ok(empty)
    }

    /// All its rows as the test part, beside training rows that baselines learn from.
    pub fn as_test(&self, train: Option<&Frame>) -> Result<Inputs> {
        let empty = || Ok::<_, Error>(Box::new(TableReader::new(self.without_rows()?)));
        let train = match train {
            Some(train) => train.reader(),
            None => empty()?,
        };
        Ok(vec![train, empty()?, self.reader()])
    }
}

fn named(name: &Bound<'_, PyAny>) -> PyResult<String> {
    match name.cast::<PyString>() {
        Ok(name) => name.extract(),
        Err(_) => Err(PyTypeError::new_err(format!(
            "columns have names, got one of type {}: make it a str",
            name.get_type().name()?
        ))),
    }
}
