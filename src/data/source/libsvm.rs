//! The sparse formats of linear and factorisation machines.
//!
//! | format | a row | columns |
//! |---|---|---|
//! | libsvm | `label index:value ...` | `label`; `features`, a list of the indexes whose value is not 0; `7`, the value of index 7 |
//! | libffm | `label field:feature:value ...` | `label`; `3`, the features of field 3 (a list, where there are several); `3.value`, the value of its first feature |
//!
//! What follows a `#` is a comment; `qid:N`, which ranking data have, is passed over.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::cells::LIST;
use super::layout::{Encoding, Layout};
use super::lines::{Line, each_line};
use super::text::{Blocks, Cut};
use crate::error::{Error, Result};

/// A column of either format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// The row's first number.
    Label,
    /// All indexes (libsvm).
    Features,
    /// The value of an index (libsvm), the features of a field (libffm).
    Of(u64),
    /// The value of a field's first feature (libffm).
    Value(u64),
}

/// Parses lines of libsvm.
pub(super) struct Svm(Vec<Column>);

/// Parses lines of libffm.
pub(super) struct Ffm(Vec<Column>);

fn columns(
    names: &[String],
    special: impl Fn(&str) -> Option<Column>,
    what: &str,
) -> Result<Vec<Column>> {
    let column = |name: &String| {
        let known = match name.as_str() {
            "label" => Some(Column::Label),
            name => special(name).or_else(|| name.parse().ok().map(Column::Of)),
        };
        known.ok_or_else(|| Error::Data(format!("there is no column `{name}`; {what}")))
    };
    names.iter().map(column).collect()
}

impl Line for Svm {
    const FORMAT: &'static str = "libsvm";

    fn new(names: &[String]) -> Result<Svm> {
        let special = |name: &str| (name == "features").then_some(Column::Features);
        let what = "columns of libsvm are `label`, `features`, and an index such as `7`";
        columns(names, special, what).map(Svm)
    }

    fn parse(&self, line: &str, cells: &mut [String]) -> Result<(), String> {
        let tokens = split(line, &self.0, cells)?;
        for token in tokens {
            let Some((index, value)) = token.split_once(':') else {
                return Err(format!("{token:?} is not index:value"));
            };
            if index == "qid" {
                continue;
            }
            let (number, x) = (whole(index, token)?, number(value, token)?);
            for (column, cell) in self.0.iter().zip(&mut *cells) {
                match column {
                    Column::Of(wanted) if *wanted == number => value.clone_into(cell),
                    Column::Features if x != 0.0 => add(cell, index),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Line for Ffm {
    const FORMAT: &'static str = "libffm";

    fn new(names: &[String]) -> Result<Ffm> {
        let special = |name: &str| {
            let field = name.strip_suffix(".value")?;
            field.parse().ok().map(Column::Value)
        };
        let what = "columns of libffm are `label`, a field such as `3`, and its value `3.value`";
        columns(names, special, what).map(Ffm)
    }

    fn parse(&self, line: &str, cells: &mut [String]) -> Result<(), String> {
        for token in split(line, &self.0, cells)? {
            let mut parts = token.splitn(3, ':');
            let (Some(field), Some(feature), Some(value)) =
                (parts.next(), parts.next(), parts.next())
            else {
                return Err(format!("{token:?} is not field:feature:value"));
            };
            let (field, x) = (whole(field, token)?, number(value, token)?);
            for (column, cell) in self.0.iter().zip(&mut *cells) {
                match column {
                    Column::Of(wanted) if *wanted == field && x != 0.0 => add(cell, feature),
                    Column::Value(wanted) if *wanted == field && cell.is_empty() => {
                        cell.push_str(value)
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Puts the label; gives the other tokens.
fn split<'l>(
    line: &'l str,
    columns: &[Column],
    cells: &mut [String],
) -> Result<impl Iterator<Item = &'l str> + use<'l>, String> {
    let line = line.split('#').next().unwrap_or_default();
    let mut tokens = line.split_ascii_whitespace();
    let label = tokens.next().filter(|label| !label.contains(':'));
    let label = label.ok_or("there is no label in front")?;
    for (_, cell) in columns
        .iter()
        .zip(cells)
        .filter(|(column, _)| **column == Column::Label)
    {
        cell.push_str(label);
    }
    Ok(tokens)
}

fn whole(text: &str, token: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} in {token:?} is no whole number"))
}

fn number(text: &str, token: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err(format!("{text:?} in {token:?} is not a finite number")),
    }
}

fn add(cell: &mut String, value: &str) {
    if !cell.is_empty() {
        cell.push(LIST);
    }
    cell.push_str(value);
}

/// The fields (libffm) or indexes (libsvm) of the first rows, in ascending order.
///
/// # Errors
/// When a file cannot be read.
pub fn numbers(files: &[PathBuf], layout: &Layout, rows: usize) -> Result<Vec<u64>> {
    let mut blocks = Blocks::of_files(files, Cut::Lines, layout.encoding.unwrap_or(Encoding::Utf8));
    let (mut all, mut seen) = (BTreeSet::new(), 0);
    while let Some(block) = blocks.next_block()? {
        for (_, line) in each_line(&block).take(rows - seen) {
            seen += 1;
            let line = String::from_utf8_lossy(line);
            let tokens = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_ascii_whitespace();
            all.extend(
                tokens
                    .skip(1)
                    .filter_map(|t| t.split(':').next()?.parse::<u64>().ok()),
            );
        }
        if seen == rows {
            break;
        }
    }
    Ok(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<L: Line>(line: &str, names: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut cells = vec![String::new(); names.len()];
        L::new(&names)
            .map_err(|e| e.to_string())?
            .parse(line, &mut cells)?;
        Ok(cells)
    }

    #[test]
    fn libsvm_has_indexes_and_values() {
        let names = ["label", "features", "3", "9"];
        let line = "+1 qid:4 3:0.5 7:1 8:0 # a note: x";
        assert_eq!(
            cells::<Svm>(line, &names).unwrap(),
            ["+1", "3\u{1f}7", "0.5", ""]
        );
        assert_eq!(cells::<Svm>("0", &names).unwrap(), ["0", "", "", ""]);
        for (line, what) in [
            ("3:1", "no label"),
            ("1 3", "index:value"),
            ("1 x:1", "whole"),
            ("1 3:nan", "finite"),
        ] {
            assert!(
                cells::<Svm>(line, &names).unwrap_err().contains(what),
                "{line}"
            );
        }
        assert!(
            cells::<Svm>("1", &["user"])
                .unwrap_err()
                .contains("no column `user`")
        );
    }

    #[test]
    fn libffm_has_fields_with_features() {
        let names = ["label", "0", "1", "1.value", "2"];
        let line = "1 0:15:1 1:2:0.25 1:3:1 2:9:0";
        assert_eq!(
            cells::<Ffm>(line, &names).unwrap(),
            ["1", "15", "2\u{1f}3", "0.25", ""]
        );
        assert!(
            cells::<Ffm>("1 0:15", &names)
                .unwrap_err()
                .contains("field:feature:value")
        );
    }
}
