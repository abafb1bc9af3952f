//! The rows of the embedding tables with the values that they are of, for projectors and nearest-neighbour indexes: CSV or Parquet.
//!
//! Columns: `field`, `code` (0 is unknown or missing), `value`, then the numbers of each table: `TABLE.k`, or `TABLE` where a row is one number.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::autograd::Parameters;
use crate::data::schema::{Encoding, Schema};
use crate::error::Result;
use crate::files::write_whole;
use crate::run::Run;

/// The columns before the numbers.
const COLUMNS: [&str; 3] = ["field", "code", "value"];
/// Rows of a row group.
const GROUP: usize = 100_000;

/// Writes CSV; gives the number of rows.
///
/// # Errors
/// When the file cannot be written.
pub fn write_csv(run: &Run, path: &Path) -> Result<usize> {
    let rows = Rows::of(run);
    write_whole(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        let header = COLUMNS.map(str::to_owned).into_iter().chain(rows.names());
        writer.write_record(header).map_err(io::Error::other)?;
        for row in 0..rows.len() {
            let (field, code, value) = rows.told(row);
            let told = [field.to_owned(), code.to_string(), value];
            let numbers = rows.numbers(row).map(|number| number.to_string());
            let record = told.into_iter().chain(numbers);
            writer.write_record(record).map_err(io::Error::other)?;
        }
        writer.flush()
    })?;
    Ok(rows.len())
}

/// Writes Parquet; gives the number of rows.
///
/// # Errors
/// When the file cannot be written.
pub fn write_parquet(run: &Run, path: &Path) -> Result<usize> {
    let rows = Rows::of(run);
    write_whole(path, |file| parquet(&rows, file).map_err(io::Error::other))?;
    Ok(rows.len())
}

