//! Raw rows of a CSV file in, logits and probabilities out, in the same order; a part of the rows at a time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use csv::{Position, Reader, StringRecord, Writer};

use super::scorer::Scorer;
use crate::data::encode::rows::RowEncoder;
use crate::error::{Error, Result};
use crate::files::write_whole;

/// Rows in memory at a time.
const CHUNK: usize = 16_384;

/// Where predictions go.
pub enum Output<'a> {
    /// A file, written whole or not at all; what is no regular file is written through.
    File(&'a Path),
    Stream(&'a mut dyn Write),
}

/// Predicts the rows of the file `input`, or of standard input when it is `-`. Gives the number of rows.
///
/// The input's header names its columns: one for each of the model's fields, others are ignored. The output has the columns
/// `logit`, `probability` and `unknown`: the names of the fields whose value the model does not know, joined by `|`.
///
/// # Errors
/// When the input is no CSV, lacks a column, or a number is not one (with file and line); when the output cannot be written.
pub fn predict(scorer: &Scorer<'_>, input: &Path, output: Output<'_>) -> Result<u64> {
    let reader: Box<dyn Read> = if input == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(input).map_err(Error::io(input, "open"))?)
    };
    match output {
        Output::Stream(stream) => {
            predict_rows(scorer, reader, input, stream, Path::new("standard output"))
        }
        Output::File(path) => {
            let mut outcome = Ok(0);
            let written = write_whole(path, |file| {
                outcome = predict_rows(scorer, reader, input, file, path);
                match outcome {
                    Ok(_) => Ok(()),
                    Err(_) => Err(io::Error::other("nothing to write")),
                }
            });
            // What went wrong within says more than that the file could not be written.
            let rows = outcome?;
            written?;
            Ok(rows)
        }
    }
}

/// Predicts what `reader` gives into `writer`; `input` and `output` are what errors call them.
fn predict_rows(
    scorer: &Scorer<'_>,
    reader: impl Read,
    input: &Path,
    writer: &mut dyn Write,
    output: &Path,
) -> Result<u64> {
    let mut reader = Reader::from_reader(reader);
    let mut writer = Writer::from_writer(writer);
    let header = header(&mut reader, input)?;
    let mut encoder = RowEncoder::new(scorer.schema(), &header)
        .map_err(|error| Error::line(input, 1, error.to_string()))?;
    let cannot_write = |error| Error::io(output, "write")(io_error(error));
    let columns = ["logit", "probability", "unknown"];
    writer.write_record(columns).map_err(cannot_write)?;

    let (mut unknown, mut logits, mut rows) = (Vec::new(), Vec::new(), 0);
    while fill(&mut encoder, &mut unknown, &mut reader, input)? {
        scorer.logits(encoder.batch(), &mut logits);
        for (&logit, unknown) in logits.iter().zip(&unknown) {
            let (logit, probability) = (logit.to_string(), probability(logit).to_string());
            let row = [logit, probability, unknown.join("|")];
            writer.write_record(row).map_err(cannot_write)?;
        }
        rows += unknown.len() as u64;
    }
    writer.flush().map_err(Error::io(output, "write"))?;
    Ok(rows)
}

/// The names of the columns.
fn header(reader: &mut Reader<impl Read>, input: &Path) -> Result<Vec<String>> {
    let header = reader.headers().map_err(|error| unreadable(input, error))?;
    if header.is_empty() {
        let what = "is empty, expected a header with the names of the columns";
        return Err(Error::file(input, what));
    }
    Ok(header.iter().map(str::to_owned).collect())
}

/// Encodes the next rows, and names for each the fields whose value is unknown. False when there is no row left.
fn fill<'s>(
    encoder: &mut RowEncoder<'s>,
    unknown: &mut Vec<Vec<&'s str>>,
    reader: &mut Reader<impl Read>,
    input: &Path,
) -> Result<bool> {
    encoder.clear();
    unknown.clear();
    let mut record = StringRecord::new();
    while unknown.len() < CHUNK
        && reader
            .read_record(&mut record)
            .map_err(|error| unreadable(input, error))?
    {
        let values: Vec<&str> = record.iter().collect();
        unknown.push(encoder.push(&values).map_err(|error| {
            let line = record.position().map_or(0, Position::line);
            Error::line(input, line, error.to_string())
        })?);
    }
    Ok(!unknown.is_empty())
}

/// The sigmoid, computed in f64 and given as the nearest f32: the logit has no more digits.
fn probability(logit: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(logit)).exp())) as f32
}

/// The system's error as it is: a broken pipe is told by its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What the reader of CSV found wrong, with its line.
fn unreadable(name: &Path, error: csv::Error) -> Error {
    let line = error.position().map_or(0, Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::io(name, "read")(error),
        csv::ErrorKind::Utf8 { .. } => Error::line(name, line, "is not UTF-8 text"),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let what =
                format!("there are {len} values, but the header names {expected_len} columns");
            Error::line(name, line, what)
        }
        other => Error::line(name, line, format!("is no CSV: {other:?}")),
    }
}
