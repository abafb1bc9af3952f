//! Raw rows in, logits and probabilities out, in the same order; a part of the rows at a time.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use csv::Writer;

use super::scorer::Scorer;
use crate::data::encode::rows::{RowEncoder, needed};
use crate::data::source::open::open_rows;
use crate::data::source::reader::{Chunk, Reader};
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::metrics::loss::sigmoid;

/// Rows scored at a time.
const CHUNK: usize = 16_384;

/// Where predictions go.
pub enum Output<'a> {
    /// A file, written whole or not at all; what is no regular file is written through.
    File(&'a Path),
    /// Written as rows are scored: what was written before an error stays.
    Stream(&'a mut dyn Write),
}

/// Predicts the rows of the file `input`, or of standard input when it is `-`. Gives the number of rows.
///
/// The input is written as the training data were, or, where these had no layout of their own, as CSV with a header. It has the
/// columns that the model's fields are made of; others are ignored, and the label need not be there. The output has the columns
/// `logit`, `probability` and `unknown`: the names of the fields whose value the model does not know, joined by `|`.
///
/// # Errors
/// When the input is not what its layout says, lacks a column, or a number is not one (with file and line); when the output cannot
/// be written.
pub fn predict(scorer: &Scorer<'_>, input: &Path, output: Output<'_>) -> Result<u64> {
    let mut reader = open_rows(input, &scorer.schema().protocol.input.layout())?;
    match output {
        Output::Stream(stream) => predict_rows(
            scorer,
            reader.as_mut(),
            input,
            stream,
            Path::new("standard output"),
        ),
        Output::File(path) => {
            let mut outcome = Ok(0);
            let written = write_whole(path, |file| {
                outcome = predict_rows(scorer, reader.as_mut(), input, file, path);
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
    reader: &mut dyn Reader,
    input: &Path,
    writer: &mut dyn Write,
    output: &Path,
) -> Result<u64> {
    let at_header = |error: Error| Error::line(input, 1, error.to_string());
    let columns = needed(scorer.schema(), reader.header());
    let mut encoder = match reader.header() {
        // Of everything, for the message of a column that is missing.
        Some(header) => RowEncoder::new(scorer.schema(), header).map(|_| ()),
        None => Ok(()),
    }
    .and_then(|()| RowEncoder::of_columns(scorer.schema(), &columns))
    .map_err(at_header)?;
    reader.select(&columns).map_err(at_header)?;
    let mut table = Table {
        scorer,
        writer: Writer::from_writer(writer),
        output,
        logits: Vec::new(),
    };
    table.write(["logit", "probability", "unknown"])?;
    let (mut unknown, mut rows) = (Vec::new(), 0);
    while let Some(block) = reader.next_block()? {
        let chunk = block.parse()?;
        if let Some(bad) = chunk.bad.first() {
            return Err(Error::line(&chunk.file, bad.line, &*bad.what));
        }
        for row in 0..chunk.rows() {
            let values: Vec<Cow<'_, str>> = chunk.columns.iter().map(|c| c.text(row)).collect();
            unknown.push(
                encoder
                    .push(&values)
                    .map_err(|error| at(&chunk, row, &error))?,
            );
            if unknown.len() == CHUNK {
                rows += table.predict(&mut encoder, &mut unknown)?;
            }
        }
    }
    rows += table.predict(&mut encoder, &mut unknown)?;
    table.writer.flush().map_err(Error::io(output, "write"))?;
    Ok(rows)
}

fn at(chunk: &Chunk, row: usize, error: &Error) -> Error {
    Error::line(&chunk.file, chunk.lines[row], error.to_string())
}

/// The table of predictions.
struct Table<'a> {
    scorer: &'a Scorer<'a>,
    writer: Writer<&'a mut dyn Write>,
    /// What messages call the place.
    output: &'a Path,
    /// Of the rows of one part, to be used again.
    logits: Vec<f32>,
}

impl Table<'_> {
    /// Writes a line for each encoded row, and empties the encoder; gives the number of rows.
    fn predict(
        &mut self,
        encoder: &mut RowEncoder<'_>,
        unknown: &mut Vec<Vec<&str>>,
    ) -> Result<u64> {
        let mut logits = std::mem::take(&mut self.logits);
        self.scorer.logits(encoder.batch(), &mut logits);
        for (&logit, unknown) in logits.iter().zip(&*unknown) {
            let (logit, probability) = (logit.to_string(), probability(logit).to_string());
            self.write([logit.as_str(), &probability, &unknown.join("|")])?;
        }
        let rows = unknown.len() as u64;
        self.logits = logits;
        encoder.clear();
        unknown.clear();
        Ok(rows)
    }

    fn write(&mut self, row: [&str; 3]) -> Result<()> {
        let written = self.writer.write_record(row);
        written.map_err(|error| Error::io(self.output, "write")(io_error(error)))
    }
}

/// The sigmoid, computed in f64 and given as the nearest f32: the logit has no more digits.
pub fn probability(logit: f32) -> f32 {
    sigmoid(f64::from(logit)) as f32
}

/// The system's error as it is: a broken pipe is told by its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
