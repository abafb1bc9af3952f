//! The rows of a raw table that a protocol uses, column by column.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::data::table::Values;

/// Which rows of a table are used, in the table's order.
#[derive(Debug)]
pub(crate) struct Kept {
    table_rows: usize,
    /// `None`: all of them.
    rows: Option<Vec<u32>>,
}

impl Kept {
    /// The rows for which `keep` holds. `table_rows` fits into 32 bits.
    pub fn new(table_rows: usize, keep: impl Fn(usize) -> bool) -> Kept {
        let rows: Vec<u32> = (0..table_rows)
            .filter(|&row| keep(row))
            .map(|row| row as u32)
            .collect();
        Kept {
            table_rows,
            rows: (rows.len() < table_rows).then_some(rows),
        }
    }

    /// How many rows are used.
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.table_rows, Vec::len)
    }

    /// The used rows' entries of a column.
    pub fn pick<'a, T: Copy>(&self, column: &'a [T]) -> Cow<'a, [T]> {
        match &self.rows {
            None => Cow::Borrowed(column),
            Some(rows) => rows.iter().map(|&row| column[row as usize]).collect(),
        }
    }

    /// The number in the table, counted from 1, of the used row number `row`, counted from 0.
    pub fn table_row(&self, row: usize) -> usize {
        match &self.rows {
            None => row + 1,
            Some(rows) => rows.get(row).map_or(row, |&row| row as usize) + 1,
        }
    }
}

/// The used rows of a raw column.
pub(crate) enum Raw<'a> {
    /// As in [`Values::Text`].
    Text {
        dictionary: Cow<'a, [String]>,
        codes: Cow<'a, [u32]>,
    },
    /// NaN means "missing".
    Number(Cow<'a, [f64]>),
}

impl<'a> Raw<'a> {
    /// The used rows of `values`, as they are.
    pub fn new(values: &'a Values, kept: &Kept) -> Raw<'a> {
        match values {
            Values::Text { dictionary, codes } => Raw::Text {
                dictionary: Cow::Borrowed(dictionary),
                codes: kept.pick(codes),
            },
            Values::Number(numbers) => Raw::Number(kept.pick(numbers)),
        }
    }

    /// The same column as text: numbers are written in the shortest way (`4`, `0.5`), missing ones as the empty text.
    pub fn into_text(self) -> Raw<'a> {
        let Raw::Number(numbers) = self else {
            return self;
        };
        let mut code_of: HashMap<u64, u32> = HashMap::new();
        let mut dictionary = Vec::new();
        let codes = numbers
            .iter()
            // + 0.0 makes a negative zero positive, so that every number has one text.
            .map(|&number| {
                if number.is_nan() {
                    f64::NAN
                } else {
                    number + 0.0
                }
            })
            .map(|number| {
                *code_of.entry(number.to_bits()).or_insert_with(|| {
                    dictionary.push(if number.is_nan() {
                        String::new()
                    } else {
                        number.to_string()
                    });
                    (dictionary.len() - 1) as u32
                })
            })
            .collect();
        Raw::Text {
            dictionary: Cow::Owned(dictionary),
            codes: Cow::Owned(codes),
        }
    }
}

/// Groups rows by their text: rows of one text have one number; numbers are dense and follow the first occurrence.
pub(crate) fn groups(values: &Values, kept: &Kept) -> Vec<u32> {
    let Raw::Text { dictionary, codes } = Raw::new(values, kept).into_text() else {
        return Vec::new(); // into_text leaves no other variant
    };
    let mut group_of: Vec<Option<u32>> = vec![None; dictionary.len()];
    let mut groups = 0;
    codes
        .iter()
        .map(|&code| {
            *group_of[code as usize].get_or_insert_with(|| {
                groups += 1;
                groups - 1
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_texts_and_groups_are_dense() {
        let numbers = Values::Number(vec![4.0, f64::NAN, 0.5, -0.0, 4.0, 0.0, f64::NAN]);
        let all = Kept::new(7, |_| true);
        let Raw::Text { dictionary, codes } = Raw::new(&numbers, &all).into_text() else {
            panic!("not text");
        };
        let texts: Vec<&str> = codes
            .iter()
            .map(|&c| dictionary[c as usize].as_str())
            .collect();
        assert_eq!(texts, ["4", "", "0.5", "0", "4", "0", ""]);
        assert_eq!(groups(&numbers, &all), [0, 1, 2, 3, 0, 3, 1]);
        // Without row 0 the numbers start anew.
        assert_eq!(groups(&numbers, &Kept::new(7, |row| row > 2)), [0, 1, 0, 2]);
    }

    #[test]
    fn dropped_rows_keep_their_number_in_messages() {
        let kept = Kept::new(5, |row| row % 2 == 1);
        assert_eq!((kept.len(), kept.table_row(1)), (2, 4));
        assert_eq!(kept.pick(&[1, 2, 3, 4, 5])[..], [2, 4]);
    }
}
