//! A raw column becomes an encoded one: dictionary texts are encoded once, rows gather the result.

use super::fit::{in_row, on_rows};
use super::raw::{Kept, Raw};
use super::value::Encoded;
use crate::data::schema::{Encoding, Field, FieldKind};
use crate::data::store::column::Column;
use crate::error::{Error, Result};

/// The encoded values of one field, one a row.
#[derive(Debug)]
pub(crate) enum FieldColumns {
    /// Categorical: codes.
    One(Column),
    /// Numeric: transformed numbers, NaN for missing.
    Number(Column),
    /// Multi-valued: row i has `codes[starts[i]..starts[i + 1]]`, never an empty list.
    Mean { starts: Column, codes: Column },
}

/// Encodes a raw column.
///
/// # Errors
/// When a number is not finite; the message names row and column.
pub(crate) fn encode_column(field: &Field, column: &Raw<'_>, kept: &Kept) -> Result<FieldColumns> {
    let (dictionary, codes) = match column {
        Raw::Text { dictionary, codes } => (dictionary, codes),
        Raw::Number(numbers) => return encode_numbers(field, numbers, kept),
    };
    let encoded = dictionary
        .iter()
        .map(|text| field.encode_text(text).map(|(value, _)| value));
    let encoded = on_rows(encoded, Encoded::Number(f32::NAN), codes, kept)?;
    let bound = field.encoding.table_rows();
    match field.kind {
        FieldKind::Categorical => {
            let code_of: Vec<u32> = encoded
                .iter()
                .map(|value| value.codes().first().copied().unwrap_or(0))
                .collect();
            let codes = codes.iter().map(|&c| code_of[c as usize]);
            Ok(FieldColumns::One(Column::narrowest(bound, codes)))
        }
        FieldKind::Numeric => {
            let number_of: Vec<f32> = encoded
                .iter()
                .map(|value| match value {
                    Encoded::Number(number) => *number,
                    _ => f32::NAN,
                })
                .collect();
            let numbers = codes.iter().map(|&c| number_of[c as usize]).collect();
            Ok(FieldColumns::Number(Column::F32(numbers)))
        }
        FieldKind::MultiValued => {
            let lists = codes.iter().map(|&c| encoded[c as usize].codes());
            let mut end = 0u32;
            let mut starts = Vec::with_capacity(codes.len() + 1);
            starts.push(end);
            for list in lists.clone() {
                end = u32::try_from(list.len())
                    .ok()
                    .and_then(|more| end.checked_add(more))
                    .ok_or_else(|| too_many(&field.name))?;
                starts.push(end);
            }
            Ok(FieldColumns::Mean {
                starts: Column::U32(starts),
                codes: Column::narrowest(bound, lists.flatten().copied()),
            })
        }
    }
}

fn too_many(name: &str) -> Error {
    Error::Data(format!(
        "column `{name}` has more than 2^32 - 1 values in all; use fewer rows"
    ))
}

fn encode_numbers(field: &Field, numbers: &[f64], kept: &Kept) -> Result<FieldColumns> {
    let &Encoding::MinMax { min, max } = &field.encoding else {
        return Err(Error::Data(format!(
            "column `{}` has numbers where texts are encoded",
            field.name
        )));
    };
    if let Some(row) = numbers.iter().position(|x| x.is_infinite()) {
        let what = Error::Data(format!("column `{}`: the number is infinite", field.name));
        return Err(in_row(kept.table_row(row), &what));
    }
    let scaled = numbers.iter().map(|&x| super::value::min_max(x, min, max));
    Ok(FieldColumns::Number(Column::F32(scaled.collect())))
}
