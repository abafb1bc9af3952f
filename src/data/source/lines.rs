//! Formats with one row a line and no header: the part that they share.

use std::sync::Arc;

use super::cells::{Cells, Texts};
use super::columns::ColumnRef;
use super::reader::{BadRow, Block, Chunk, Reader};
use super::text::{Blocks, TextBlock};
use crate::error::{Error, Result};

/// What a format makes of one line.
pub(super) trait Line: Send + Sync + 'static {
    /// The name of the format, for messages.
    const FORMAT: &'static str;

    /// The parser for the columns of these names.
    ///
    /// # Errors
    /// When the format has no column of such a name.
    fn new(columns: &[String]) -> Result<Self>
    where
        Self: Sized;

    /// Puts the text of each column into `cells`, which come empty; what is not put stays missing.
    ///
    /// # Errors
    /// Says what is wrong with the line.
    fn parse(&self, line: &str, cells: &mut [String]) -> Result<(), String>;
}

/// Reads files of such a format.
pub(super) struct LineReader<L> {
    blocks: Blocks,
    /// How many are selected.
    columns: usize,
    /// What parses a line; none before the columns are selected.
    line: Option<Arc<L>>,
}

impl<L: Line> LineReader<L> {
    /// A reader of blocks that were cut at lines.
    pub fn new(blocks: Blocks) -> LineReader<L> {
        LineReader {
            blocks,
            columns: 0,
            line: None,
        }
    }
}

impl<L: Line> Reader for LineReader<L> {
    fn header(&self) -> Option<&[String]> {
        None
    }

    fn select(&mut self, columns: &[ColumnRef]) -> Result<()> {
        let name = |column: &ColumnRef| match column {
            ColumnRef::Name(name) => Ok(name.clone()),
            ColumnRef::Number(number) => Err(Error::Data(format!(
                "column {number} is asked for by its number, but columns of {} have names only",
                L::FORMAT
            ))),
        };
        let names: Vec<String> = columns.iter().map(name).collect::<Result<_>>()?;
        self.columns = names.len();
        self.line = Some(Arc::new(L::new(&names)?));
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>> {
        let (Some(line), Some(text)) = (self.line.clone(), self.blocks.next_block()?) else {
            return Ok(None);
        };
        let columns = self.columns;
        Ok(Some(Box::new(LineBlock {
            text,
            line,
            columns,
        })))
    }
}

struct LineBlock<L> {
    text: TextBlock,
    line: Arc<L>,
    columns: usize,
}

impl<L: Line> Block for LineBlock<L> {
    fn parse(self: Box<Self>) -> Result<Chunk> {
        let mut columns = vec![Texts::default(); self.columns];
        let (mut lines, mut bad) = (Vec::new(), Vec::new());
        let mut cells = vec![String::new(); self.columns];
        for (line, bytes) in each_line(&self.text) {
            cells.iter_mut().for_each(String::clear);
            let text = std::str::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned());
            match text.and_then(|text| self.line.parse(text, &mut cells)) {
                Err(what) => bad.push(BadRow { line, what }),
                Ok(()) => {
                    lines.push(line);
                    columns
                        .iter_mut()
                        .zip(&cells)
                        .for_each(|(column, cell)| column.push(cell));
                }
            }
        }
        Ok(Chunk {
            file: self.text.file,
            lines,
            columns: columns.into_iter().map(Cells::Text).collect(),
            bad,
        })
    }
}

/// The lines of a block that are not blank, with their numbers.
pub(super) fn each_line(block: &TextBlock) -> impl Iterator<Item = (u64, &[u8])> {
    let (mut rest, mut number) = (&block.bytes[..], block.line);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let wide = rest[end..].starts_with(b"\r\n");
        rest = rest.get(end + 1 + usize::from(wide)..).unwrap_or_default();
        number += 1;
        Some((number - 1, line))
    })
    .filter(|(_, line)| !line.trim_ascii().is_empty())
}
