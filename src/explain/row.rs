//! A raw row by itself: the columns a person gives it, checked against those that the model knows.

use crate::data::batch::Batch;
use crate::data::encode::rows::{RowEncoder, needed};
use crate::data::protocol::time::TimeColumn;
use crate::data::schema::Schema;
use crate::data::source::columns::{ColumnRef, told};
use crate::data::source::jsonl;
use crate::error::{Error, Result};

/// The columns of a row and their values, as many; an empty value is a missing one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawRow {
    /// The columns' names.
    pub header: Vec<String>,
    /// As they would stand in a CSV file.
    pub values: Vec<String>,
}

impl RawRow {
    /// Of one JSON object: a text or a number a column, a list for several values, null for a missing one. Numbers keep the text they
    /// are written with.
    ///
    /// # Errors
    /// When it is no such object.
    pub fn from_json(text: &str) -> Result<RawRow> {
        let cells = jsonl::object(text).map_err(|what| Error::Data(format!("the row {what}")))?;
        let (header, values) = cells.into_iter().unzip();
        Ok(RawRow { header, values })
    }
}

/// The row as a batch of one, and the fields whose value the model does not know. A column that the schema names by its number is
/// called by it: `3`. The label and the columns of user, item, time and weight may be there.
///
/// # Errors
/// When a column is missing, is there twice or is none that the schema knows, or a value is not what its field takes.
pub fn encode<'s>(
    schema: &'s Schema,
    header: &[String],
    values: &[String],
) -> Result<(Batch, Vec<&'s str>)> {
    if header.len() != values.len() {
        return Err(Error::Data(format!(
            "the row has {} values for {} columns: give each column one",
            values.len(),
            header.len()
        )));
    }
    let columns = needed(schema, Some(header));
    check(schema, header, &columns)?;
    let place = |column: &ColumnRef| {
        let name = column.to_string();
        header.iter().position(|given| *given == name)
    };
    let (mut picked, mut missing) = (Vec::new(), Vec::new());
    for column in &columns {
        match place(column) {
            Some(place) => picked.push(values[place].as_str()),
            None => missing.push(format!("`{column}`")),
        }
    }
    if !missing.is_empty() {
        return Err(Error::Data(format!(
            "the row lacks {}, which the model needs: give each a value, null where there is none",
            missing.join(", ")
        )));
    }
    let mut encoder = RowEncoder::of_columns(schema, &columns)?;
    let unknown = encoder.push(&picked)?;
    Ok((encoder.batch().clone(), unknown))
}

/// Refuses columns that nothing knows: a misspelt name is one.
fn check(schema: &Schema, header: &[String], columns: &[ColumnRef]) -> Result<()> {
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let others = others(schema);
    for (number, given) in header.iter().enumerate() {
        if header[..number].contains(given) {
            return Err(Error::Data(format!(
                "the row has the column `{given}` twice: give it once"
            )));
        }
        let known = |all: &[ColumnRef]| all.iter().any(|column| column.to_string() == *given);
        if !names.contains(given) && !known(&others) {
            return Err(Error::Data(format!(
                "the row has a column `{given}`, which the model does not know; there {}",
                told(given, &names)
            )));
        }
    }
    Ok(())
}

/// What else a row of the data has.
fn others(schema: &Schema) -> Vec<ColumnRef> {
    let (protocol, roles) = (&schema.protocol, &schema.protocol.roles);
    let time = roles.time.as_ref().map(TimeColumn::column);
    let roles = [
        &roles.user,
        &roles.item,
        &roles.weight,
        &roles.true_probability,
    ];
    let mut all: Vec<ColumnRef> = roles.into_iter().flatten().chain(time).cloned().collect();
    all.push(protocol.label.column.clone());
    all.extend(schema.fields.iter().flat_map(|field| field.sources()));
    all.extend(needed(schema, None));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batch::FieldBatch;
    use crate::data::encode::encode as encode_table;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    fn schema() -> Schema {
        let row = |user: &str, rating| (user.to_owned(), "x|y".to_owned(), "1".to_owned(), rating);
        let raw = table(&[row("a", 5), row("b", 1)]);
        let data = encode_table(&raw, &protocol(FitOn::All, random_split(1))).unwrap();
        data.schema().clone()
    }

    fn encoded(json: &str) -> Result<(Batch, Vec<String>)> {
        let (schema, row) = (schema(), RawRow::from_json(json)?);
        let (batch, unknown) = encode(&schema, &row.header, &row.values)?;
        Ok((batch, unknown.into_iter().map(str::to_owned).collect()))
    }

    #[test]
    fn a_row_in_any_order_with_its_label() {
        let json =
            r#"{"weight": null, "tags": ["x", "z"], "user": "b", "rating": 4, "timestamp": 1}"#;
        let (batch, unknown) = encoded(json).unwrap();
        assert_eq!((batch.rows, unknown), (1, vec!["tags".to_owned()]));
        assert_eq!(batch.fields[0], FieldBatch::One { ids: vec![2] });
        let tags = FieldBatch::Mean {
            starts: vec![0, 2],
            ids: vec![4, 3],
        };
        assert_eq!(batch.fields[1], tags);
    }

    #[test]
    fn a_column_without_a_name_is_called_by_its_number() {
        let mut schema = schema();
        schema.fields[0].spec.columns = vec![ColumnRef::Number(1)];
        let row = RawRow::from_json(r#"{"weight": 1, "tags": "x", "1": "b"}"#).unwrap();
        let (batch, _) = encode(&schema, &row.header, &row.values).unwrap();
        assert_eq!(batch.fields[0], FieldBatch::One { ids: vec![2] });
        let row = RawRow::from_json(r#"{"weight": 1, "tags": "x"}"#).unwrap();
        let error = encode(&schema, &row.header, &row.values).unwrap_err();
        assert!(error.to_string().contains("lacks `1`"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told() {
        let refused = |json: &str| encoded(json).unwrap_err().to_string();
        let error = refused(r#"{"usr": "a", "tags": "x", "weight": 1}"#);
        assert!(error.contains("`usr`") && error.contains("user"), "{error}");
        let error = refused(r#"{"tags": "x"}"#);
        assert!(error.contains("lacks `user`, `weight`"), "{error}");
        let error = refused(r#"{"user": "a", "tags": "x", "weight": "much"}"#);
        assert!(error.contains("column `weight`: \"much\""), "{error}");
        assert!(refused("[]").contains("the row is no JSON object"));
        let names = |n: &[&str]| n.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let schema = schema();
        let twice = encode(&schema, &names(&["user", "user"]), &names(&["a", "b"]));
        assert!(twice.unwrap_err().to_string().contains("twice"));
        let short = encode(&schema, &names(&["user"]), &[]);
        assert!(short.unwrap_err().to_string().contains("0 values for 1"));
    }
}
