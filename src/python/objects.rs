//! Columns of a dict: numpy's arrays, columns of data frames, lists of Python's own objects.

use numpy::{PyArrayDescrMethods, PyReadonlyArray1, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple};
use pyo3_arrow::PyChunkedArray;

use super::arrow::{Column, STREAM, column_of, whole};
use super::guarded::exception;
use super::texts::Texts;
use crate::data::init::ask::Type;
use crate::data::source::cells::{LIST, close_list};
use crate::data::table::Values;

/// What one object is.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None, NaN, or what a library has for it.
    Missing,
    /// True or False, also numpy's.
    Truth(bool),
    /// A number that f64 holds exactly, or any float.
    Number(f64),
    /// A whole number that `f64` may not tell from its neighbours.
    Large(String),
    /// A string; empty is missing.
    Text(String),
    /// Seconds since 1970.
    Moment(f64),
    /// The texts of its values, joined.
    List(String),
}

/// A column of a dict.
///
/// # Errors
/// When it is no column, or holds what no field can be made of.
pub fn column_of_object(name: &str, values: &Bound<'_, PyAny>) -> PyResult<Column> {
    if let Ok(array) = values.cast::<PyUntypedArray>() {
        return of_array(name, array);
    }
    if values.hasattr(STREAM)? {
        let chunked: PyChunkedArray = values.extract()?;
        let (arrays, field) = chunked.into_inner();
        let arrays: Vec<_> = arrays.iter().map(AsRef::as_ref).collect();
        return column_of(name, &arrays, field.data_type()).map_err(exception);
    }
    if is_scalar(values) || values.cast::<PyDict>().is_ok() {
        return Err(PyTypeError::new_err(format!(
            "column `{name}` is one value of type {}, expected a column: give a list or an array of as many values as the others have",
            values.get_type().name()?
        )));
    }
    if values.cast::<PyList>().is_err() && values.hasattr("to_numpy")? {
        let array = values.call_method0("to_numpy")?;
        return of_array(name, array.cast::<PyUntypedArray>().map_err(PyErr::from)?);
    }
    of_objects(name, values)
}

fn of_array(name: &str, array: &Bound<'_, PyUntypedArray>) -> PyResult<Column> {
    if array.ndim() != 1 {
        return Err(PyValueError::new_err(format!(
            "column `{name}` has {} dimensions, expected 1: give each of its columns a name of its own",
            array.ndim()
        )));
    }
    let as_type = |to: &str| array.call_method1("astype", (to,));
    let numbers = |array: Bound<'_, PyAny>| -> PyResult<Vec<f64>> {
        let array: PyReadonlyArray1<'_, f64> = array.extract()?;
        Ok(array.as_array().to_vec())
    };
    let of_moments = |unit: &str| -> PyResult<Vec<f64>> {
        let micros = as_type(unit)?.call_method1("astype", ("int64",))?;
        let micros: PyReadonlyArray1<'_, i64> = micros.extract()?;
        let seconds = |&x: &i64| match x {
            // Not a time.
            i64::MIN => f64::NAN,
            x => x as f64 / 1e6,
        };
        Ok(micros.as_array().iter().map(seconds).collect())
    };
    Ok(match array.dtype().kind() {
        b'f' => (Values::Number(numbers(as_type("float64")?)?), None),
        b'i' | b'u' if array.dtype().itemsize() < 8 => {
            (Values::Number(numbers(as_type("float64")?)?), None)
        }
        b'i' => {
            let array: PyReadonlyArray1<'_, i64> = as_type("int64")?.extract()?;
            (
                whole(array.as_array().iter().map(|&x| Some(x.into()))),
                None,
            )
        }
        b'M' => (
            Values::Number(of_moments("datetime64[us]")?),
            Some(Type::Moment),
        ),
        b'm' => (Values::Number(of_moments("timedelta64[us]")?), None),
        b'b' | b'u' | b'U' | b'S' | b'O' | b'T' => {
            return of_objects(name, &array.call_method0("tolist")?);
        }
        _ => {
            return Err(PyTypeError::new_err(format!(
                "column `{name}` is an array of {}, which no field can be made of: make it numbers or texts",
                array.dtype()
            )));
        }
    })
}

