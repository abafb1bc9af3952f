//! The best items of every user as a file: CSV, JSON lines or Parquet.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::everyone::Line;
use super::ranker::{Ranker, Request};
use crate::error::{Error, Result};
use crate::files::write_whole;

/// The columns, in every format.
const COLUMNS: [&str; 4] = ["user", "rank", "item", "score"];
/// Lines of a row group.
const GROUP: usize = 100_000;

/// Takes lines, and is told of the end.
trait Sink {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
}

/// Writes the best items of every user, the file whole or not at all; `progress` is called after each user. Gives the number of
/// users.
///
/// # Errors
/// When the file's name has none of the endings .csv, .jsonl and .parquet; as [`Ranker::everyone`]; when the system refuses.
pub fn write(
    ranker: &Ranker<'_>,
    like: &Request,
    file: &Path,
    progress: &dyn Fn(),
) -> Result<usize> {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let make: fn(&mut dyn Write) -> io::Result<Box<dyn Sink + '_>> = match ending {
        Some("csv") => Csv::sink,
        Some("jsonl") => Json::sink,
        Some("parquet") => Parquet::sink,
        _ => {
            let what = "has no ending that says how to write it: expected .csv, .jsonl or .parquet";
            return Err(Error::file(file, what));
        }
    };
    let mut outcome = Ok(());
    let written = write_whole(file, |mut to| {
        let mut sink = make(&mut to)?;
        outcome = ranker.everyone(like, &mut |lines| {
            progress();
            let mut lines = lines.iter();
            let written = lines.try_for_each(|line| sink.line(line));
            written.map_err(Error::io(file, "write"))
        });
        match outcome {
            Ok(()) => sink.end(),
            Err(_) => Err(io::Error::other("nothing to write")),
        }
    });
    // What went wrong within says more than that the file could not be written.
    outcome?;
    written?;
    Ok(ranker.catalogue().users.len())
}

struct Csv<'w>(csv::Writer<&'w mut dyn Write>);

impl Csv<'_> {
    fn sink(to: &mut dyn Write) -> io::Result<Box<dyn Sink + '_>> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(COLUMNS).map_err(io::Error::other)?;
        Ok(Box::new(Csv(writer)))
    }
}

impl Sink for Csv<'_> {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let (rank, score) = (line.rank.to_string(), line.score.to_string());
        let record = [line.user, &rank, line.item, &score];
        self.0.write_record(record).map_err(io::Error::other)
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Json<'w>(&'w mut dyn Write);

impl Json<'_> {
    fn sink(to: &mut dyn Write) -> io::Result<Box<dyn Sink + '_>> {
        Ok(Box::new(Json(to)))
    }
}

impl Sink for Json<'_> {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Columns of a row group in the making, and the groups that are written.
struct Parquet<'w> {
    /// None once it is closed.
    writer: Option<SerializedFileWriter<Vec<u8>>>,
    to: &'w mut dyn Write,
    users: Vec<ByteArray>,
    ranks: Vec<i32>,
    items: Vec<ByteArray>,
    scores: Vec<f32>,
}

impl Parquet<'_> {
    fn sink(to: &mut dyn Write) -> io::Result<Box<dyn Sink + '_>> {
        let column = |name: &str, physical, converted| {
            let column = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::REQUIRED)
                .with_converted_type(converted);
            column.build().map(Arc::new)
        };
        let columns = [
            column(COLUMNS[0], Physical::BYTE_ARRAY, ConvertedType::UTF8),
            column(COLUMNS[1], Physical::INT32, ConvertedType::NONE),
            column(COLUMNS[2], Physical::BYTE_ARRAY, ConvertedType::UTF8),
            column(COLUMNS[3], Physical::FLOAT, ConvertedType::NONE),
        ];
        let columns = columns.into_iter().collect::<parquet::errors::Result<_>>();
        let schema = columns.and_then(|fields| {
            Type::group_type_builder("recommendations")
                .with_fields(fields)
                .build()
        });
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let writer = schema.and_then(|schema| {
            SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build()))
        });
        Ok(Box::new(Parquet {
            writer: Some(writer.map_err(io::Error::other)?),
            to,
            users: Vec::new(),
            ranks: Vec::new(),
            items: Vec::new(),
            scores: Vec::new(),
        }))
    }

    fn group(&mut self) -> parquet::errors::Result<()> {
        let Some(writer) = self.writer.as_mut().filter(|_| !self.ranks.is_empty()) else {
            return Ok(());
        };
        let mut group = writer.next_row_group()?;
        let mut number = 0;
        while let Some(mut column) = group.next_column()? {
            match number {
                0 => column
                    .typed::<ByteArrayType>()
                    .write_batch(&self.users, None, None)?,
                1 => column
                    .typed::<Int32Type>()
                    .write_batch(&self.ranks, None, None)?,
                2 => column
                    .typed::<ByteArrayType>()
                    .write_batch(&self.items, None, None)?,
                _ => column
                    .typed::<FloatType>()
                    .write_batch(&self.scores, None, None)?,
            };
            column.close()?;
            number += 1;
        }
        group.close()?;
        self.users.clear();
        self.ranks.clear();
        self.items.clear();
        self.scores.clear();
        Ok(())
    }
}

impl Sink for Parquet<'_> {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.users.push(line.user.into());
        self.ranks
            .push(i32::try_from(line.rank).unwrap_or(i32::MAX));
        self.items.push(line.item.into());
        self.scores.push(line.score);
        match self.ranks.len() < GROUP {
            true => Ok(()),
            false => self.group().map_err(io::Error::other),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.group().map_err(io::Error::other)?;
        let bytes = self.writer.take().map(SerializedFileWriter::into_inner);
        let bytes = bytes.transpose().map_err(io::Error::other)?;
        self.to.write_all(&bytes.unwrap_or_default())
    }
}
