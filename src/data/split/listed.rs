//! A split that somebody else has made: a file with a line for each row, `train`, `valid`, `test` or `none`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::parts::Split;
use crate::data::vocab::hex;
use crate::error::{Error, Result};

/// The longest line that can be a part's name, with what editors put around it.
const LONGEST: u64 = 64;

/// Reads the parts of `rows` rows. `sha256` is that of the file (64 hexadecimal digits), where it was read before.
///
/// # Errors
/// When the file cannot be read, has changed, or has not one part a row.
pub(super) fn read(file: &Path, sha256: Option<&str>, rows: u32) -> Result<Split> {
    let mut reader = BufReader::new(File::open(file).map_err(Error::io(file, "read"))?);
    let (mut split, mut sum) = (Split::default(), Sha256::new());
    let mut text = Vec::new();
    for line in 0u64.. {
        text.clear();
        let mut part = std::io::Read::take(&mut reader, LONGEST);
        let read = part.read_until(b'\n', &mut text);
        if read.map_err(Error::io(file, "read"))? == 0 {
            check(file, line, rows)?;
            break;
        }
        sum.update(&text);
        let row = u32::try_from(line).unwrap_or(u32::MAX);
        match text.trim_ascii() {
            b"train" => split.train.push(row),
            b"valid" => split.valid.push(row),
            b"test" => split.test.push(row),
            b"none" => {}
            other => {
                let other = String::from_utf8_lossy(other);
                let what = format!("expected `train`, `valid`, `test` or `none`, got {other:?}");
                return Err(Error::line(file, line + 1, what));
            }
        }
        if row >= rows {
            check(file, line + 1, rows)?;
        }
    }
    match sha256 {
        Some(before) if before != hex(&sum.finalize()) => {
            let what = "has changed since the split was made with it: give the file of then, or train anew with --split-file";
            Err(Error::file(file, what))
        }
        _ => Ok(split),
    }
}

fn check(file: &Path, lines: u64, rows: u32) -> Result<()> {
    if lines == u64::from(rows) {
        return Ok(());
    }
    let more = if lines > u64::from(rows) {
        " or more"
    } else {
        ""
    };
    let what = format!(
        "has {lines} lines{more} for {rows} rows: give each row that the protocol keeps a line, in the order of the data"
    );
    Err(Error::file(file, what))
}

/// The SHA-256 of a split file, which the protocol keeps.
///
/// # Errors
/// When it cannot be read.
pub fn sum(file: &Path) -> Result<String> {
    let mut opened = BufReader::new(File::open(file).map_err(Error::io(file, "read"))?);
    let mut sum = Sha256::new();
    loop {
        let part = opened.fill_buf().map_err(Error::io(file, "read"))?;
        if part.is_empty() {
            return Ok(hex(&sum.finalize()));
        }
        let length = part.len();
        sum.update(part);
        opened.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("parts");
        std::fs::write(&file, text).unwrap();
        (folder, file)
    }

    #[test]
    fn each_line_is_a_row() {
        let (_folder, file) = written("train\nnone\r\ntest\nvalid\ntrain");
        let split = read(&file, Some(&sum(&file).unwrap()), 5).unwrap();
        assert_eq!(
            (split.train, split.valid, split.test),
            (vec![0, 4], vec![3], vec![2])
        );
    }

    #[test]
    fn what_is_no_list_of_these_rows_is_an_error() {
        let message = |text: &str, sum: Option<&str>, rows| {
            let (_folder, file) = written(text);
            read(&file, sum, rows).unwrap_err().to_string()
        };
        assert!(
            message("train\ntrian\n", None, 2)
                .contains(":2: expected `train`, `valid`, `test` or `none`, got \"trian\"")
        );
        assert!(message("train\n", None, 2).contains("has 1 lines for 2 rows"));
        assert!(
            message("train\ntest\nvalid\n", None, 1).contains("has 2 lines or more for 1 rows")
        );
        assert!(message("train\n", Some("00"), 1).contains("has changed"));
        // A long line is cut, not read into memory.
        assert!(message(&"x".repeat(100_000), None, 1).contains("got \"xxx"));
        assert!(
            read(Path::new("nowhere"), None, 1)
                .unwrap_err()
                .to_string()
                .contains("nowhere")
        );
    }
}
