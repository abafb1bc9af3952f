//! What a file is, from its first bytes.

use std::io::Read;
use std::path::Path;

use super::bytes;
use super::layout::{Encoding, Format, Layout};
use crate::error::{Error, Result};

/// Unpacked bytes that are looked at.
const START: u64 = 1 << 20;
/// How a Parquet file begins.
pub(super) const PARQUET: &[u8] = b"PAR1";
/// Rows that are looked at.
const ROWS: usize = 200;
/// What delimits values, the usual first: of equally good ones the first is taken.
const DELIMITERS: [char; 7] = [',', '\t', ';', '|', '^', '\u{1}', ':'];

/// Looks at a file; every part of the layout is there, but for `columns`.
///
/// # Errors
/// When the file cannot be read.
pub fn sniff(file: &Path) -> Result<Layout> {
    let mut start = Vec::new();
    let read = bytes::open(file)?.take(START).read_to_end(&mut start);
    read.map_err(|error| bytes::failed(file, error))?;
    if start.is_empty() {
        return Err(Error::file(file, "is empty, expected rows"));
    }
    Ok(of_bytes(&start))
}

/// As [`sniff`], of the first bytes of an input.
pub fn of_bytes(start: &[u8]) -> Layout {
    let format = |format| Layout {
        format: Some(format),
        ..Layout::default()
    };
    if start.starts_with(PARQUET) {
        return format(Format::Parquet);
    }
    let encoding = encoding_of(start);
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}');
    let mut lines: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| !line.is_empty())
        .collect();
    if start.len() as u64 == START {
        // The last line may be cut.
        lines.pop();
    }
    lines.truncate(ROWS);
    if lines
        .first()
        .is_some_and(|line| line.trim_start().starts_with('{'))
    {
        return format(Format::Jsonl);
    }
    if !lines.is_empty() && lines.iter().all(|line| is_sparse(line, 2)) {
        return format(Format::Libffm);
    }
    if !lines.is_empty() && lines.iter().all(|line| is_sparse(line, 1)) {
        return format(Format::Libsvm);
    }
    let delimiter = delimiter_of(&lines);
    Layout {
        format: Some(Format::Csv),
        delimiter: Some(delimiter),
        quoted: Some(text.contains('"')),
        header: Some(has_header(&lines, delimiter)),
        columns: None,
        encoding: Some(encoding),
    }
}

/// UTF-8, but for a character that the last byte cuts; else ISO-8859-1, in which every byte is a character.
fn encoding_of(start: &[u8]) -> Encoding {
    match std::str::from_utf8(start) {
        Err(error) if error.error_len().is_some() => Encoding::Latin1,
        _ => Encoding::Utf8,
    }
}

/// `label a:b ...` with `colons` colons in every token.
fn is_sparse(line: &str, colons: usize) -> bool {
    let mut tokens = line.split_whitespace();
    let label = tokens
        .next()
        .is_some_and(|label| label.parse::<f64>().is_ok());
    let mut some = false;
    label
        && tokens.all(|token| {
            some = true;
            token.matches(':').count() == colons
                && token
                    .split(':')
                    .next()
                    .is_some_and(|n| n.parse::<u64>().is_ok())
        })
        && some
}

/// The delimiter that most lines have equally often; of these the one that lines have most of.
fn delimiter_of(lines: &[&str]) -> char {
    let score = |delimiter: char| {
        let counts: Vec<usize> = lines
            .iter()
            .map(|line| outside_quotes(line, delimiter))
            .collect();
        let first = counts.first().copied().unwrap_or(0);
        let same = counts.iter().filter(|&&count| count == first).count();
        match first > 0 && 10 * same >= 9 * counts.len() {
            true => first,
            false => 0,
        }
    };
    let mut best = (0, ',');
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

fn outside_quotes(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    let delimits = |c: char| {
        quoted ^= c == '"';
        !quoted && c == delimiter
    };
    line.chars()
        .map(delimits)
        .filter(|&delimits| delimits)
        .count()
}

/// The first row is a header when its values are distinct, none is empty or a number, and some column below holds numbers, or
/// none of its values occurs below in its own column.
fn has_header(lines: &[&str], delimiter: char) -> bool {
    let cells = |line: &&str| -> Vec<String> {
        line.split(delimiter)
            .map(|cell| cell.trim().trim_matches('"').to_owned())
            .collect()
    };
    let Some(first) = lines.first().map(cells) else {
        return true;
    };
    let number = |cell: &String| cell.parse::<f64>().is_ok();
    let distinct = (1..first.len()).all(|i| !first[..i].contains(&first[i]));
    if !distinct || first.iter().any(|cell| cell.is_empty() || number(cell)) {
        // A file of names twice has a header all the same: its readers say which name is there twice.
        return !first.iter().any(|cell| cell.is_empty() || number(cell)) && first.len() > 1;
    }
    let below: Vec<Vec<String>> = lines[1..].iter().map(cells).collect();
    let again = |place: usize| {
        below
            .iter()
            .any(|row| row.get(place) == Some(&first[place]))
    };
    below.is_empty()
        || below.iter().any(|row| row.iter().any(number))
        || !(0..first.len()).any(again)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Option<Format>, Option<char>, Option<bool>) {
        let layout = of_bytes(text.as_bytes());
        (layout.format, layout.delimiter, layout.header)
    }

    #[test]
    fn formats_are_told_apart() {
        let csv = |delimiter, header| (Some(Format::Csv), Some(delimiter), Some(header));
        assert_eq!(found("a,b\n1,2\n"), csv(',', true));
        assert_eq!(found("a;b;c\n\"x,y,z,w\";2;3\n"), csv(';', true));
        assert_eq!(found("1\tx\t0.5\n0\ty\t1\n"), csv('\t', false));
        assert_eq!(found("user|item\nu1|i1\nu2|i2\n"), csv('|', true));
        assert_eq!(found("u1,i1\nu1,i2\n"), csv(',', false));
        assert_eq!(found("name\nx\n"), csv(',', true));
        assert_eq!(found("{\"a\": 1}\n").0, Some(Format::Jsonl));
        assert_eq!(
            found("1 0:5:1 1:7:0.5\n0 0:6:1 1:7:1\n").0,
            Some(Format::Libffm)
        );
        assert_eq!(found("+1 3:1 10:0.5\n-1 4:1\n").0, Some(Format::Libsvm));
        assert_eq!(found("PAR1...").0, Some(Format::Parquet));
        assert_eq!(of_bytes(b"caf\xe9;1\n").encoding, Some(Encoding::Latin1));
        assert_eq!(
            of_bytes("café;1\n".as_bytes()).encoding,
            Some(Encoding::Utf8)
        );
    }
}
