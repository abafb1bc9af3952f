//! Raw rows of text, as a request or a CSV file brings them, become a [`Batch`].

use super::admit::crossed;
use super::value::Encoded;
use crate::data::batch::{Batch, FieldBatch};
use crate::data::gather::{reset, scaled_row};
use crate::data::lookup::Lookup;
use crate::data::protocol::TableSpec;
use crate::data::schema::{Field, Schema};
use crate::data::source::columns::{ColumnRef, told};
use crate::error::{Error, Result};

/// Encodes raw rows one by one with a fitted schema.
#[derive(Debug, Clone)]
pub struct RowEncoder<'s> {
    schema: &'s Schema,
    /// How many values a row has.
    width: usize,
    /// Where the values of each field stand.
    places: Vec<Vec<Place<'s>>>,
    /// The first table row of each field, and the number of all at the end.
    offsets: Vec<usize>,
    /// The rows that were pushed since [`RowEncoder::clear`].
    batch: Batch,
}

/// Where a raw value stands.
#[derive(Debug, Clone, Copy)]
enum Place<'s> {
    /// In the row.
    Row(usize),
    /// In a column of the model's own copy of a table, in the row of the key that stands in the row.
    Table {
        table: &'s Lookup,
        /// By its number in the table.
        column: usize,
        /// Where the key stands in the row.
        key: usize,
    },
}

impl Place<'_> {
    fn text<'t, S: AsRef<str>>(&'t self, row: &'t [S]) -> &'t str {
        match self {
            Place::Row(place) => row[*place].as_ref(),
            Place::Table { table, column, key } => {
                table.text(*column, table.place(row[*key].as_ref()))
            }
        }
    }
}

impl<'s> RowEncoder<'s> {
    /// An encoder for rows whose columns `header` names. Columns that are no field are ignored. A column of a joined table may
    /// stand in the row itself; else the row's key is looked up in the model's copy of the table.
    ///
    /// # Errors
    /// When a field's column is missing or there twice.
    pub fn new<S: AsRef<str>>(schema: &'s Schema, header: &[S]) -> Result<RowEncoder<'s>> {
        let there = |column: &ColumnRef| match column {
            ColumnRef::Name(name) => header.iter().any(|h| h.as_ref() == name),
            ColumnRef::Number(_) => true,
        };
        let find = |column: &ColumnRef| {
            column.place(header).map_err(|error| match column {
                ColumnRef::Name(name) if !there(column) => Error::Data(format!(
                    "the input has no column `{name}`, which the model needs; there {}",
                    told(name, header)
                )),
                _ => Error::Data(format!("of the input's columns, {error}")),
            })
        };
        RowEncoder::with(schema, header.len(), &there, &find)
    }

    /// An encoder for rows that hold just these columns, as [`needed`] lists them.
    ///
    /// # Errors
    /// When one that is needed is not among them.
    pub fn of_columns(schema: &'s Schema, columns: &[ColumnRef]) -> Result<RowEncoder<'s>> {
        let place = |column: &ColumnRef| columns.iter().position(|c| c == column);
        let find = |column: &ColumnRef| {
            place(column).ok_or_else(|| Error::Data(format!("column `{column}` was not read")))
        };
        RowEncoder::with(
            schema,
            columns.len(),
            &|column| place(column).is_some(),
            &find,
        )
    }

    fn with(
        schema: &'s Schema,
        width: usize,
        there: &dyn Fn(&ColumnRef) -> bool,
        find: &dyn Fn(&ColumnRef) -> Result<usize>,
    ) -> Result<RowEncoder<'s>> {
        let fields = schema.fields.iter().map(|field| {
            let sources = field.sources();
            let places = sources
                .iter()
                .map(|column| place_of(schema, column, there, find));
            places.collect()
        });
        let mut encoder = RowEncoder {
            schema,
            width,
            places: fields.collect::<Result<_>>()?,
            offsets: schema.offsets(),
            batch: Batch::default(),
        };
        encoder.clear();
        Ok(encoder)
    }

    /// Per field, the places in a row that its value is made of: for a column of a joined table that of the key.
    pub fn places(&self) -> Vec<Vec<usize>> {
        let place = |place: &Place<'_>| match place {
            Place::Row(place) => *place,
            Place::Table { key, .. } => *key,
        };
        let of_field = |places: &Vec<Place<'_>>| places.iter().map(place).collect();
        self.places.iter().map(of_field).collect()
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
            let (encoded, unknown) = self.encoded(field, place, row).map_err(Error::Data)?;
            self.append(place, std::slice::from_ref(&encoded));
            if unknown {
                unknown_fields.push(field.name.as_str());
            }
        }
        self.batch.rows += 1;
        Ok(unknown_fields)
    }

    fn encoded<S: AsRef<str>>(
        &self,
        field: &Field,
        place: usize,
        row: &[S],
    ) -> Result<(Encoded, bool), String> {
        let missing = &self.schema.protocol.input.missing;
        match &self.places[place][..] {
            [one] => {
                let text = one.text(row);
                let missing = missing.iter().any(|m| m == text);
                field.encode_text(if missing { "" } else { text })
            }
            several => {
                let parts: Vec<&str> = several.iter().map(|place| place.text(row)).collect();
                field.encode_text(&crossed(field, &parts, missing))
            }
        }
    }

    /// What encodes.
    pub(super) fn schema(&self) -> &'s Schema {
        self.schema
    }

    /// The one column of the header that a field is made of; none when it is made of several, or of a joined table.
    pub(super) fn column(&self, place: usize) -> Option<usize> {
        match self.places[place][..] {
            [Place::Row(column)] => Some(column),
            _ => None,
        }
    }

    /// The value of field number `place` in a row.
    pub(super) fn encoded_at<S: AsRef<str>>(
        &self,
        place: usize,
        row: &[S],
    ) -> Result<Encoded, String> {
        let field = &self.schema.fields[place];
        Ok(self.encoded(field, place, row)?.0)
    }

    /// Appends values of field number `place`; [`RowEncoder::add_rows`] tells how many rows they are of.
    pub(super) fn append(&mut self, place: usize, values: &[Encoded]) {
        let offset = self.offsets[place] as u32;
        for value in values {
            push(&mut self.batch.fields[place], offset, value);
        }
    }

    /// Appends `distinct[row]` for each of `rows`, as [`RowEncoder::append`].
    pub(super) fn append_chosen(&mut self, place: usize, distinct: &[Encoded], rows: &[u32]) {
        let offset = self.offsets[place] as u32;
        match &mut self.batch.fields[place] {
            FieldBatch::One { ids } => {
                let code = |value: &Encoded| offset + value.codes().first().copied().unwrap_or(0);
                let codes: Vec<u32> = distinct.iter().map(code).collect();
                ids.extend(rows.iter().map(|&row| codes[row as usize]));
            }
            field => {
                for &row in rows {
                    push(field, offset, &distinct[row as usize]);
                }
            }
        }
    }

    /// See [`RowEncoder::append`].
    pub(super) fn add_rows(&mut self, rows: usize) {
        self.batch.rows += rows;
    }

    /// The rows since the last [`RowEncoder::clear`]; labels stay empty.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The rows, when no more will come.
    pub fn into_batch(self) -> Batch {
        self.batch
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
        pushed.map_err(|error| Error::Data(format!("row {number}, {error}")))
    });
    let unknown = unknown.collect::<Result<_>>()?;
    Ok((encoder.batch, unknown))
}

