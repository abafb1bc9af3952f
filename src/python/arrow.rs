//! Arrow's arrays become raw columns, without a way through text for what is none.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, TimeUnit};

use super::texts::Texts;
use crate::data::init::ask::Type;
use crate::data::source::cells::{LIST, close_list};
use crate::data::table::Values;
use crate::error::{Error, Result};

/// The capsule that pandas, polars and pyarrow hand frames over by.
pub const STREAM: &str = "__arrow_c_stream__";

/// A column, and what its type tells.
pub type Column = (Values, Option<Type>);

/// Whole numbers up to here are the same as `f64`.
const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
/// In microseconds.
const SECOND: f64 = 1e6;

/// The column called `name`, which comes in pieces.
///
/// # Errors
/// When it is of a type that no field can be made of.
pub fn column_of(name: &str, arrays: &[&dyn Array], of: &DataType) -> Result<Column> {
    let refused = |what: &str| {
        Error::Data(format!(
            "column `{name}` is of type {of}, {what}: leave it out, or make columns of numbers or texts of it"
        ))
    };
    let cast_to = |to: &DataType| -> Result<Vec<ArrayRef>> {
        let all = arrays.iter().map(|array| cast(*array, to));
        let all: std::result::Result<_, _> = all.collect();
        all.map_err(|error| refused(&error.to_string()))
    };
    let rows = arrays.iter().map(|array| array.len()).sum();
    Ok(match of {
        DataType::Null => (Values::Number(vec![f64::NAN; rows]), None),
        DataType::Boolean => {
            let all = cast_to(&DataType::LargeUtf8)?;
            let all: Vec<&dyn Array> = all.iter().map(AsRef::as_ref).collect();
            (texts(&all), Some(Type::Category))
        }
        text if is_text(text) => (texts(arrays), Some(Type::Text)),
        DataType::UInt64 => {
            let all = arrays
                .iter()
                .flat_map(|array| array.as_primitive::<UInt64Type>());
            (whole(all.map(|x| x.map(i128::from))), None)
        }
        DataType::Int64 => {
            let all = arrays
                .iter()
                .flat_map(|array| array.as_primitive::<Int64Type>());
            (whole(all.map(|x| x.map(i128::from))), None)
        }
        number if number.is_numeric() => (numbers(&cast_to(&DataType::Float64)?), None),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
            (moments(&cast_to(&micros)?), Some(Type::Moment))
        }
        DataType::Dictionary(_, values) if is_text(values) => {
            (dictionaries(arrays), Some(Type::Category))
        }
        DataType::Dictionary(_, values) => {
            let (values, _) = within(name, arrays, values)?;
            (values, Some(Type::Category))
        }
        DataType::RunEndEncoded(_, values) => within(name, arrays, values.data_type())?,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            if item.data_type().is_nested() {
                return Err(refused("which is nested"));
            }
            let texts =
                DataType::LargeList(Arc::new(Field::new("item", DataType::LargeUtf8, true)));
            (lists(&cast_to(&texts)?), Some(Type::List))
        }
        _ => return Err(refused("which no field can be made of")),
    })
}

/// A column of values that are kept in another way than themselves.
fn within(name: &str, arrays: &[&dyn Array], values: &DataType) -> Result<Column> {
    let plain = arrays.iter().map(|array| cast(*array, values));
    let plain: std::result::Result<Vec<ArrayRef>, _> = plain.collect();
    let plain = plain.map_err(|error| Error::Data(format!("column `{name}`: {error}")))?;
    let plain: Vec<&dyn Array> = plain.iter().map(AsRef::as_ref).collect();
    match values {
        DataType::Dictionary(..) | DataType::RunEndEncoded(..) => Err(Error::Data(format!(
            "column `{name}` is a dictionary of dictionaries: make it plain values"
        ))),
        _ => column_of(name, &plain, values),
    }
}

fn is_text(of: &DataType) -> bool {
    matches!(
        of,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn numbers(arrays: &[ArrayRef]) -> Values {
    let mut all = Vec::with_capacity(arrays.iter().map(|array| array.len()).sum());
    for array in arrays {
        let array = array.as_primitive::<Float64Type>();
        match array.null_count() {
            0 => all.extend_from_slice(array.values()),
            _ => all.extend(array.iter().map(|x| x.unwrap_or(f64::NAN))),
        }
    }
    Values::Number(all)
}

/// Whole numbers: as texts where some are too large to be told apart as numbers.
pub fn whole(all: impl Iterator<Item = Option<i128>> + Clone) -> Values {
    if all.clone().flatten().any(|x| x.unsigned_abs() > EXACT) {
        let mut texts = Texts::default();
        for x in all {
            texts.push(&x.map_or(String::new(), |x| x.to_string()));
        }
        return texts.values();
    }
    Values::Number(all.map(|x| x.map_or(f64::NAN, |x| x as f64)).collect())
}

fn moments(arrays: &[ArrayRef]) -> Values {
    let seconds = |micros: i64| micros as f64 / SECOND;
    let all = arrays.iter();
    let all = all.flat_map(|array| array.as_primitive::<TimestampMicrosecondType>().iter());
    Values::Number(all.map(|x| x.map_or(f64::NAN, seconds)).collect())
}

/// Reads the texts of an array, of whichever of the three layouts.
fn each_text<'a>(array: &'a dyn Array, see: &mut dyn FnMut(Option<&'a str>)) {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(see),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(see),
        _ => array.as_string_view().iter().for_each(see),
    }
}

/// The text at a place that there is; a missing one is empty.
fn text_at(array: &dyn Array, place: usize) -> &str {
    match array.data_type() {
        _ if array.is_null(place) => "",
        DataType::Utf8 => array.as_string::<i32>().value(place),
        DataType::LargeUtf8 => array.as_string::<i64>().value(place),
        _ => array.as_string_view().value(place),
    }
}

fn texts(arrays: &[&dyn Array]) -> Values {
    let mut texts = Texts::default();
    for array in arrays {
        each_text(*array, &mut |text| texts.push(text.unwrap_or_default()));
    }
    texts.values()
}

/// Each piece has its own dictionary, of which often only a few texts occur.
fn dictionaries(arrays: &[&dyn Array]) -> Values {
    const UNSEEN: u32 = u32::MAX;
    let mut texts = Texts::default();
    for array in arrays {
        let array = array.as_any_dictionary();
        let values = array.values().as_ref();
        let mut codes = vec![UNSEEN; values.len()];
        for (row, key) in array.normalized_keys().into_iter().enumerate() {
            let code = match codes.get_mut(key).filter(|_| array.is_valid(row)) {
                Some(code) => {
                    if *code == UNSEEN {
                        *code = texts.code(text_at(values, key));
                    }
                    *code
                }
                None => texts.code(""),
            };
            texts.push_code(code);
        }
    }
    texts.values()
}

fn lists(arrays: &[ArrayRef]) -> Values {
    let (mut texts, mut cell) = (Texts::default(), String::new());
    for array in arrays {
        for list in array.as_list::<i64>().iter() {
            cell.clear();
            let mut count = 0;
            if let Some(list) = list {
                for item in list
                    .as_string::<i64>()
                    .iter()
                    .flatten()
                    .filter(|item| !item.is_empty())
                {
                    if count > 0 {
                        cell.push(LIST);
                    }
                    cell.push_str(item);
                    count += 1;
                }
            }
            close_list(&mut cell, 0, count);
            texts.push(&cell);
        }
    }
    texts.values()
}
