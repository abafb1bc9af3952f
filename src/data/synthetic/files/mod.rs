//! Files of any length in well-known layouts, drawn from known models: something to try readers, training and speed on.
//!
//! | [`Layout`] | is |
//! |---|---|
//! | `criteo` | Criteo's display advertising challenge: label, 13 integers, 26 hashed categories; tabs, no header |
//! | `avazu` | Avazu's click log: `id,click,hour,C1,...,C21`, with header |
//! | `clicks` | a small shop's log with speaking names: users, items, a price, several tags a row, a time, with header |
//!
//! Rows are drawn in blocks of [`BLOCK`], each from its own stream of ChaCha8, keyed by the seed and the block's number. So blocks are made
//! on all threads and written in order: the same seed and number of rows give the same bytes with any number of threads,
//! and, as no function of the platform is used (`maths`), on any machine. Memory holds a few blocks, whatever
//! the number of rows.
//!
//! The seed draws rows, not the population: what a value is worth to the label is fixed, so files of two seeds are two
//! samples of one world, and a model trained on the one can be measured on the other.

mod avazu;
mod clicks;
mod criteo;
mod maths;
mod rows;
mod zipf;

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use self::rows::Rows;
use super::draw::Draw;
use crate::error::{Error, Result};
use crate::files::write_whole;

/// Rows that are drawn from one stream.
pub const BLOCK: u64 = 4_096;
/// Blocks that one thread makes while the ones before are written.
const AHEAD: usize = 2;

/// How a generated file looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// 40 columns of tabs, no header.
    Criteo,
    /// 24 columns of commas, with header.
    Avazu,
    /// 8 columns of commas, with header.
    Clicks,
}

impl Layout {
    /// Every layout, by its name.
    pub const ALL: [(&'static str, Layout); 3] = [
        ("criteo", Layout::Criteo),
        ("avazu", Layout::Avazu),
        ("clicks", Layout::Clicks),
    ];
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Layout::ALL.iter().find(|(_, layout)| layout == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Layout> {
        let named = Layout::ALL.iter().find(|(name, _)| *name == text);
        named.map(|&(_, layout)| layout).ok_or_else(|| {
            let names = Layout::ALL.map(|(name, _)| name).join(", ");
            Error::config("layout", format!("`{text}` is none of {names}"))
        })
    }
}

/// The rows of a layout; `rows` is how many there will be.
fn rows_of(layout: Layout, rows: u64) -> Box<dyn Rows> {
    match layout {
        Layout::Criteo => Box::new(criteo::Criteo::new()),
        Layout::Avazu => Box::new(avazu::Avazu::new(rows)),
        Layout::Clicks => Box::new(clicks::Clicks::new(rows)),
    }
}

/// Writes a file of `rows` rows; gives the number of bytes.
///
/// # Errors
/// When `out` fails.
pub fn write(layout: Layout, rows: u64, seed: u64, out: &mut dyn Write) -> io::Result<u64> {
    let kind = rows_of(layout, rows);
    let header = kind.header().as_bytes();
    out.write_all(header)?;
    let mut bytes = header.len() as u64;
    let count = rayon::current_num_threads() * AHEAD;
    let (mut ready, mut making) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    let blocks = rows.div_ceil(BLOCK);
    let mut next = 0;
    // One wave is made while the wave before is written; the first time there is none, the last time nothing to make.
    loop {
        let wave = next..blocks.min(next + count as u64);
        next = wave.end;
        let last = wave.is_empty();
        let written = rayon::in_place_scope(|scope| {
            scope.spawn(|_| fill(&*kind, rows, seed, wave, &mut making));
            ready.iter().try_fold(0, |sum, block| {
                out.write_all(block).map(|()| sum + block.len() as u64)
            })
        })?;
        bytes += written;
        if last {
            return Ok(bytes);
        }
        std::mem::swap(&mut ready, &mut making);
    }
}

/// Writes a file of `rows` rows to `path`, whole or not at all; gives the number of bytes.
///
/// # Errors
/// When the file cannot be written.
pub fn write_file(layout: Layout, rows: u64, seed: u64, path: &Path) -> Result<u64> {
    let mut bytes = 0;
    write_whole(path, |file| {
        bytes = write(layout, rows, seed, file)?;
        Ok(())
    })?;
    Ok(bytes)
}

/// Makes the blocks `wave`, one a buffer; buffers beyond them become empty.
fn fill(kind: &dyn Rows, rows: u64, seed: u64, wave: Range<u64>, buffers: &mut [Vec<u8>]) {
    buffers.iter_mut().for_each(Vec::clear);
    let used = (wave.end - wave.start) as usize;
    let part = buffers.iter_mut().take(used);
    let mut part: Vec<&mut Vec<u8>> = part.collect();
    part.par_iter_mut().enumerate().for_each(|(at, buffer)| {
        block(kind, rows, seed, wave.start + at as u64, buffer);
    });
}

/// Appends the lines of one block.
fn block(kind: &dyn Rows, rows: u64, seed: u64, number: u64, buffer: &mut Vec<u8>) {
    let mut draw = Draw::new(seed, number);
    for row in number * BLOCK..rows.min((number + 1) * BLOCK) {
        kind.row(row, &mut draw, buffer);
    }
}

#[cfg(test)]
mod tests;
