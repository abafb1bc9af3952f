//! A table in memory, read as one chunk.

use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::columns::ColumnRef;
use super::reader::{Block, Chunk, Reader};
use crate::data::table::{Table, Values};
use crate::error::Result;

/// Reads a [`Table`]; its rows have no file and are numbered from 1.
pub struct TableReader {
    header: Vec<String>,
    /// Taken by the one block that there is.
    table: Option<Table>,
    /// Places in the table, in the order that was asked for.
    selected: Vec<usize>,
    /// No path: messages then tell rows by number.
    file: Arc<Path>,
    notes: Vec<String>,
}

impl TableReader {
    /// A reader of a table that came from no file.
    pub fn new(table: Table) -> TableReader {
        TableReader::of_file(table, Path::new(""))
    }

    /// A reader of a table whose rows are the lines of a file.
    pub fn of_file(table: Table, file: &Path) -> TableReader {
        TableReader {
            notes: table.notes().to_vec(),
            header: table.columns().iter().map(|c| c.name.clone()).collect(),
            table: Some(table),
            selected: Vec::new(),
            file: file.into(),
        }
    }
}

impl Reader for TableReader {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn select(&mut self, columns: &[ColumnRef]) -> Result<()> {
        let places = columns.iter().map(|column| column.place(&self.header));
        self.selected = places.collect::<Result<_>>()?;
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>> {
        let Some(table) = self.table.take().filter(|table| table.rows() > 0) else {
            return Ok(None);
        };
        let rows = table.rows();
        let mut values: Vec<Option<Values>> = table.into_values().map(Some).collect();
        let mut columns: Vec<Cells> = Vec::with_capacity(self.selected.len());
        for (at, &place) in self.selected.iter().enumerate() {
            let before = self.selected[..at].iter().position(|&p| p == place);
            let cells = match before {
                Some(before) => columns[before].clone(),
                None => values[place]
                    .take()
                    .map_or(Cells::Number(Vec::new()), cells),
            };
            columns.push(cells);
        }
        let chunk = Chunk {
            file: Arc::clone(&self.file),
            lines: (1..=rows as u64).collect(),
            columns,
            bad: Vec::new(),
        };
        Ok(Some(Box::new(Whole(chunk))))
    }
}

/// The cells of a column.
pub fn cells(values: Values) -> Cells {
    match values {
        Values::Text { dictionary, codes } => Cells::Dictionary {
            texts: dictionary.into(),
            codes,
        },
        Values::Number(numbers) => Cells::Number(numbers),
    }
}

/// A chunk that needs no parsing.
struct Whole(Chunk);

impl Block for Whole {
    fn parse(self: Box<Self>) -> Result<Chunk> {
        Ok(self.0)
    }
}
