//! Parquet files: a block is a row group, and only the selected columns of it are read.
//!
//! Reading order: here (files and row groups), `shape` (what a file's columns are), `values` (from pages to texts).
//!
//! A damaged file is an error, never a panic: sizes and places that a file names are looked at before they are used. The
//! library that reads the format still asserts some things; what it asserts is caught (see `guarded`).

mod shape;
mod values;

use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::serialized_reader::SerializedPageReader;

use self::shape::{Column, columns_of};
use self::values::{Pages, Read, read, said};
use super::cells::{Cells, Texts};
use super::columns::ColumnRef;
use super::reader::{BadRow, Block, Chunk, Reader};
use crate::error::{Error, Result};

/// Reads Parquet files that have the same columns.
pub struct ParquetReader {
    files: Vec<PathBuf>,
    /// The first file's columns: the other files' are the same.
    columns: Vec<Column>,
    /// The names of `columns`.
    header: Vec<String>,
    /// Places in `columns`.
    selected: Vec<usize>,
    /// The number of files that were opened.
    opened: usize,
    /// The file that row groups come from now.
    part: Part,
}

/// A file that is being read.
struct Part {
    file: Arc<Path>,
    metadata: Arc<ParquetMetaData>,
    /// All of this file's, to be held against the first file's.
    columns: Vec<Column>,
    /// The selected columns of this file, which may have them in another order.
    selected: Arc<[Column]>,
    /// The row group that comes next, and its first row, counted from 1.
    group: usize,
    /// Rows of the groups before, and one.
    row: u64,
}

impl ParquetReader {
    /// A reader of some files as one input.
    ///
    /// # Errors
    /// When there is no file, or the first is no Parquet file.
    pub fn new(files: &[PathBuf]) -> Result<ParquetReader> {
        let Some(first) = files.first() else {
            return Err(Error::Data("there is no file to read".into()));
        };
        let part = Part::open(first)?;
        Ok(ParquetReader {
            files: files.to_vec(),
            header: part.columns.iter().map(|c| c.name.clone()).collect(),
            columns: part.columns.clone(),
            selected: Vec::new(),
            opened: 1,
            part,
        })
    }

    /// Opens the next file, of which the columns must be the first one's.
    fn next_part(&mut self, file: &Path) -> Result<()> {
        let mut part = Part::open(file)?;
        let disagree = |what: String| Error::file(file, format!("parts disagree: {what}"));
        let header: Vec<&str> = part.columns.iter().map(|c| &*c.name).collect();
        let place = |(at, column): (usize, &Column)| match header.get(at) {
            Some(name) if *name == column.name => Ok(at),
            _ => ColumnRef::Name(column.name.clone()).place(&header),
        };
        let places: Result<Vec<usize>> = self.columns.iter().enumerate().map(place).collect();
        let places = places.map_err(|error| disagree(error.to_string()))?;
        for (column, &place) in self.columns.iter().zip(&places) {
            let other = &part.columns[place];
            if other.told != column.told {
                let what = format!(
                    "column `{}` is {}, but in {} it is {}",
                    column.name,
                    other.told,
                    self.files[0].display(),
                    column.told
                );
                return Err(disagree(what));
            }
        }
        if let Some(more) = (0..header.len()).find(|at| !places.contains(at)) {
            let what = format!(
                "column `{}` is not in {}",
                header[more],
                self.files[0].display()
            );
            return Err(disagree(what));
        }
        let selected = self
            .selected
            .iter()
            .map(|&at| part.columns[places[at]].clone());
        part.selected = selected.collect();
        self.part = part;
        Ok(())
    }
}

impl Part {
    fn open(path: &Path) -> Result<Part> {
        let file = File::open(path).map_err(Error::io(path, "open"))?;
        let parsed = guarded(|| {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&file);
            let metadata = metadata.map_err(said)?;
            let columns = columns_of(metadata.file_metadata().schema_descr());
            Ok((metadata, columns))
        });
        let (metadata, columns) = parsed
            .map_err(|what| Error::file(path, format!("is no readable Parquet file: {what}")))?;
        Ok(Part {
            file: path.into(),
            metadata: Arc::new(metadata),
            columns,
            selected: Arc::default(),
            group: 0,
            row: 1,
        })
    }
}

