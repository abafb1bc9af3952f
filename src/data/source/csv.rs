//! Delimited text: CSV, TSV and their relatives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::cells::{Cells, Texts};
use super::columns::{ColumnRef, told};
use super::reader::{BadRow, Block, Chunk, Reader};
use super::text::{Blocks, TextBlock, lines};
use crate::error::{Error, Result};

/// How delimited text is written; every question answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// One ASCII character.
    pub delimiter: u8,
    /// Whether a field may stand in double quotes, and then hold delimiters and ends of lines.
    pub quoted: bool,
    /// Whether every file begins with the names of its columns.
    pub header: bool,
    /// The names, in the place of the header's or where there is none.
    pub columns: Option<Vec<String>>,
}

/// Reads delimited text.
pub struct CsvReader {
    blocks: Blocks,
    dialect: Dialect,
    /// The first file's names; others may have them in another order.
    header: Vec<String>,
    /// The first block, without the header.
    pending: Option<TextBlock>,
    /// What chunks are to hold, in this order.
    selected: Vec<ColumnRef>,
    /// For the file that is being read.
    plan: Arc<Selection>,
}

/// Where the columns of a file go.
#[derive(Debug, Default)]
struct Selection {
    /// Per column of the file: its place among the selected ones.
    slots: Vec<Option<usize>>,
    /// Selected columns that are the same as an earlier one.
    copies: Vec<(usize, usize)>,
    /// How many columns chunks have, copies included.
    selected: usize,
    delimiter: u8,
    quoted: bool,
}

impl CsvReader {
    /// A reader of blocks that were cut for the dialect.
    ///
    /// # Errors
    /// When the input is empty, its header is no row, or the names do not fit the columns.
    pub fn new(mut blocks: Blocks, dialect: Dialect, name: &Path) -> Result<CsvReader> {
        let Some(mut first) = blocks.next_block()? else {
            let what = match dialect.header {
                true => "is empty, expected a header with the names of the columns",
                false => "is empty, expected rows",
            };
            return Err(Error::file(name, what));
        };
        let found = first_row(&first, &dialect)?;
        let header = header_of(&dialect, &found, &first)?;
        if dialect.header {
            take_first_row(&mut first, &dialect);
        }
        Ok(CsvReader {
            blocks,
            dialect,
            header,
            pending: Some(first),
            selected: Vec::new(),
            plan: Arc::default(),
        })
    }

    /// The next block without its header, and whether its file is a new one.
    fn block(&mut self) -> Result<Option<TextBlock>> {
        if let Some(block) = self.pending.take() {
            return Ok(Some(block));
        }
        let Some(mut block) = self.blocks.next_block()? else {
            return Ok(None);
        };
        if block.first {
            let found = first_row(&block, &self.dialect)?;
            let header = header_of(&self.dialect, &found, &block)?;
            self.plan = Arc::new(self.selection(&header, &block)?);
            if self.dialect.header {
                take_first_row(&mut block, &self.dialect);
            }
        }
        Ok(Some(block))
    }

    /// Finds the selected columns in the header of one file, which may have them in another order.
    fn selection(&self, header: &[String], block: &TextBlock) -> Result<Selection> {
        if header.len() != self.header.len() {
            let what = format!(
                "has {} columns, but the files before have {}",
                header.len(),
                self.header.len()
            );
            return Err(Error::file(&block.file, what));
        }
        let same = header == self.header;
        let places = self.selected.iter().map(|column| match column {
            ColumnRef::Name(name) if !same => ColumnRef::Name(name.clone()).place(header),
            // A number means the same column as in the first file.
            ColumnRef::Number(number) if !same => {
                let name = self.header.get((*number as usize).saturating_sub(1));
                ColumnRef::Name(name.cloned().unwrap_or_default()).place(header)
            }
            column => column.place(&self.header),
        });
        let places: Result<Vec<usize>> = places.collect();
        let places = places.map_err(|error| Error::file(&block.file, error.to_string()))?;
        Ok(Selection::new(&places, header.len(), &self.dialect))
    }
}

impl Selection {
    fn new(places: &[usize], width: usize, dialect: &Dialect) -> Selection {
        let mut selection = Selection {
            slots: vec![None; width],
            copies: Vec::new(),
            selected: places.len(),
            delimiter: dialect.delimiter,
            quoted: dialect.quoted,
        };
        for (slot, &place) in places.iter().enumerate() {
            match selection.slots[place] {
                None => selection.slots[place] = Some(slot),
                Some(first) => selection.copies.push((first, slot)),
            }
        }
        selection
    }
}

