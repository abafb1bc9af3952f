//! The raw table: named columns of text or numbers, as every reader produces them and every protocol consumes them.
//!
//! Text columns are dictionary-encoded from the start: a million ratings name 3,706 movies, so a column holds each distinct
//! text once and a small code per row. Joining a user's or a movie's columns to the ratings is then a gather of codes, and
//! fitting a vocabulary looks at distinct texts, not at rows.

use super::source::columns::told;
use crate::error::{Error, Result};

/// Named columns of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The length of every column.
    rows: usize,
    /// In the order in which they were added; names are distinct.
    columns: Vec<Column>,
    /// What a user should know of where it came from.
    notes: Vec<String>,
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Unique within its table.
    pub name: String,
    /// One value a row.
    pub values: Values,
}

/// The values of a column, one a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `dictionary[codes[row]]` is the text of a row. Texts are distinct; their order means nothing, and not every text
    /// needs to occur. The empty text means "missing". A multi-valued cell is one text with its values joined by `|`.
    Text {
        /// Distinct texts, in no order that means something.
        dictionary: Vec<String>,
        /// Places in the dictionary, one a row.
        codes: Vec<u32>,
    },
    /// Numbers; NaN means "missing".
    Number(Vec<f64>),
}

impl Values {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Text { codes, .. } => codes.len(),
            Values::Number(numbers) => numbers.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// An empty table of `rows` rows.
    pub fn new(rows: usize) -> Table {
        Table {
            rows,
            columns: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds something that a user should know of where the rows came from.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What a user should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the order they were added.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values of the columns, in their order.
    pub fn into_values(self) -> impl Iterator<Item = Values> {
        self.columns.into_iter().map(|column| column.values)
    }

    /// Adds a column.
    ///
    /// # Errors
    /// When its length is not the table's, its name is taken, or a code lies outside its dictionary.
    pub fn push(&mut self, name: impl Into<String>, values: Values) -> Result<()> {
        let name = name.into();
        if values.len() != self.rows {
            return Err(Error::Data(format!(
                "column `{name}` has {} rows, expected {}",
                values.len(),
                self.rows
            )));
        }
        if self.columns.iter().any(|c| c.name == name) {
            return Err(Error::Data(format!("column `{name}` is there twice")));
        }
        if let Values::Text { dictionary, codes } = &values
            && let Some(code) = codes.iter().find(|&&c| c as usize >= dictionary.len())
        {
            return Err(Error::Data(format!(
                "column `{name}` has code {code}, but only {} texts",
                dictionary.len()
            )));
        }
        self.columns.push(Column { name, values });
        Ok(())
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// When there is none; the message tells those that exist, or the nearest of many.
    pub fn column(&self, name: &str) -> Result<&Values> {
        self.columns
            .iter()
            .find(|c| c.name == name)
            .map(|c| &c.values)
            .ok_or_else(|| {
                let names: Vec<_> = self.columns.iter().map(|c| c.name.as_str()).collect();
                let there = told(name, &names);
                Error::Data(format!("there is no column `{name}`; there {there}"))
            })
    }

    /// The number in a row of a column; text is parsed.
    ///
    /// # Errors
    /// When the column is missing.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        Ok(match self.column(name)? {
            Values::Number(numbers) => numbers.clone(),
            Values::Text { dictionary, codes } => {
                let parsed: Vec<f64> = dictionary
                    .iter()
                    .map(|text| text.trim().parse().unwrap_or(f64::NAN))
                    .collect();
                codes.iter().map(|&c| parsed[c as usize]).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_length_or_a_second_of_one_name_is_refused() {
        let mut table = Table::new(2);
        assert!(table.push("a", Values::Number(vec![1.0])).is_err());
        table.push("a", Values::Number(vec![1.0, 2.0])).unwrap();
        let twice = table.push("a", Values::Number(vec![1.0, 2.0]));
        assert!(twice.unwrap_err().to_string().contains("twice"));
        let outside = table.push(
            "b",
            Values::Text {
                dictionary: vec!["x".into()],
                codes: vec![0, 1],
            },
        );
        assert!(outside.unwrap_err().to_string().contains("code 1"));
        assert!(
            table
                .column("c")
                .unwrap_err()
                .to_string()
                .contains("are: a")
        );
    }

    #[test]
    fn of_many_columns_only_the_nearest_are_told() {
        let mut table = Table::new(0);
        for number in 0..1000 {
            let name = format!("column {number}");
            table.push(name, Values::Number(Vec::new())).unwrap();
        }
        let error = table.column("colum 77").unwrap_err().to_string();
        assert!(error.contains("are 1000") && error.contains("column 77"));
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn text_reads_as_numbers() {
        let mut table = Table::new(3);
        let values = Values::Text {
            dictionary: vec!["4".into(), "x".into()],
            codes: vec![0, 1, 0],
        };
        table.push("rating", values).unwrap();
        let numbers = table.numbers("rating").unwrap();
        assert_eq!((numbers[0], numbers[2]), (4.0, 4.0));
        assert!(numbers[1].is_nan());
    }
}
