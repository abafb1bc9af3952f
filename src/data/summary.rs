//! What a [`Dataset`] holds, for people.

use std::fmt;

use super::dataset::{Dataset, SplitName};
use super::schema::{Field, FieldKind};

/// What `prepare` prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The protocol's name.
    pub protocol: String,
    /// All rows of the data set, those in no part of the split included.
    pub rows: usize,
    /// The share of positive rows, 0 to 1.
    pub label_rate: f64,
    /// The number of rows of each part of the split.
    pub splits: [(SplitName, usize); 3],
    /// See [`super::protocol::Roles::weight`].
    pub weight_column: Option<String>,
    /// In the order of the model's input.
    pub fields: Vec<FieldSummary>,
}

/// One field of a [`Summary`].
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSummary {
    /// As in the schema.
    pub name: String,
    /// Whether a row has one value, several, or a number.
    pub kind: FieldKind,
    /// How many values the vocabulary knows (the unknown row not counted); `None` for a number.
    pub cardinality: Option<usize>,
}

impl Dataset {
    /// Rows, fields and splits in numbers.
    pub fn summary(&self) -> Summary {
        Summary {
            protocol: self.protocol_name().to_owned(),
            rows: self.rows(),
            label_rate: self.label_rate(),
            splits: SplitName::ALL.map(|name| (name, self.split(name).len())),
            weight_column: self
                .schema()
                .protocol
                .roles
                .weight
                .as_ref()
                .map(ToString::to_string),
            fields: self.schema().fields.iter().map(of_field).collect(),
        }
    }
}

fn of_field(field: &Field) -> FieldSummary {
    FieldSummary {
        name: field.name.clone(),
        kind: field.kind,
        cardinality: field.encoding.cardinality(),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "protocol {}: {} rows, {:.3} % positive",
            self.protocol,
            self.rows,
            100.0 * self.label_rate
        )?;
        for (name, rows) in &self.splits {
            writeln!(f, "  {name:<5} {rows:>9} rows")?;
        }
        if let Some(column) = &self.weight_column {
            writeln!(f, "  weights from column {column}")?;
        }
        let width = self.fields.iter().map(|field| field.name.chars().count());
        let width = width.max().unwrap_or(0);
        writeln!(f, "{} fields", self.fields.len())?;
        for field in &self.fields {
            let kind = field.kind;
            write!(f, "  {:<width$}  ", field.name)?;
            match field.cardinality {
                Some(values) => writeln!(f, "{kind:<12} {values:>7} values")?,
                None => writeln!(f, "{kind}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    #[test]
    fn it_reads_well() {
        let row = |user: &str, rating| (user.to_owned(), "x|y".to_owned(), "1".to_owned(), rating);
        let rows: Vec<_> = (0..10)
            .map(|i| row(["a", "b"][i % 2], 1 + 4 * (i / 9) as u8))
            .collect();
        let data = encode(&table(&rows), &protocol(FitOn::All, random_split(1))).unwrap();
        let expected = "\
protocol test: 10 rows, 10.000 % positive
  train         8 rows
  valid         1 rows
  test          1 rows
3 fields
  user    categorical        2 values
  tags    multi-valued       2 values
  weight  numeric
";
        assert_eq!(data.summary().to_string(), expected);
    }
}