impl Reader for CsvReader {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn select(&mut self, columns: &[ColumnRef]) -> Result<()> {
        let places: Vec<usize> = columns
            .iter()
            .map(|c| c.place(&self.header))
            .collect::<Result<_>>()?;
        self.plan = Arc::new(Selection::new(&places, self.header.len(), &self.dialect));
        self.selected = columns.to_vec();
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>> {
        let block = self.block()?;
        Ok(block.map(|text| {
            let selection = Arc::clone(&self.plan);
            Box::new(CsvBlock { text, selection }) as Box<dyn Block>
        }))
    }
}

/// The first row of a file.
fn first_row(block: &TextBlock, dialect: &Dialect) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    each_row(
        &block.bytes,
        dialect.delimiter,
        dialect.quoted,
        |_, cells| {
            rows = cells
                .iter()
                .map(|cell| String::from_utf8(cell.to_vec()))
                .collect();
            false
        },
    );
    let names: Result<Vec<String>, _> = rows.into_iter().collect();
    names.map_err(|_| {
        let what =
            "is no UTF-8 text: if it is ISO-8859-1, say encoding = \"iso-8859-1\" in [input]";
        Error::line(&block.file, block.line, what)
    })
}

fn header_of(dialect: &Dialect, found: &[String], block: &TextBlock) -> Result<Vec<String>> {
    if let Some(names) = &dialect.columns {
        if names.len() != found.len() {
            let what = format!(
                "there are {} values, but `columns` in [input] names {}",
                found.len(),
                names.len()
            );
            return Err(Error::line(&block.file, block.line, what));
        }
        return Ok(names.clone());
    }
    Ok(match dialect.header {
        true => found.iter().map(|name| name.trim().to_owned()).collect(),
        false => (1..=found.len())
            .map(|number| format!("c{number}"))
            .collect(),
    })
}

fn take_first_row(block: &mut TextBlock, dialect: &Dialect) {
    let mut end = block.bytes.len();
    let mut rows = 0;
    each_row(&block.bytes, dialect.delimiter, dialect.quoted, |at, _| {
        rows += 1;
        if rows == 2 {
            end = at;
        }
        rows < 2
    });
    let taken: Vec<u8> = block.bytes.drain(..end).collect();
    block.line += lines(&taken);
}

/// Rows that are ready to be parsed.
struct CsvBlock {
    text: TextBlock,
    /// Of the file that the block is from.
    selection: Arc<Selection>,
}

impl Block for CsvBlock {
    fn parse(self: Box<Self>) -> Result<Chunk> {
        let CsvBlock { text, selection } = *self;
        let bytes = &text.bytes[..];
        let valid = std::str::from_utf8(bytes).is_ok();
        let mut rows = Rows::new(&selection);
        let (mut line, mut counted) = (text.line, 0);
        each_row(bytes, selection.delimiter, selection.quoted, |at, cells| {
            line += lines(&bytes[counted..at]);
            counted = at;
            rows.add(line, cells, valid);
            true
        });
        let Rows {
            mut columns,
            lines,
            bad,
            ..
        } = rows;
        for &(from, to) in &selection.copies {
            columns[to] = columns[from].clone();
        }
        Ok(Chunk {
            file: text.file,
            lines,
            columns: columns.into_iter().map(Cells::Text).collect(),
            bad,
        })
    }
}

struct Rows<'a> {
    selection: &'a Selection,
    /// One a selected column, growing row by row.
    columns: Vec<Texts>,
    /// The line that each row begins at, counted from 1.
    lines: Vec<u64>,
    /// Rows that are in no column.
    bad: Vec<BadRow>,
}