fn of_objects(name: &str, values: &Bound<'_, PyAny>) -> PyResult<Column> {
    let mut cells = Vec::new();
    for (row, value) in values.try_iter()?.enumerate() {
        let value = value?;
        cells.push(cell(&value).map_err(|error| in_row(&value, name, row, error))?);
    }
    Ok(column_of_cells(&cells))
}

/// A wrong value is told with its place; what an object of somebody else raises stays as it is.
fn in_row(value: &Bound<'_, PyAny>, name: &str, row: usize, error: PyErr) -> PyErr {
    let py = value.py();
    match error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
        true => PyValueError::new_err(format!(
            "column `{name}`, row {}: {}",
            row + 1,
            error.value(py)
        )),
        false => error,
    }
}

/// The most telling type that all cells fit.
fn column_of_cells(cells: &[Cell]) -> Column {
    let present = || cells.iter().filter(|cell| **cell != Cell::Missing);
    let all = |is: fn(&Cell) -> bool| present().next().is_some() && present().all(is);
    let number = |cell: &Cell| match cell {
        Cell::Number(x) | Cell::Moment(x) => *x,
        _ => f64::NAN,
    };
    if present().next().is_none() {
        return (Values::Number(vec![f64::NAN; cells.len()]), None);
    }
    if all(|cell| matches!(cell, Cell::Number(_))) {
        return (Values::Number(cells.iter().map(number).collect()), None);
    }
    if all(|cell| matches!(cell, Cell::Moment(_))) {
        return (
            Values::Number(cells.iter().map(number).collect()),
            Some(Type::Moment),
        );
    }
    let of_type = if all(|cell| matches!(cell, Cell::Truth(_))) {
        Some(Type::Category)
    } else if present().any(|cell| matches!(cell, Cell::List(_))) {
        Some(Type::List)
    } else if present().any(|cell| matches!(cell, Cell::Text(_))) {
        Some(Type::Text)
    } else {
        None
    };
    let mut texts = Texts::default();
    for cell in cells {
        texts.push(&cell.text());
    }
    (texts.values(), of_type)
}

impl Cell {
    /// As a reader of files gives it.
    pub fn text(&self) -> String {
        match self {
            Cell::Missing => String::new(),
            Cell::Truth(truth) => truth.to_string(),
            Cell::Number(x) | Cell::Moment(x) if x.is_nan() => String::new(),
            Cell::Number(x) | Cell::Moment(x) => (x + 0.0).to_string(),
            Cell::Large(text) | Cell::Text(text) | Cell::List(text) => text.clone(),
        }
    }
}

/// Whether a value of a dict is one row's, not a column.
pub fn is_scalar(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.cast::<PyString>().is_ok()
        || value.cast::<PyInt>().is_ok()
        || value.cast::<PyFloat>().is_ok()
        || value.cast::<PyBytes>().is_ok()
        || is_of_numpy(value)
        || is_moment(value)
}

/// One of numpy's numbers, texts or truths.
fn is_of_numpy(value: &Bound<'_, PyAny>) -> bool {
    let kind = value.get_type();
    kind.hasattr("item").unwrap_or(false)
        && kind.hasattr("dtype").unwrap_or(false)
        && value
            .getattr("ndim")
            .is_ok_and(|n| n.extract::<usize>().is_ok_and(|n| n == 0))
}

fn is_moment(value: &Bound<'_, PyAny>) -> bool {
    let kind = value.get_type();
    kind.hasattr("toordinal").unwrap_or(false)
}

