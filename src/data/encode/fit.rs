//! Fitting a field to raw values, and what any fitted schema must satisfy.

use std::collections::HashSet;

use super::raw::{Kept, Raw};
use super::value::{parse_number, values};
use crate::data::schema::{Encoding, Field, FieldKind, FieldSpec, Schema};
use crate::data::vocab::Vocabulary;
use crate::error::{Error, Result};

/// Fits a field to the rows that `used` marks (one entry a used row; `None`: to all rows).
///
/// # Errors
/// When a numeric field has a value that is not a number.
pub(crate) fn fit(
    spec: &FieldSpec,
    column: &Raw<'_>,
    kept: &Kept,
    used: Option<&[bool]>,
) -> Result<Field> {
    let encoding = match (spec.kind, column) {
        (FieldKind::Numeric, Raw::Number(numbers)) => bounds(each(numbers, used)),
        (FieldKind::Numeric, Raw::Text { dictionary, codes }) => {
            let numbers = numbers_of(&spec.name, dictionary, codes, kept)?;
            bounds(each(codes, used).map(|code| numbers[code as usize]))
        }
        (kind, Raw::Text { dictionary, codes }) => {
            let counts = counts(dictionary.len(), each(codes, used));
            let counted = dictionary.iter().map(String::as_str).zip(counts);
            Encoding::Vocabulary(if kind == FieldKind::MultiValued {
                let single = counted.flat_map(|(text, n)| values(text).map(move |v| (v, n)));
                Vocabulary::fit(single, spec.min_count)
            } else {
                Vocabulary::fit(counted, spec.min_count)
            })
        }
        (_, Raw::Number(_)) => {
            return Err(Error::Data(format!(
                "column `{}` has numbers where texts are encoded",
                spec.name
            )));
        }
    };
    Ok(Field {
        name: spec.name.clone(),
        kind: spec.kind,
        encoding,
    })
}

/// The entries of the rows in use.
fn each<'a, T: Copy>(column: &'a [T], used: Option<&'a [bool]>) -> impl Iterator<Item = T> + 'a {
    // Sequential with a mask: visiting training rows in their permuted order would miss the cache at every row.
    column
        .iter()
        .enumerate()
        .filter(move |(row, _)| used.is_none_or(|used| used[*row]))
        .map(|(_, &entry)| entry)
}

fn counts(texts: usize, codes: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut counts = vec![0; texts];
    for code in codes {
        counts[code as usize] += 1;
    }
    counts
}

/// The least and the greatest finite number; 0 and 0 when there is none.
fn bounds(numbers: impl Iterator<Item = f64>) -> Encoding {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (min, max) = numbers
        .filter(|x| x.is_finite())
        .fold(start, |(min, max), x| (x.min(min), x.max(max)));
    if min > max {
        return Encoding::MinMax { min: 0.0, max: 0.0 };
    }
    Encoding::MinMax { min, max }
}

/// The number of each dictionary text; NaN for a missing one, and for a bad one that no row has.
fn numbers_of(name: &str, dictionary: &[String], codes: &[u32], kept: &Kept) -> Result<Vec<f64>> {
    let parsed = dictionary.iter().map(|text| parse_number(name, text));
    on_rows(parsed, f64::NAN, codes, kept)
}

/// Collects one result a dictionary text. An error counts only when a row has the text, and then names the first such row;
/// otherwise `unused` stands in for it.
pub(crate) fn on_rows<T: Clone>(
    results: impl Iterator<Item = Result<T>>,
    unused: T,
    codes: &[u32],
    kept: &Kept,
) -> Result<Vec<T>> {
    // Looked up once and only after an error: most columns have none.
    let mut first_rows: Option<Vec<Option<usize>>> = None;
    let mut collected = Vec::with_capacity(results.size_hint().0);
    for (code, result) in results.enumerate() {
        collected.push(match result {
            Ok(value) => value,
            Err(error) => {
                let rows = first_rows.get_or_insert_with(|| first_rows_of(codes));
                if let Some(&Some(row)) = rows.get(code) {
                    return Err(in_row(kept.table_row(row), &error));
                }
                unused.clone()
            }
        });
    }
    Ok(collected)
}

/// The first row of each code.
fn first_rows_of(codes: &[u32]) -> Vec<Option<usize>> {
    let end = codes.iter().max().map_or(0, |&max| max as usize + 1);
    let mut first = vec![None; end];
    for (row, &code) in codes.iter().enumerate() {
        first[code as usize].get_or_insert(row);
    }
    first
}

