//! Columns as a user names them: by name, or by number from 1.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A column of an input.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRef {
    /// Counted from 1.
    Number(u32),
    /// As the header has it; one that stands there twice needs its number.
    Name(String),
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnRef::Number(number) => write!(f, "{number}"),
            ColumnRef::Name(name) => f.write_str(name),
        }
    }
}

impl From<&str> for ColumnRef {
    fn from(name: &str) -> ColumnRef {
        ColumnRef::Name(name.to_owned())
    }
}

/// Names shown of an input that has many.
const SHOWN: usize = 12;

impl ColumnRef {
    /// Where the column stands in a header, counted from 0.
    ///
    /// # Errors
    /// When it is not there, or its name is there twice.
    pub fn place<S: AsRef<str>>(&self, header: &[S]) -> Result<usize> {
        match self {
            ColumnRef::Number(number) => {
                let place = (*number as usize).checked_sub(1);
                place.filter(|&place| place < header.len()).ok_or_else(|| {
                    let what = format!(
                        "there is no column number {number}, expected 1 to {}",
                        header.len()
                    );
                    Error::Data(what)
                })
            }
            ColumnRef::Name(name) => place_of(name, header),
        }
    }
}

fn place_of<S: AsRef<str>>(name: &str, header: &[S]) -> Result<usize> {
    let mut places = (0..header.len()).filter(|&i| header[i].as_ref() == name);
    let Some(place) = places.next() else {
        return Err(Error::Data(format!(
            "there is no column `{name}`; there {}",
            told(name, header)
        )));
    };
    match places.next() {
        None => Ok(place),
        Some(again) => Err(Error::Data(format!(
            "column `{name}` is there twice, as number {} and {}: give the one that is meant by its number",
            place + 1,
            again + 1
        ))),
    }
}

/// The columns of a header for a message: all of a few, of many the nearest to `name` and how many there are.
pub(crate) fn told<S: AsRef<str>>(name: &str, header: &[S]) -> String {
    if header.len() <= SHOWN {
        let names: Vec<String> = header.iter().map(|n| shortened(n.as_ref())).collect();
        return format!("are: {}", names.join(", "));
    }
    let mut near: Vec<(usize, &str)> = header
        .iter()
        .map(|other| (distance(name, other.as_ref()), other.as_ref()))
        .collect();
    near.sort_unstable();
    let names: Vec<String> = near.iter().take(3).map(|(_, n)| shortened(n)).collect();
    format!("are {}, the nearest: {}", header.len(), names.join(", "))
}

/// A name that may be as long as a file.
fn shortened(name: &str) -> String {
    const MOST: usize = 60;
    match name.char_indices().nth(MOST) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}...", &name[..end]),
    }
}

/// The Levenshtein distance without regard to case, of the first characters of both.
fn distance(a: &str, b: &str) -> usize {
    const MOST: usize = 40;
    let lower =
        |s: &str| -> Vec<char> { s.chars().take(MOST).flat_map(char::to_lowercase).collect() };
    let (a, b) = (lower(a), lower(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_name_or_number() {
        let header = ["a", "b", "a"];
        assert_eq!(ColumnRef::from("b").place(&header).unwrap(), 1);
        assert_eq!(ColumnRef::Number(3).place(&header).unwrap(), 2);
        let refused = |column: ColumnRef| column.place(&header).unwrap_err().to_string();
        assert!(refused(ColumnRef::from("a")).contains("twice, as number 1 and 3"));
        assert!(refused(ColumnRef::from("c")).contains("are: a, b, a"));
        assert!(refused(ColumnRef::Number(0)).contains("expected 1 to 3"));
        assert!(refused(ColumnRef::Number(4)).contains("expected 1 to 3"));
    }

    #[test]
    fn of_a_million_columns_the_nearest_are_told() {
        let header: Vec<String> = (0..1_000_000).map(|n| format!("column{n}")).collect();
        let error = ColumnRef::from("Colum77")
            .place(&header)
            .unwrap_err()
            .to_string();
        assert!(error.len() < 300, "{error}");
        assert!(
            error.contains("are 1000000") && error.contains("column77"),
            "{error}"
        );
    }

    #[test]
    fn in_a_file_a_number_is_a_number_and_a_text_a_name() {
        #[derive(Deserialize)]
        struct File {
            columns: Vec<ColumnRef>,
        }
        let file: File = toml::from_str("columns = [3, \"3\"]").unwrap();
        assert_eq!(file.columns, [ColumnRef::Number(3), ColumnRef::from("3")]);
    }
}
