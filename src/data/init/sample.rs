//! Rows from all over an input.
//!
//! Two sieves, both fixed by row and block numbers alone, so that the same input gives the same sample:
//!
//! - of a long input only every k-th block is parsed, k being a power of two that grows while reading: parsing costs far more than
//!   reading;
//! - of the parsed rows those with the smallest hashes of their number are kept (a bottom-k sample): no rhythm of the rows can
//!   fall in with the sieve.
//!
//! Never more than four times the asked for rows are in memory, each cell as the number of its text.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::data::source::cells::Cells;
use crate::data::source::columns::ColumnRef;
use crate::data::source::reader::{BadRow, Chunk, Reader};
use crate::error::{Error, Result};

/// Some rows of an input, column by column.
#[derive(Debug, Clone)]
pub struct Sample {
    /// In the order of the input, each as long as `places`.
    pub columns: Vec<SampleColumn>,
    /// One a row of the sample, in the order of the input.
    pub places: Vec<Place>,
    /// About how many rows the whole input has.
    pub of: u64,
    /// Whether these are all rows.
    pub whole: bool,
    /// Rows that are in no column.
    pub bad: Bad,
}

/// Rows that are not what the format says.
#[derive(Debug, Clone, Default)]
pub struct Bad {
    /// How many there were.
    pub rows: u64,
    /// Among how many, good ones included.
    pub of: u64,
    /// The first, with its place.
    pub first: Option<String>,
}

/// Where a row is from.
#[derive(Debug, Clone)]
pub struct Place {
    file: Arc<Path>,
    /// Counted from 1; of a format without lines, the row.
    line: u64,
    /// The number of the block.
    block: u64,
    /// Of the row's number among all that were parsed: the rows with the smallest are kept.
    hash: u64,
}

impl Place {
    /// For a message.
    pub fn told(&self) -> String {
        place_told(&self.file, self.line)
    }
}

fn place_told(file: &Path, line: u64) -> String {
    match file.as_os_str().is_empty() {
        true => format!("row {line}"),
        false => format!("{}:{line}", file.display()),
    }
}

/// The cells of one column: `texts[codes[row]]`, without space around; the empty text is a missing value.
#[derive(Debug, Clone, Default)]
pub struct SampleColumn {
    /// As the header has it, or the program's own.
    pub name: String,
    /// Distinct, in the order of their first row; cut after a thousand bytes.
    pub texts: Vec<String>,
    /// One a row: the place of its text.
    pub codes: Vec<u32>,
    /// By the text's hash, while rows come; empty afterwards.
    known: HashMap<u64, u32>,
}

/// Bytes kept of a text; texts are told apart by all their bytes.
const MOST_BYTES: usize = 1_000;

impl SampleColumn {
    fn code(&mut self, text: &str) -> u32 {
        let text = text.trim();
        let next = self.texts.len() as u32;
        let code = *self.known.entry(xxh3_64(text.as_bytes())).or_insert(next);
        if code == next {
            let mut end = text.len().min(MOST_BYTES);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            self.texts.push(text[..end].to_owned());
        }
        code
    }

    fn add(&mut self, cells: &Cells, rows: &[u32]) {
        match cells {
            Cells::Text(texts) => {
                for &row in rows {
                    let code = self.code(texts.get(row as usize));
                    self.codes.push(code);
                }
            }
            Cells::Number(numbers) => {
                for &row in rows {
                    let x = numbers[row as usize];
                    // As encoding has it: a negative zero is zero.
                    let text = if x.is_nan() {
                        String::new()
                    } else {
                        (x + 0.0).to_string()
                    };
                    let code = self.code(&text);
                    self.codes.push(code);
                }
            }
            Cells::Dictionary { texts, codes } => {
                let mut own = vec![u32::MAX; texts.len()];
                for &row in rows {
                    let place = codes[row as usize] as usize;
                    if own[place] == u32::MAX {
                        own[place] = self.code(&texts[place]);
                    }
                    self.codes.push(own[place]);
                }
            }
        }
    }

    fn retain(&mut self, keep: &[bool]) {
        let mut keep = keep.iter();
        self.codes.retain(|_| keep.next().copied().unwrap_or(false));
    }

    /// Forgets texts of rows that were not kept.
    fn close(&mut self) {
        self.known = HashMap::new();
        let mut new = vec![u32::MAX; self.texts.len()];
        let mut texts = Vec::new();
        for code in &mut self.codes {
            let slot = &mut new[*code as usize];
            if *slot == u32::MAX {
                *slot = texts.len() as u32;
                texts.push(std::mem::take(&mut self.texts[*code as usize]));
            }
            *code = *slot;
        }
        self.texts = texts;
    }
}

/// Blocks that are parsed in any case.
const BLOCKS: usize = 64;
/// Cells in memory: of a table of a million columns fewer rows are looked at.
const MOST_CELLS: usize = 100_000_000;
/// So many rows are looked at however many columns there are.
const FEWEST_ROWS: usize = 100;

