//! Raw rows of text, as a request or a CSV file brings them, become a [`Batch`].

use super::fit::in_row;
use super::value::Encoded;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::gather::{reset, scaled_row};
use crate::data::schema::Schema;
use crate::error::{Error, Result};

/// Encodes raw rows one by one with a fitted schema.
#[derive(Debug, Clone)]
pub struct RowEncoder<'s> {
    schema: &'s Schema,
    /// How many values a row has.
    width: usize,
    /// Where each field stands in a row.
    columns: Vec<usize>,
    offsets: Vec<usize>,
    batch: Batch,
}

impl<'s> RowEncoder<'s> {
    /// An encoder for rows whose columns `header` names. Columns that are no field are ignored.
    ///
    /// # Errors
    /// When a field's column is missing or there twice.
    pub fn new<S: AsRef<str>>(schema: &'s Schema, header: &[S]) -> Result<RowEncoder<'s>> {
        let mut encoder = RowEncoder {
            schema,
            width: header.len(),
            columns: columns(schema, header)?,
            offsets: schema.offsets(),
            batch: Batch::default(),
        };
        encoder.clear();
        Ok(encoder)
    }

    /// Adds a row to the batch, and names the fields whose value the schema does not know. An empty text is a missing value:
    /// it uses the unknown row, but is not reported as unknown.
    ///
    /// # Errors
    /// When the row has another number of values than the header, or a numeric value is not a number. The batch is of no
    /// use then: [`RowEncoder::clear`] it.
    pub fn push<S: AsRef<str>>(&mut self, row: &[S]) -> Result<Vec<&'s str>> {
        if row.len() != self.width {
            return Err(Error::Data(format!(
                "there are {} values, but the header names {} columns",
                row.len(),
                self.width
            )));
        }
        let mut unknown_fields = Vec::new();
        for (place, field) in self.schema.fields.iter().enumerate() {
            let (encoded, unknown) = field.encode_text(row[self.columns[place]].as_ref())?;
            let offset = self.offsets[place] as u32;
            push(&mut self.batch.fields[place], offset, &encoded);
            if unknown {
                unknown_fields.push(field.name.as_str());
            }
        }
        self.batch.rows += 1;
        Ok(unknown_fields)
    }

    /// The rows since the last [`RowEncoder::clear`]; labels stay empty.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Empties the batch.
    pub fn clear(&mut self) {
        reset(self.schema, &mut self.batch);
    }
}

/// Encodes raw rows with a fitted schema, and names for each row the fields whose value the schema does not know.
///
/// # Errors
/// As [`RowEncoder`]; the message names the row, counted from 1.
pub fn encode_rows<'s, S: AsRef<str>, R: AsRef<[S]>>(
    schema: &'s Schema,
    header: &[S],
    rows: &[R],
) -> Result<(Batch, Vec<Vec<&'s str>>)> {
    let mut encoder = RowEncoder::new(schema, header)?;
    let unknown = (1..).zip(rows).map(|(number, row)| {
        let pushed = encoder.push(row.as_ref());
        pushed.map_err(|error| in_row(number, &error))
    });
    let unknown = unknown.collect::<Result<_>>()?;
    Ok((encoder.batch, unknown))
}

/// Where each field stands in the header.
fn columns<S: AsRef<str>>(schema: &Schema, header: &[S]) -> Result<Vec<usize>> {
    let missing = |name: &str| {
        let names: Vec<&str> = header.iter().map(AsRef::as_ref).collect();
        Error::Data(format!(
            "the input has no column `{name}`, which the model needs; it has: {}",
            names.join(", ")
        ))
    };
    schema
        .fields
        .iter()
        .map(|field| {
            let mut places = (0..header.len()).filter(|&i| header[i].as_ref() == field.name);
            let place = places.next().ok_or_else(|| missing(&field.name))?;
            match places.next() {
                None => Ok(place),
                Some(_) => Err(Error::Data(format!(
                    "the input has column `{}` twice",
                    field.name
                ))),
            }
        })
        .collect()
}

/// Appends one row's value. The variants fit: [`reset`] made them for the schema that encoded the value.
fn push(batch: &mut FieldBatch, offset: u32, encoded: &Encoded) {
    match (batch, encoded) {
        (FieldBatch::One { ids }, value) => ids.extend(value.codes().iter().map(|c| offset + c)),
        (FieldBatch::Mean { starts, ids }, value) => {
            ids.extend(value.codes().iter().map(|c| offset + c));
            starts.push(ids.len() as u32);
        }
        (FieldBatch::Scaled { ids, values }, &Encoded::Number(number)) => {
            let (id, value) = scaled_row(offset, number);
            ids.push(id);
            values.push(value);
        }
        (FieldBatch::Scaled { .. }, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    fn schema() -> Schema {
        let row = |user: &str, rating| (user.to_owned(), "x|y".to_owned(), "1".to_owned(), rating);
        let raw = table(&[row("a", 5), row("b", 1)]);
        let data = encode(&raw, &protocol(FitOn::All, random_split(1))).unwrap();
        data.schema().clone()
    }

    #[test]
    fn unknown_values_are_named_row_by_row() {
        let schema = schema();
        let rows = [["a", "x", "5"], ["c", "x|z", ""], ["", "", "1"]];
        let (batch, unknown) = encode_rows(&schema, &["user", "tags", "weight"], &rows).unwrap();
        assert_eq!(unknown, [vec![], vec!["user", "tags"], vec![]]);
        assert_eq!((batch.rows, batch.labels.len()), (3, 0));
        assert_eq!(batch.fields[0], FieldBatch::One { ids: vec![1, 0, 0] });
        let tags = FieldBatch::Mean {
            starts: vec![0, 1, 3, 4],
            ids: vec![4, 4, 3, 3],
        };
        assert_eq!(batch.fields[1], tags);
    }

    #[test]
    fn a_bad_input_names_column_and_row() {
        let schema = schema();
        let refused = |header: &[&str], row: &[&str]| {
            encode_rows(&schema, header, &[row])
                .unwrap_err()
                .to_string()
        };
        let header = ["user", "tags", "weight"];
        assert!(refused(&header[..2], &["a", "x"]).contains("no column `weight`"));
        assert!(refused(&header, &["a", "x"]).contains("row 1, there are 2 values"));
        assert!(refused(&["user", "tags", "weight", "user"], &[]).contains("`user` twice"));
        let error = refused(&header, &["a", "x", "much"]);
        assert!(
            error.contains("row 1, column `weight`: \"much\""),
            "{error}"
        );
    }
}
