//! What every layout is to the writer of files.

use super::super::draw::Draw;

/// A kind of file: what its rows are drawn from.
pub(super) trait Rows: Sync {
    /// The first line, with its end; empty when there is none.
    fn header(&self) -> &'static str;

    /// Appends row `number` as a line, and gives the probability that its label was drawn with.
    fn row(&self, number: u64, draw: &mut Draw, line: &mut Vec<u8>) -> f64;
}