impl<'a> Rows<'a> {
    fn new(selection: &'a Selection) -> Rows<'a> {
        Rows {
            selection,
            columns: vec![Texts::default(); selection.selected],
            lines: Vec::new(),
            bad: Vec::new(),
        }
    }

    fn add(&mut self, line: u64, cells: &[&[u8]], valid: bool) {
        let slots = &self.selection.slots;
        if cells.len() != slots.len() {
            let what = format!("there are {} values, expected {}", cells.len(), slots.len());
            return self.bad.push(BadRow { line, what });
        }
        if !valid && let Some(place) = cells.iter().position(|c| std::str::from_utf8(c).is_err()) {
            let what = format!(
                "value {} is no UTF-8 text: if the file is ISO-8859-1, say encoding = \"iso-8859-1\" in [input]",
                place + 1
            );
            return self.bad.push(BadRow { line, what });
        }
        for (cell, slot) in cells.iter().zip(slots) {
            if let Some(slot) = slot {
                // The row was checked: this never falls back.
                self.columns[*slot].push(std::str::from_utf8(cell).unwrap_or_default());
            }
        }
        self.lines.push(line);
    }
}

/// Hands every row, with the byte it begins at, to `each` until that says no more. Empty lines are no rows.
fn each_row(bytes: &[u8], delimiter: u8, quoted: bool, each: impl FnMut(usize, &[&[u8]]) -> bool) {
    match quoted && memchr::memchr(b'"', bytes).is_some() {
        true => each_quoted(bytes, delimiter, each),
        false => each_plain(bytes, delimiter, each),
    }
}

/// Rows without any quote: a search for the next delimiter or line end is all there is to do.
fn each_plain<'b>(
    bytes: &'b [u8],
    delimiter: u8,
    mut each: impl FnMut(usize, &[&'b [u8]]) -> bool,
) {
    let mut cells: Vec<&[u8]> = Vec::new();
    let (mut row, mut cell) = (0, 0);
    let ends = memchr::memchr3_iter(delimiter, b'\n', b'\r', bytes).chain([bytes.len()]);
    for end in ends {
        if bytes.get(end) == Some(&delimiter) {
            cells.push(trimmed(&bytes[cell..end], delimiter));
            cell = end + 1;
            continue;
        }
        // An empty line: also the second half of `\r\n`, and the end behind the last line end.
        if row < end {
            cells.push(trimmed(&bytes[cell..end], delimiter));
            if !each(row, &cells) {
                return;
            }
            cells.clear();
        }
        (row, cell) = (end + 1, end + 1);
    }
}

/// Rows with quotes, as `csv` reads them.
fn each_quoted(bytes: &[u8], delimiter: u8, mut each: impl FnMut(usize, &[&[u8]]) -> bool) {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    // A row is never longer than what it is read from, nor has it more fields than bytes.
    let mut output = vec![0; bytes.len() + 1];
    let mut ends = vec![0; 64];
    let (mut at, mut row, mut written, mut ended) = (0, 0, 0, 0);
    loop {
        if written == 0 && ended == 0 {
            row = at
                + bytes[at..]
                    .iter()
                    .take_while(|b| matches!(b, b'\n' | b'\r'))
                    .count();
        }
        let (result, read, wrote, ending) =
            reader.read_record(&bytes[at..], &mut output[written..], &mut ends[ended..]);
        at += read;
        written += wrote;
        ended += ending;
        match result {
            ReadRecordResult::OutputEndsFull => ends.resize(2 * ends.len(), 0),
            ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull => {}
            ReadRecordResult::End => return,
            ReadRecordResult::Record => {
                let mut start = 0;
                let cells = ends[..ended].iter().map(|&end| {
                    let cell = trimmed(&output[start..end], delimiter);
                    start = end;
                    cell
                });
                if !each(row, &cells.collect::<Vec<_>>()) {
                    return;
                }
                (written, ended) = (0, 0);
            }
        }
    }
}

/// A cell without blanks around it; a tab is no blank where it delimits.
fn trimmed(mut cell: &[u8], delimiter: u8) -> &[u8] {
    let blank = |byte: &u8| *byte == b' ' || (*byte == b'\t' && delimiter != b'\t');
    while let [first, rest @ ..] = cell
        && blank(first)
    {
        cell = rest;
    }
    while let [rest @ .., last] = cell
        && blank(last)
    {
        cell = rest;
    }
    cell
}

/// The error of a delimiter that the first line does not have, when it is one that text can be cut with at all.
///
/// # Errors
/// When it is no ASCII character, or a quote or a line end.
pub fn delimiter(character: char) -> Result<u8> {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => {
            let what = format!(
                "{character:?} cannot delimit values: expected one ASCII character, not a quote or line end"
            );
            Err(Error::config("input.delimiter", what))
        }
    }
}

/// Says that a whole row is one value, as it is where the delimiter is another than the one that was named.
pub fn one_column(
    name: &[PathBuf],
    header: &[String],
    delimiter: char,
    likely: Option<char>,
) -> Option<Error> {
    let likely = likely
        .filter(|&other| other != delimiter && header.len() == 1 && header[0].contains(other))?;
    let what = format!(
        "has no {delimiter:?} in its first line, but {likely:?}: say delimiter = {likely:?} in [input]; there {}",
        told("", header)
    );
    Some(Error::file(name.first()?, what))
}

#[cfg(test)]
mod tests;
