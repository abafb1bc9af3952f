//! Raw rows that come column by column, as a data frame brings them, become a [`Batch`](crate::data::batch::Batch).
//!
//! The values are those that [`RowEncoder::push`] gives for the texts of the same rows; but each text of a dictionary and each number
//! that occurs is looked at once.

use hashbrown::HashTable;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::rows::RowEncoder;
use super::value::Encoded;
use crate::data::schema::{Field, FieldKind};
use crate::data::source::cells::Cells;
use crate::error::{Error, Result};

/// A field's values: distinct ones (or not), and which of them each row has.
struct Values {
    /// Each is encoded once.
    distinct: Vec<Encoded>,
    /// One a row: its place in `distinct`.
    rows: Vec<u32>,
}

impl Values {
    /// Each row has a value of its own.
    fn one_by_one(distinct: Vec<Encoded>) -> Values {
        Values {
            rows: (0..distinct.len() as u32).collect(),
            distinct,
        }
    }
}

impl RowEncoder<'_> {
    /// Adds `rows` rows whose columns are those of the header, each as long. Values the model does not know are not named.
    ///
    /// # Errors
    /// When a number or a time is none; the message names the column and the row, counted from 1.
    pub fn push_cells(&mut self, columns: &[&Cells], rows: usize) -> Result<()> {
        let fields = self.schema().fields.par_iter().enumerate();
        let values = fields.map(|(place, field)| match self.column(place) {
            Some(column) => self.of_column(field, columns[column]),
            None => self.row_by_row(place, columns, rows),
        });
        let all: Vec<Values> = values.collect::<Result<_>>()?;
        for (place, values) in all.iter().enumerate() {
            self.append_chosen(place, &values.distinct, &values.rows);
        }
        self.add_rows(rows);
        Ok(())
    }

    fn of_column(&self, field: &Field, cells: &Cells) -> Result<Values> {
        match cells {
            Cells::Number(numbers) if self.takes_numbers(field) => {
                let encode = |(row, &x): (usize, &f64)| match x.is_infinite() {
                    false => Ok(Encoded::Number(field.transformed(x))),
                    // For its message.
                    true => self.encode(field, row, &x.to_string()),
                };
                let all = numbers.iter().enumerate().map(encode);
                Ok(Values::one_by_one(all.collect::<Result<_>>()?))
            }
            Cells::Number(numbers) => self.of_numbers(field, numbers, cells),
            Cells::Dictionary { texts, codes } => self.of_dictionary(field, texts, codes),
            Cells::Text(texts) => {
                let encode = |(row, text)| self.encode(field, row, text);
                let all = texts.iter().enumerate().map(encode);
                Ok(Values::one_by_one(all.collect::<Result<_>>()?))
            }
        }
    }

    fn of_numbers(&self, field: &Field, numbers: &[f64], cells: &Cells) -> Result<Values> {
        let hash = |bits: u64| xxh3_64(&bits.to_le_bytes());
        let mut known: HashTable<(u64, u32)> = HashTable::new();
        let mut values = Values {
            distinct: Vec::new(),
            rows: Vec::with_capacity(numbers.len()),
        };
        for (row, x) in numbers.iter().enumerate() {
            let bits = x.to_bits();
            let found = known.find(hash(bits), |(other, _)| *other == bits);
            values.rows.push(match found {
                Some(&(_, place)) => place,
                None => {
                    let place = values.distinct.len() as u32;
                    let encoded = self.encode(field, row, &cells.text(row))?;
                    values.distinct.push(encoded);
                    known.insert_unique(hash(bits), (bits, place), |(bits, _)| hash(*bits));
                    place
                }
            });
        }
        Ok(values)
    }

    /// Only the texts that occur are looked at.
    fn of_dictionary(&self, field: &Field, texts: &[String], codes: &[u32]) -> Result<Values> {
        const UNSEEN: u32 = u32::MAX;
        let mut places = vec![UNSEEN; texts.len()];
        let mut values = Values {
            distinct: Vec::new(),
            rows: Vec::with_capacity(codes.len()),
        };
        for (row, &code) in codes.iter().enumerate() {
            let missing = || Error::Data(format!("row {}: code {code} has no text", row + 1));
            let place = places.get_mut(code as usize).ok_or_else(missing)?;
            if *place == UNSEEN {
                *place = values.distinct.len() as u32;
                let encoded = self.encode(field, row, &texts[code as usize])?;
                values.distinct.push(encoded);
            }
            values.rows.push(*place);
        }
        Ok(values)
    }

    /// Whether a number needs no text: a plain numeric field, no number of which means "missing".
    fn takes_numbers(&self, field: &Field) -> bool {
        let missing = &self.schema().protocol.input.missing;
        field.kind == FieldKind::Numeric
            && field.spec.part.is_none()
            && missing.iter().all(|text| text.parse::<f64>().is_err())
    }

    fn encode(&self, field: &Field, row: usize, text: &str) -> Result<Encoded> {
        let missing = &self.schema().protocol.input.missing;
        let text = match missing.iter().any(|m| m == text) {
            true => "",
            false => text,
        };
        let encoded = field.encode_text(text);
        encoded
            .map(|(encoded, _)| encoded)
            .map_err(|what| Error::Data(format!("row {}, {what}", row + 1)))
    }

    /// What is made of several columns, or of a joined table.
    fn row_by_row(&self, place: usize, columns: &[&Cells], rows: usize) -> Result<Values> {
        let encode = |row: usize| {
            let texts: Vec<_> = columns.iter().map(|cells| cells.text(row)).collect();
            let encoded = self.encoded_at(place, &texts);
            encoded.map_err(|what| Error::Data(format!("row {}, {what}", row + 1)))
        };
        let all = (0..rows).map(encode);
        Ok(Values::one_by_one(all.collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::encode::encode;
    use crate::data::encode::rows::encode_rows;
    use crate::data::protocol::FitOn;
    use crate::data::source::cells::Texts;
    use crate::data::testing::{protocol, random_split, table};

    #[test]
    fn columns_give_the_batch_that_their_rows_give() {
        let row = |user: &str, rating| (user.to_owned(), "x|y".to_owned(), "1".to_owned(), rating);
        let raw = table(&[row("7", 5), row("8.5", 1)]);
        let data = encode(&raw, &protocol(FitOn::All, random_split(1))).unwrap();
        let header = ["user", "tags", "weight"];
        let users = Cells::Number(vec![7.0, 8.5, f64::NAN, 7.0, -0.0]);
        let tags = Cells::Dictionary {
            texts: vec!["x|z".into(), String::new(), "y".into()].into(),
            codes: vec![0, 2, 1, 0, 0],
        };
        let weights = Cells::Text(Texts::from_iter(["1", "", "2.5", "-3", "0"]));
        let columns = [&users, &tags, &weights];
        let texts: Vec<Vec<String>> = (0..5)
            .map(|row| columns.iter().map(|c| c.text(row).into_owned()).collect())
            .collect();
        let header: Vec<String> = header.map(str::to_owned).to_vec();
        let (expected, _) = encode_rows(data.schema(), &header, &texts).unwrap();
        let mut encoder = RowEncoder::new(data.schema(), &header).unwrap();
        encoder.push_cells(&columns, 5).unwrap();
        assert_eq!(encoder.batch(), &expected);

        let numbers = Cells::Number(vec![1.0, f64::NAN, 2.5, -3.0, 0.0]);
        let mut encoder = RowEncoder::new(data.schema(), &header).unwrap();
        encoder.push_cells(&[&users, &tags, &numbers], 5).unwrap();
        assert_eq!(encoder.batch(), &expected);

        let wrong = Cells::Number(vec![1.0, f64::INFINITY, 2.5, -3.0, 0.0]);
        let mut encoder = RowEncoder::new(data.schema(), &header).unwrap();
        let error = encoder.push_cells(&[&users, &tags, &wrong], 5).unwrap_err();
        assert!(error.to_string().contains("row 2"), "{error}");
    }
}