/// `error` with the row (counted from 1) in front.
pub(crate) fn in_row(row: usize, error: &Error) -> Error {
    Error::Data(format!("row {row}, {error}"))
}

impl Schema {
    /// Whether the schema can encode: at least one field, distinct names, kinds that fit their encodings, finite ordered
    /// bounds, and table rows that 32 bits can number. Called for every schema that comes from a file.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn check(&self) -> Result<()> {
        if self.fields.is_empty() {
            return Err(Error::Data("the schema has no fields".into()));
        }
        let mut names = HashSet::new();
        let mut table_rows = 0u64;
        for field in &self.fields {
            let wrong = |what: &str| Err(Error::Data(format!("field `{}` {what}", field.name)));
            if !names.insert(field.name.as_str()) {
                return wrong("is there twice");
            }
            match (field.kind, &field.encoding) {
                (FieldKind::Numeric, Encoding::MinMax { min, max }) => {
                    if !(min.is_finite() && max.is_finite() && min <= max) {
                        return wrong("has bounds that are not finite or not in order");
                    }
                }
                (FieldKind::Numeric, _) => return wrong("is numeric but has a vocabulary"),
                (_, Encoding::MinMax { .. }) => return wrong("has bounds but is not numeric"),
                (_, Encoding::Vocabulary(_)) => {}
            }
            table_rows += field.encoding.table_rows() as u64;
        }
        if u32::try_from(table_rows).is_err() {
            return Err(Error::Data(format!(
                "the fields have {table_rows} values, more than 2^32 - 1; raise `min_count`"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::Values;

    fn fitted(
        kind: FieldKind,
        min_count: u32,
        values: &Values,
        used: Option<&[bool]>,
    ) -> Result<Encoding> {
        let spec = FieldSpec {
            name: "f".into(),
            kind,
            min_count,
        };
        let kept = Kept::new(values.len(), |_| true);
        fit(&spec, &Raw::new(values, &kept), &kept, used).map(|field| field.encoding)
    }

    fn texts(dictionary: &[&str], codes: &[u32]) -> Values {
        Values::Text {
            dictionary: dictionary.iter().map(|&t| t.to_owned()).collect(),
            codes: codes.to_vec(),
        }
    }

    fn vocabulary(texts: &[&str]) -> Encoding {
        Encoding::Vocabulary(Vocabulary::fit(texts.iter().map(|t| (t, 1)), 1))
    }

    #[test]
    fn only_used_rows_and_frequent_values_enter_a_vocabulary() {
        let values = texts(&["a|b", "b", "", "never"], &[0, 1, 1, 2]);
        let one = |min, used| fitted(FieldKind::Categorical, min, &values, used).unwrap();
        assert_eq!(one(1, None), vocabulary(&["a|b", "b"]));
        assert_eq!(one(2, None), vocabulary(&["b"]));
        assert_eq!(
            one(1, Some(&[true, false, false, true])),
            vocabulary(&["a|b"])
        );
        let many = |min| fitted(FieldKind::MultiValued, min, &values, None).unwrap();
        assert_eq!(many(1), vocabulary(&["a", "b"]));
        assert_eq!(many(3), vocabulary(&["b"]));
    }

    #[test]
    fn bounds_come_from_used_rows_and_bad_numbers_name_their_row() {
        let numbers = Values::Number(vec![3.0, f64::NAN, -1.0, 9.0]);
        let used = [true, true, true, false];
        let fitted_to = |values, used| fitted(FieldKind::Numeric, 1, values, used);
        let expected = Encoding::MinMax {
            min: -1.0,
            max: 3.0,
        };
        assert_eq!(fitted_to(&numbers, Some(&used)).unwrap(), expected);
        let none = Values::Number(vec![f64::NAN]);
        let zero = Encoding::MinMax { min: 0.0, max: 0.0 };
        assert_eq!(fitted_to(&none, None).unwrap(), zero);
        // A bad text that no row has does no harm.
        let text = texts(&["x", "3", "-1"], &[1, 2, 2]);
        assert_eq!(fitted_to(&text, None).unwrap(), expected);
        let bad = texts(&["3", "x"], &[0, 1]);
        let error = fitted_to(&bad, None).unwrap_err().to_string();
        assert!(error.starts_with("row 2, column `f`: \"x\""), "{error}");
    }
}
