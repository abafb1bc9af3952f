//! The one door through which raw rows come: named columns, a part of the input at a time.
//!
//! Reading is cut in two. [`Reader::next_block`] hands out pieces of the input in their order and does nothing that could be
//! done elsewhere; [`Block::parse`] makes a [`Chunk`] of one piece, on any thread. So parsing runs in parallel, and chunks
//! that are collected in the order of their blocks are the same for any number of threads.

use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::columns::ColumnRef;
use crate::error::Result;

/// What makes chunks of an input, whatever its format.
pub trait Reader: Send {
    /// The input's columns in their order; `None` when only reading all of it would tell (JSON lines).
    fn header(&self) -> Option<&[String]>;

    /// Chooses the columns that chunks hold, in this order. Called once, before the first block.
    ///
    /// # Errors
    /// When a column is not there, or its name is there twice; the message names what is there.
    fn select(&mut self, columns: &[ColumnRef]) -> Result<()>;

    /// The next piece of the input; `None` at its end.
    ///
    /// # Errors
    /// When the input cannot be read, or is damaged in a way that no single row is to blame for.
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>>;

    /// What a user should know of the input; asked for at its end.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A piece of the input: whole rows, not parsed yet.
pub trait Block: Send {
    /// Parses the piece.
    ///
    /// # Errors
    /// When the piece as a whole cannot be understood. A single bad row is no error here: see [`Chunk::bad`].
    fn parse(self: Box<Self>) -> Result<Chunk>;
}

/// Some consecutive rows of one file, column by column.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The file the rows are from, for messages.
    pub file: Arc<Path>,
    /// The line in the file (the row, where a format has no lines) of each row, counted from 1.
    pub lines: Vec<u64>,
    /// One entry a selected column, each with one cell a row.
    pub columns: Vec<Cells>,
    /// The rows of the piece that are not what the format says; they are in no column.
    pub bad: Vec<BadRow>,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong with it, for [`crate::Error::line`]; names the column where one is to blame.
    pub what: String,
}

impl Chunk {
    /// The number of good rows.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }
}