/// What an object is.
///
/// # Errors
/// When no field can be made of it.
pub fn cell(value: &Bound<'_, PyAny>) -> PyResult<Cell> {
    if let Some(cell) = plain(value)? {
        return Ok(cell);
    }
    let items = if let Ok(list) = value.cast::<PyList>() {
        list.try_iter()?
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        tuple.try_iter()?
    } else if let Ok(set) = value.cast::<PySet>() {
        // A set has no order of its own that two processes share.
        let sorted = value
            .py()
            .import("builtins")?
            .call_method1("sorted", (set,))?;
        sorted.try_iter()?
    } else if value.cast::<PyUntypedArray>().is_ok() {
        value.call_method0("tolist")?.try_iter()?
    } else {
        return Err(wrong(
            value,
            "a number, a text, a truth value, a time, None or a list of them",
        ));
    };
    let mut texts = Vec::new();
    for item in items {
        let item = item?;
        match plain(&item)? {
            Some(cell) => texts.push(cell.text()),
            None => return Err(wrong(&item, "a number or a text within a list")),
        }
    }
    texts.retain(|text| !text.is_empty());
    let mut list = texts.join(&LIST.to_string());
    close_list(&mut list, 0, texts.len());
    Ok(Cell::List(list))
}

fn wrong(value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let kind = value.get_type();
    let kind = kind
        .name()
        .map_or("object".to_owned(), |name| name.to_string());
    PyValueError::new_err(format!("expected {expected}, got an object of type {kind}"))
}

/// What an object is that is no list; none otherwise.
fn plain(value: &Bound<'_, PyAny>) -> PyResult<Option<Cell>> {
    if value.is_none() {
        return Ok(Some(Cell::Missing));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(Cell::Text(text.extract()?)));
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Some(Cell::Truth(truth.is_true())));
    }
    if value.cast::<PyInt>().is_ok() {
        let exact = value
            .extract::<i64>()
            .ok()
            .filter(|x| x.unsigned_abs() <= 1 << 53);
        return Ok(Some(match exact {
            Some(x) => Cell::Number(x as f64),
            None => Cell::Large(value.str()?.extract()?),
        }));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Some(of_number(number.value())));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        let text = std::str::from_utf8(bytes.as_bytes());
        let text = text.map_err(|_| wrong(value, "bytes of UTF-8"))?;
        return Ok(Some(Cell::Text(text.to_owned())));
    }
    other(value)
}

fn of_number(x: f64) -> Cell {
    match x.is_nan() {
        true => Cell::Missing,
        false => Cell::Number(x),
    }
}

/// What is none of Python's own plain types.
fn other(value: &Bound<'_, PyAny>) -> PyResult<Option<Cell>> {
    let kind = value.get_type();
    // pandas' own two.
    if ["NAType", "NaTType"].contains(&&*kind.name()?.to_string()) {
        return Ok(Some(Cell::Missing));
    }
    if is_of_numpy(value) {
        let item = value.call_method0("item")?;
        let is_other = item.get_type().is(&kind);
        return if is_other { Ok(None) } else { plain(&item) };
    }
    if is_moment(value) {
        return moment(value).map(Some);
    }
    if kind.name()? == "Decimal" {
        return Ok(Some(of_number(value.extract()?)));
    }
    Ok(None)
}

/// Seconds since 1970; what names no zone is in UTC, as in files.
fn moment(value: &Bound<'_, PyAny>) -> PyResult<Cell> {
    let py = value.py();
    let datetime = py.import("datetime")?;
    let utc = datetime.getattr("timezone")?.getattr("utc")?;
    let value = match value.hasattr("timestamp")? {
        true => value.clone(),
        // A day begins at midnight.
        false => {
            let midnight = datetime.getattr("time")?.call0()?;
            datetime
                .getattr("datetime")?
                .call_method1("combine", (value, midnight))?
        }
    };
    let value = match value.getattr("tzinfo")?.is_none() {
        true => {
            let options = PyDict::new(py);
            options.set_item("tzinfo", utc)?;
            value.call_method("replace", (), Some(&options))?
        }
        false => value,
    };
    Ok(Cell::Moment(value.call_method0("timestamp")?.extract()?))
}