fn parquet(rows: &Rows<'_>, file: &mut dyn Write) -> parquet::errors::Result<()> {
    let column = |name: &str, physical, converted| {
        let column = Type::primitive_type_builder(name, physical);
        let column = column.with_repetition(Repetition::REQUIRED);
        column.with_converted_type(converted).build().map(Arc::new)
    };
    let mut columns = vec![
        column(COLUMNS[0], Physical::BYTE_ARRAY, ConvertedType::UTF8)?,
        column(COLUMNS[1], Physical::INT32, ConvertedType::NONE)?,
        column(COLUMNS[2], Physical::BYTE_ARRAY, ConvertedType::UTF8)?,
    ];
    for name in rows.names() {
        columns.push(column(&name, Physical::FLOAT, ConvertedType::NONE)?);
    }
    let schema = Type::group_type_builder("embeddings").with_fields(columns);
    let schema = Arc::new(schema.build()?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    // Into memory, as `file` cannot be sent to another thread: it takes no more than the weights do.
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    for first in (0..rows.len()).step_by(GROUP) {
        let part = first..(first + GROUP).min(rows.len());
        let mut group = writer.next_row_group()?;
        let mut number = 0;
        while let Some(mut column) = group.next_column()? {
            fill(rows, part.clone(), number, &mut column)?;
            column.close()?;
            number += 1;
        }
        group.close()?;
    }
    file.write_all(&writer.into_inner()?)?;
    Ok(())
}

/// Writes column number `number` of some rows.
fn fill(
    rows: &Rows<'_>,
    part: Range<usize>,
    number: usize,
    column: &mut SerializedColumnWriter<'_>,
) -> parquet::errors::Result<()> {
    match number {
        0 => {
            let fields: Vec<ByteArray> = part.map(|row| rows.told(row).0.into()).collect();
            column
                .typed::<ByteArrayType>()
                .write_batch(&fields, None, None)?
        }
        1 => {
            let codes: Vec<i32> = part.map(|row| rows.told(row).1 as i32).collect();
            column
                .typed::<Int32Type>()
                .write_batch(&codes, None, None)?
        }
        2 => {
            let value = |row| ByteArray::from(rows.told(row).2.as_str());
            let values: Vec<ByteArray> = part.map(value).collect();
            column
                .typed::<ByteArrayType>()
                .write_batch(&values, None, None)?
        }
        _ => {
            let at = number - COLUMNS.len();
            let numbers: Vec<f32> = part.map(|row| rows.number(row, at)).collect();
            column
                .typed::<FloatType>()
                .write_batch(&numbers, None, None)?
        }
    };
    Ok(())
}

/// The rows of all tables, side by side: all tables have the same.
struct Rows<'r> {
    schema: &'r Schema,
    /// The first table row of each field, and the number of all at the end.
    offsets: Vec<usize>,
    /// Name and numbers a row.
    tables: Vec<(&'r str, usize)>,
    parameters: &'r Parameters,
}

impl<'r> Rows<'r> {
    fn of(run: &'r Run) -> Rows<'r> {
        let tables = run.runtime.tape().layout().tables.iter();
        Rows {
            schema: &run.schema,
            offsets: run.schema.offsets(),
            tables: tables
                .map(|table| (table.name.as_str(), table.dim))
                .collect(),
            parameters: &run.parameters,
        }
    }

    fn len(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Names of the columns of numbers.
    fn names(&self) -> impl Iterator<Item = String> {
        self.tables.iter().flat_map(|&(name, dim)| {
            (0..dim).map(move |k| match dim {
                1 => name.to_owned(),
                _ => format!("{name}.{k}"),
            })
        })
    }

    fn numbers(&self, row: usize) -> impl Iterator<Item = f32> {
        let tables = self.tables.iter().zip(&self.parameters.tables);
        tables.flat_map(move |(&(_, dim), table)| table[row * dim..(row + 1) * dim].iter().copied())
    }

    /// Of them, number `at`.
    fn number(&self, row: usize, mut at: usize) -> f32 {
        for (&(_, dim), table) in self.tables.iter().zip(&self.parameters.tables) {
            if at < dim {
                return table[row * dim + at];
            }
            at -= dim;
        }
        0.0
    }

    /// Field, code and value of a row.
    fn told(&self, row: usize) -> (&'r str, usize, String) {
        let place = self
            .offsets
            .partition_point(|&first| first <= row)
            .saturating_sub(1);
        let code = row - self.offsets[place];
        let field = &self.schema.fields[place];
        (field.name.as_str(), code, value(&field.encoding, code))
    }
}

/// What a code stands for; empty for unknown or missing values.
fn value(encoding: &Encoding, code: usize) -> String {
    if code == 0 {
        return String::new();
    }
    match encoding {
        Encoding::Vocabulary(vocabulary) => {
            vocabulary.text(code as u32).unwrap_or_default().to_owned()
        }
        Encoding::Buckets(_) => format!("bucket {code}"),
        Encoding::Quantiles(bounds) => {
            let bound = |at: Option<usize>| at.and_then(|at| bounds.get(at));
            match (bound(code.checked_sub(2)), bound(Some(code - 1))) {
                (None, Some(above)) => format!("below {above}"),
                (Some(from), Some(below)) => format!("{from} to below {below}"),
                (Some(from), None) => format!("{from} and above"),
                (None, None) => "any number".to_owned(),
            }
        }
        Encoding::MinMax { .. } | Encoding::Standard { .. } | Encoding::Plain => {
            "times the number".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::vocab::Vocabulary;

    #[test]
    fn codes_are_told_by_what_they_stand_for() {
        let texts = Encoding::Vocabulary(Vocabulary::new(["b", "a"]).unwrap());
        assert_eq!([0, 1, 2].map(|code| value(&texts, code)), ["", "b", "a"]);
        let parts = Encoding::Quantiles(vec![1.0, 2.5]);
        let told = [1, 2, 3].map(|code| value(&parts, code));
        assert_eq!(told, ["below 1", "1 to below 2.5", "2.5 and above"]);
        assert_eq!(value(&Encoding::Quantiles(Vec::new()), 1), "any number");
    }
}