/// The raw columns that rows of a header must give, in the order of their first use: those of fields, and keys of tables where the
/// header lacks their columns. Without a header, every table is joined by its key.
pub fn needed(schema: &Schema, header: Option<&[String]>) -> Vec<ColumnRef> {
    let mut all: Vec<ColumnRef> = Vec::new();
    for column in schema.fields.iter().flat_map(|field| field.sources()) {
        let there = match (&column, header) {
            (ColumnRef::Name(name), Some(header)) => header.contains(name),
            (ColumnRef::Name(_), None) => false,
            (ColumnRef::Number(_), _) => true,
        };
        let needed = match joined(schema, &column) {
            Some((_, _, spec)) if !there => spec.on().clone(),
            _ => column,
        };
        if !all.contains(&needed) {
            all.push(needed);
        }
    }
    all
}

/// The table, its column's number and its rule, when a column is one of a table.
pub fn joined<'s>(
    schema: &'s Schema,
    column: &ColumnRef,
) -> Option<(&'s Lookup, usize, &'s TableSpec)> {
    let ColumnRef::Name(name) = column else {
        return None;
    };
    schema.tables.iter().find_map(|(table, lookup)| {
        let bare = name
            .strip_prefix(table.as_str())
            .and_then(|n| n.strip_prefix('.'));
        let place = lookup.columns().position(|c| c == bare.unwrap_or(name))?;
        Some((lookup, place, schema.protocol.tables.get(table)?))
    })
}

fn place_of<'s>(
    schema: &'s Schema,
    column: &ColumnRef,
    there: &dyn Fn(&ColumnRef) -> bool,
    find: &dyn Fn(&ColumnRef) -> Result<usize>,
) -> Result<Place<'s>> {
    if let Some((table, place, spec)) = joined(schema, column)
        && !there(column)
    {
        return Ok(Place::Table {
            table,
            column: place,
            key: find(spec.on())?,
        });
    }
    find(column).map(Place::Row)
}

/// Appends one row's value. The variants fit: [`reset`] made them for the schema that encoded the value.
fn push(batch: &mut FieldBatch, offset: u32, encoded: &Encoded) {
    match (batch, encoded) {
        (FieldBatch::One { ids }, value) => ids.extend(value.codes().iter().map(|c| offset + c)),
        (FieldBatch::Mean { starts, ids } | FieldBatch::Sum { starts, ids }, value) => {
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
        assert!(
            refused(&["user", "tags", "weight", "user"], &[]).contains("`user` is there twice")
        );
        let error = refused(&header, &["a", "x", "much"]);
        assert!(
            error.contains("row 1, column `weight`: \"much\""),
            "{error}"
        );
    }
}