/// Takes about `rows` rows of an input whose columns are called `names`.
///
/// # Errors
/// When the input cannot be read, or holds no row.
pub fn take(reader: &mut dyn Reader, names: &[String], rows: usize) -> Result<Sample> {
    let all: Vec<ColumnRef> = match reader.header() {
        Some(header) => (1..=header.len() as u32).map(ColumnRef::Number).collect(),
        None => names
            .iter()
            .map(|name| ColumnRef::Name(name.clone()))
            .collect(),
    };
    reader.select(&all)?;
    let mut sieve = Sieve::new(names, rows);
    let at_once = 2 * rayon::current_num_threads();
    let mut more = true;
    while more {
        let mut blocks = Vec::with_capacity(at_once);
        while more && blocks.len() < at_once {
            match reader.next_block()? {
                Some(block) if sieve.wants_next() => blocks.push((sieve.blocks - 1, block)),
                Some(_) => {}
                None => more = false,
            }
        }
        let parsed = blocks
            .into_par_iter()
            .map(|(n, block)| Ok((n, block.parse()?)));
        for (number, chunk) in parsed.collect::<Result<Vec<_>>>()? {
            sieve.add(number, chunk);
        }
    }
    sieve.finish()
}

struct Sieve {
    columns: Vec<SampleColumn>,
    /// One a row that is kept for now.
    places: Vec<Place>,
    /// How many rows are asked for.
    rows: usize,
    /// Rows whose hash is at most this are kept.
    limit: u64,
    /// Blocks whose number is a multiple of this are parsed.
    stride: u64,
    /// Blocks that came.
    blocks: u64,
    /// Number and rows of each block of which rows are kept.
    parsed: Vec<(u64, u64)>,
    bad: Bad,
}

impl Sieve {
    fn new(names: &[String], rows: usize) -> Sieve {
        let column = |name: &String| SampleColumn {
            name: name.clone(),
            ..SampleColumn::default()
        };
        let fit = (MOST_CELLS / names.len().max(1)).max(FEWEST_ROWS);
        Sieve {
            columns: names.iter().map(column).collect(),
            places: Vec::new(),
            rows: if rows == usize::MAX {
                rows
            } else {
                rows.clamp(1, fit)
            },
            limit: u64::MAX,
            stride: 1,
            blocks: 0,
            parsed: Vec::new(),
            bad: Bad::default(),
        }
    }

    /// Counts a block; says whether it is to be parsed.
    fn wants_next(&mut self) -> bool {
        self.blocks += 1;
        (self.blocks - 1).is_multiple_of(self.stride)
    }

    fn add(&mut self, block: u64, chunk: Chunk) {
        if !block.is_multiple_of(self.stride) {
            return;
        }
        let before = self.bad.of;
        self.bad.of += (chunk.rows() + chunk.bad.len()) as u64;
        self.bad.rows += chunk.bad.len() as u64;
        if let (None, Some(BadRow { line, what })) = (&self.bad.first, chunk.bad.first()) {
            self.bad.first = Some(format!("{}: {what}", place_told(&chunk.file, *line)));
        }
        self.parsed.push((block, chunk.rows() as u64));
        let hashes = (0..chunk.rows() as u64).map(|row| xxh3_64(&(before + row).to_le_bytes()));
        let mut kept = Vec::new();
        for ((row, hash), &line) in (0u32..).zip(hashes).zip(&chunk.lines) {
            if hash <= self.limit {
                kept.push(row);
                let file = Arc::clone(&chunk.file);
                self.places.push(Place {
                    file,
                    line,
                    block,
                    hash,
                });
            }
        }
        let columns = self.columns.par_iter_mut().zip(&chunk.columns);
        columns.for_each(|(column, cells)| column.add(cells, &kept));
        while self.places.len() > self.rows.saturating_mul(4) {
            self.limit /= 2;
            self.thin();
        }
        let rows: u64 = self.parsed.iter().map(|(_, rows)| rows).sum();
        if self.parsed.len() > BLOCKS && rows > (self.rows as u64).saturating_mul(8) {
            self.stride *= 2;
            self.thin();
        }
    }

    fn thin(&mut self) {
        let (limit, stride) = (self.limit, self.stride);
        self.parsed
            .retain(|(block, _)| block.is_multiple_of(stride));
        let stays = |place: &Place| place.hash <= limit && place.block.is_multiple_of(stride);
        let keep: Vec<bool> = self.places.iter().map(stays).collect();
        self.places.retain(stays);
        self.columns
            .par_iter_mut()
            .for_each(|column| column.retain(&keep));
    }

    fn finish(mut self) -> Result<Sample> {
        if self.places.is_empty() {
            return Err(Error::Data(match &self.bad.first {
                None => "there is no row in it".to_owned(),
                Some(first) => format!("there is no row that can be read; {first}"),
            }));
        }
        if self.places.len() > self.rows {
            let mut hashes: Vec<u64> = self.places.iter().map(|place| place.hash).collect();
            let (_, limit, _) = hashes.select_nth_unstable(self.rows - 1);
            self.limit = *limit;
            self.thin();
        }
        self.columns.par_iter_mut().for_each(SampleColumn::close);
        let rows: u64 = self.parsed.iter().map(|(_, rows)| rows).sum();
        let parsed = self.parsed.len().max(1) as f64;
        Ok(Sample {
            columns: self.columns,
            of: match self.stride {
                1 => rows,
                _ => (rows as f64 * self.blocks as f64 / parsed) as u64,
            },
            whole: self.stride == 1 && rows == self.places.len() as u64,
            places: self.places,
            bad: self.bad,
        })
    }
}

impl Sample {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.places.len()
    }
}