impl Reader for ParquetReader {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn select(&mut self, columns: &[ColumnRef]) -> Result<()> {
        let places = columns.iter().map(|column| column.place(&self.header));
        self.selected = places.collect::<Result<_>>()?;
        let selected = self.selected.iter().map(|&place| &self.columns[place]);
        for column in selected.clone() {
            if let Err(what) = &column.kind {
                let what = format!(
                    "column `{}` is {what}: leave it out, or write it as columns of its own",
                    column.name
                );
                return Err(Error::file(&self.part.file, what));
            }
        }
        self.part.selected = selected.cloned().collect();
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>> {
        loop {
            let part = &mut self.part;
            let group = part.group;
            if let Some(found) = part.metadata.row_groups().get(group) {
                let rows = u64::try_from(found.num_rows()).map_err(|_| {
                    Error::file(
                        &part.file,
                        format!(
                            "row group {} is damaged: it has {} rows",
                            group + 1,
                            found.num_rows()
                        ),
                    )
                })?;
                let first = part.row;
                part.group += 1;
                part.row = part.row.saturating_add(rows);
                return Ok(Some(Box::new(RowGroup {
                    file: Arc::clone(&part.file),
                    metadata: Arc::clone(&part.metadata),
                    selected: Arc::clone(&part.selected),
                    group,
                    first,
                })));
            }
            let Some(file) = self.files.get(self.opened).cloned() else {
                return Ok(None);
            };
            self.opened += 1;
            self.next_part(&file)?;
        }
    }
}

/// Rows that are ready to be read.
struct RowGroup {
    file: Arc<Path>,
    metadata: Arc<ParquetMetaData>,
    selected: Arc<[Column]>,
    /// Its number in the file, from 0.
    group: usize,
    /// Counted from 1.
    first: u64,
}

impl Block for RowGroup {
    fn parse(self: Box<Self>) -> Result<Chunk> {
        // A file of its own: positions in a file are shared by its clones, and blocks are parsed at the same time.
        let file = Arc::new(File::open(&self.file).map_err(Error::io(&self.file, "open"))?);
        let size = file
            .metadata()
            .map_err(Error::io(&self.file, "read"))?
            .len();
        let group = self.metadata.row_group(self.group);
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let mut reads: Vec<Read> = Vec::with_capacity(self.selected.len());
        for (at, column) in self.selected.iter().enumerate() {
            let again = self.selected[..at]
                .iter()
                .position(|c| c.leaf == column.leaf);
            if let Some(same) = again {
                let same = reads[same].clone();
                reads.push(same);
                continue;
            }
            let done = guarded(|| {
                let pages = pages(&file, size, group, column, rows)?;
                read(
                    pages,
                    group.column(column.leaf).column_descr_ptr(),
                    column,
                    rows,
                )
            });
            reads.push(done.map_err(|what| {
                let what = format!(
                    "column `{}` of row group {} cannot be read: {what}",
                    column.name,
                    self.group + 1
                );
                Error::file(&self.file, what)
            })?);
        }
        let last = self.first.saturating_add(rows as u64);
        Ok(chunk(self.file, self.first..last, reads))
    }
}

/// The pages of a column; the place that the file names is looked at before.
fn pages(
    file: &Arc<File>,
    size: u64,
    group: &RowGroupMetaData,
    column: &Column,
    rows: usize,
) -> Result<Pages, String> {
    let found = group
        .columns()
        .get(column.leaf)
        .ok_or("the row group has fewer columns than the file")?;
    if !lies_within(found, size) {
        return Err("its place is not within the file".into());
    }
    let pages = SerializedPageReader::new(Arc::clone(file), found, rows, None).map_err(said)?;
    Ok(Pages::new(pages, found.num_values()))
}

fn lies_within(column: &ColumnChunkMetaData, size: u64) -> bool {
    let start = column.dictionary_page_offset();
    let start = u64::try_from(start.unwrap_or(column.data_page_offset()));
    let length = u64::try_from(column.compressed_size());
    match (start, length) {
        (Ok(start), Ok(length)) => start.checked_add(length).is_some_and(|end| end <= size),
        _ => false,
    }
}

/// Rows that are bad in some column are in none.
fn chunk(file: Arc<Path>, lines: std::ops::Range<u64>, reads: Vec<Read>) -> Chunk {
    let mut lines: Vec<u64> = lines.collect();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    let mut columns: Vec<Texts> = Vec::with_capacity(reads.len());
    for read in reads {
        wrong.extend(read.bad);
        columns.push(read.texts);
    }
    let mut bad: Vec<BadRow> = Vec::new();
    if !wrong.is_empty() {
        // The first column's message; the sort keeps the columns' order.
        wrong.sort_by_key(|(row, _)| *row);
        wrong.dedup_by_key(|(row, _)| *row);
        let mut good = vec![true; lines.len()];
        for (row, what) in wrong {
            good[row] = false;
            let line = lines[row];
            bad.push(BadRow { line, what });
        }
        for column in &mut columns {
            let kept = column.iter().zip(&good).filter(|(_, good)| **good);
            *column = kept.map(|(text, _)| text).collect();
        }
        let mut good = good.iter();
        lines.retain(|_| good.next().copied().unwrap_or(true));
    }
    Chunk {
        file,
        lines,
        columns: columns.into_iter().map(Cells::Text).collect(),
        bad,
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is caught and becomes an error: for panic hooks, which are told of it all the same.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Does some work of the Parquet library, which asserts some things about what a file holds: a damaged file is no defect of
/// this program. What can be looked at before is, so that hardly anything comes here.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    GUARDED.set(true);
    // Nothing that the work could leave half done is used after it.
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    done.unwrap_or_else(|_| Err("it is damaged".into()))
}

#[cfg(test)]
mod tests;
