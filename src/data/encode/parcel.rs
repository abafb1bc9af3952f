//! What was collected of some rows as bytes, and what was collected of the rows behind them put to it: as if one had read all.
//!
//! Distinct texts are numbered in the order of their first row, so those of rows that come later get the next numbers; all else is lists
//! of rows, one behind the other.

use std::io::{Read, Write};

use super::Collection;
use super::collect::{Collected, Collector};
use super::intern::Interner;
use super::rowwise::RowWise;
use super::spool::{Spool, failed};
use crate::data::counts::{Counts, TOLD};
use crate::data::protocol::Protocol;
use crate::error::{Error, Result};

/// Numbers that are read at a time.
const CHUNK: usize = 1 << 16;

impl Collection {
    /// Writes all that was collected.
    pub(super) fn pack(&mut self, to: &mut dyn Write) -> Result<()> {
        for field in &mut self.fields {
            pack_values(field, to)?;
        }
        self.rows.pack(to)
    }

    /// Puts to it what [`Collection::pack`] wrote of rows that come later.
    pub(super) fn append(&mut self, from: &mut dyn Read, protocol: &Protocol) -> Result<()> {
        for field in &mut self.fields {
            append_values(field, from)?;
        }
        self.rows.append(from, protocol)
    }
}

impl RowWise {
    fn pack(&mut self, to: &mut dyn Write) -> Result<()> {
        put_bytes(to, &self.labels)?;
        for group in [&mut self.users, &mut self.items].into_iter().flatten() {
            pack_values(group, to)?;
        }
        put_spool(to, &mut self.times)?;
        if let Some(weights) = &mut self.weights {
            put_spool(to, weights)?;
        }
        put_spool(to, &mut self.true_probability)?;
        put_bytes(to, bytemuck::cast_slice(&self.of_files))?;
        let counts = serde_json::to_vec(&self.counts).map_err(|e| Error::Data(e.to_string()))?;
        put_bytes(to, &counts)
    }

    fn append(&mut self, from: &mut dyn Read, protocol: &Protocol) -> Result<()> {
        self.labels.extend(bytes(from)?);
        for group in [&mut self.users, &mut self.items].into_iter().flatten() {
            append_values(group, from)?;
        }
        get_spool(from, &mut self.times, Ok)?;
        if let Some(weights) = &mut self.weights {
            get_spool(from, weights, Ok)?;
        }
        get_spool(from, &mut self.true_probability, Ok)?;
        let of_files = bytes(from)?;
        let of_files = of_files
            .chunks_exact(4)
            .map(bytemuck::pod_read_unaligned::<u32>);
        for (own, more) in self.of_files.iter_mut().zip(of_files) {
            *own += more;
        }
        let counts = serde_json::from_slice(&bytes(from)?);
        let counts: Counts =
            counts.map_err(|e| Error::Data(format!("another rank's counts: {e}")))?;
        self.add_counts(counts);
        self.check_counts(protocol)
    }

    fn add_counts(&mut self, more: Counts) {
        let counts = &mut self.counts;
        counts.read += more.read;
        counts.kept += more.kept;
        counts.bad += more.bad;
        counts.first_bad.extend(more.first_bad);
        counts.first_bad.truncate(TOLD);
        for (condition, rows) in more.dropped {
            *counts.dropped.entry(condition).or_default() += rows;
        }
        for (table, rows) in more.unmatched {
            *counts.unmatched.entry(table).or_default() += rows;
        }
        for note in more.notes {
            if !counts.notes.contains(&note) {
                counts.notes.push(note);
            }
        }
    }
}

fn pack_values(collector: &mut Collector, to: &mut dyn Write) -> Result<()> {
    put_bytes(to, &[u8::from(collector.some)])?;
    match &mut collector.values {
        Collected::One { texts, codes } => {
            put_texts(to, texts)?;
            put_spool(to, codes)
        }
        Collected::Many {
            texts,
            lengths,
            codes,
        } => {
            put_texts(to, texts)?;
            put_spool(to, lengths)?;
            put_spool(to, codes)
        }
        Collected::Numbers(numbers) => put_spool(to, numbers),
        Collected::Buckets(codes) => put_spool(to, codes),
        Collected::BucketLists { lengths, codes } => {
            put_spool(to, lengths)?;
            put_spool(to, codes)
        }
    }
}

