//! Scores of another system, as a CSV file with the columns `row` and `score`.

use std::collections::HashMap;
use std::path::Path;

use autoint::score::compare::Scored;
use autoint::{Error, Result};
use csv::{Position, StringRecord};

/// Reads them into the order of `rows`, each of which must have one.
///
/// # Errors
/// When the file cannot be read, a line has no row's number and finite score, a row has two scores or none, or one is of another row.
pub fn read(file: &Path, rows: &[u32]) -> Result<Scored> {
    let scores = by_row(file)?;
    let of = |row: &u32| {
        let missing = || {
            let what = format!(
                "has no score for row {row}; it needs one for each of the part's {} rows",
                rows.len()
            );
            Error::file(file, what)
        };
        scores.get(row).copied().ok_or_else(missing)
    };
    let ordered: Vec<f64> = rows.iter().map(of).collect::<Result<_>>()?;
    if ordered.len() != scores.len() {
        let what = format!(
            "has scores for {} rows, {} of them are none of the part's: leave those out, or choose the part with --split",
            scores.len(),
            scores.len() - ordered.len()
        );
        return Err(Error::file(file, what));
    }
    Ok(Scored {
        name: file.display().to_string(),
        scores: ordered,
    })
}

fn by_row(file: &Path) -> Result<HashMap<u32, f64>> {
    let unread = |error| Error::file(file, format!("cannot be read: {error}"));
    let mut reader = csv::Reader::from_path(file).map_err(unread)?;
    let places = places(file, reader.headers().map_err(|error| at(file, &error))?)?;
    let mut scores = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| at(file, &error))?;
        let (row, score) = entry(&record, places)
            .map_err(|what| Error::line(file, line(record.position()), what))?;
        if scores.insert(row, score).is_some() {
            let what = format!("row {row} has a score already: give each row one");
            return Err(Error::line(file, line(record.position()), what));
        }
    }
    Ok(scores)
}

/// Where the row's number and the score stand.
fn places(file: &Path, header: &StringRecord) -> Result<(usize, usize)> {
    let place = |name: &str| {
        let place = header.iter().position(|column| column.trim() == name);
        let missing = || format!("there is no column `{name}`: expected `row` and `score`");
        place.ok_or_else(|| Error::line(file, 1, missing()))
    };
    Ok((place("row")?, place("score")?))
}

fn entry(
    record: &StringRecord,
    (row, score): (usize, usize),
) -> std::result::Result<(u32, f64), String> {
    let text = |place: usize| record.get(place).unwrap_or_default().trim();
    let number: Option<f64> = text(score).parse().ok();
    let both = text(row)
        .parse()
        .ok()
        .zip(number.filter(|number| number.is_finite()));
    both.ok_or_else(|| {
        format!(
            "expected a row's number and a finite score, got {:?} and {:?}",
            text(row),
            text(score)
        )
    })
}

fn line(position: Option<&Position>) -> u64 {
    position.map_or(1, Position::line)
}

fn at(file: &Path, error: &csv::Error) -> Error {
    Error::line(file, line(error.position()), error.to_string())
}