fn append_values(collector: &mut Collector, from: &mut dyn Read) -> Result<()> {
    collector.some |= bytes(from)?.first() == Some(&1);
    match &mut collector.values {
        Collected::One { texts, codes } => {
            let own = interned(texts, from)?;
            get_spool(from, codes, |code| own_code(&own, code))
        }
        Collected::Many {
            texts,
            lengths,
            codes,
        } => {
            let own = interned(texts, from)?;
            get_spool(from, lengths, Ok)?;
            get_spool(from, codes, |code| own_code(&own, code))
        }
        Collected::Numbers(numbers) => get_spool(from, numbers, Ok),
        Collected::Buckets(codes) => get_spool(from, codes, Ok),
        Collected::BucketLists { lengths, codes } => {
            get_spool(from, lengths, Ok)?;
            get_spool(from, codes, Ok)
        }
    }
}

/// What a code of the others is here.
fn own_code(own: &[u32], code: u32) -> Result<u32> {
    let unknown = || {
        Error::Data(format!(
            "another rank tells of value {code}, which it has not"
        ))
    };
    own.get(code as usize).copied().ok_or_else(unknown)
}

fn put_texts(to: &mut dyn Write, texts: &Interner) -> Result<()> {
    put_bytes(to, &(texts.len() as u64).to_le_bytes())?;
    texts
        .texts()
        .try_for_each(|text| put_bytes(to, text.as_bytes()))
}

/// The own codes of all texts that come, new ones included.
fn interned(texts: &mut Interner, from: &mut dyn Read) -> Result<Vec<u32>> {
    let mut count = [0; 8];
    count.copy_from_slice(bytes(from)?.get(..8).unwrap_or(&[0; 8]));
    let code = |_| {
        let text = String::from_utf8(bytes(from)?);
        texts.code(&text.map_err(|e| Error::Data(format!("another rank's text: {e}")))?)
    };
    (0..u64::from_le_bytes(count)).map(code).collect()
}

/// Bytes with their number before them.
fn put_bytes(to: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())
        .map_err(failed)?;
    to.write_all(bytes).map_err(failed)
}

fn bytes(from: &mut dyn Read) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let length = length(from)?;
    // Not allocated at once: what is missing is found before memory is.
    let read = Read::take(&mut *from, length)
        .read_to_end(&mut all)
        .map_err(failed)?;
    match read as u64 == length {
        true => Ok(all),
        false => Err(Error::Data("what another rank collected is cut off".into())),
    }
}

fn length(from: &mut dyn Read) -> Result<u64> {
    let mut length = [0; 8];
    from.read_exact(&mut length).map_err(failed)?;
    Ok(u64::from_le_bytes(length))
}

fn put_spool<T: bytemuck::Pod>(to: &mut dyn Write, spool: &mut Spool<T>) -> Result<()> {
    to.write_all(&spool.len().to_le_bytes()).map_err(failed)?;
    spool.read(|part| to.write_all(bytemuck::cast_slice(part)).map_err(failed))
}

fn get_spool<T: bytemuck::Pod>(
    from: &mut dyn Read,
    spool: &mut Spool<T>,
    own: impl Fn(T) -> Result<T>,
) -> Result<()> {
    let mut left = length(from)?;
    let mut part = vec![T::zeroed(); left.min(CHUNK as u64) as usize];
    while left > 0 {
        let part = &mut part[..(CHUNK as u64).min(left) as usize];
        from.read_exact(bytemuck::cast_slice_mut(part))
            .map_err(failed)?;
        for number in &mut *part {
            *number = own(*number)?;
        }
        spool.extend(part)?;
        left -= part.len() as u64;
    }
    Ok(())
}
