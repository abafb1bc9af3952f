//! Encoding by several ranks: each collects the files that it is given, which follow those of the ranks before it; the first puts all
//! together and goes on by itself. The data set is the one that it would have made alone.

use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::spool::failed;
use super::{Rules, collect};
use crate::data::dataset::Dataset;
use crate::data::source::reader::Reader;
use crate::data::store::builder::Target;
use crate::error::Result;
use crate::ranks::{Ranks, bits_of, words_of};

/// What is kept in memory of another rank's rows; the rest goes to a temporary file.
const IN_MEMORY: usize = 8 << 20;
/// Words that are handed over at a time.
const PIECE: usize = 1 << 22;

/// Encodes the rows of all ranks' inputs, each with the part of the split that its files are for (see [`super::Inputs`]). The first rank
/// gets the data set.
///
/// # Errors
/// As [`super::encode_rows`].
pub fn encode_among(
    ranks: &dyn Ranks,
    inputs: Vec<(usize, Box<dyn Reader>)>,
    rules: Rules<'_>,
    target: Target<'_>,
) -> Result<Option<Dataset>> {
    let (mut collected, tables) = collect(inputs, rules)?;
    for rank in 1..ranks.size() {
        let mut parcel = SpooledTempFile::new(IN_MEMORY);
        if ranks.rank() == rank {
            let mut buffered = BufWriter::new(&mut parcel);
            collected.pack(&mut buffered)?;
            buffered.flush().map_err(failed)?;
        }
        hand_over(ranks, rank, &mut parcel)?;
        if ranks.first() {
            parcel.seek(SeekFrom::Start(0)).map_err(failed)?;
            collected.append(&mut BufReader::new(parcel), rules.protocol())?;
        }
    }
    match ranks.first() {
        true => collected.finish(rules, tables, target).map(Some),
        false => Ok(None),
    }
}

/// Gives the first rank what is in the file of another, some at a time.
fn hand_over(ranks: &dyn Ranks, from: usize, parcel: &mut SpooledTempFile) -> Result<()> {
    let length = parcel.seek(SeekFrom::End(0)).map_err(failed)?;
    parcel.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut told = Vec::new();
    ranks.gather(&words_of(length), &vec![2; ranks.size()], &mut told);
    let mut left = bits_of([told[2 * from], told[2 * from + 1]]) as usize;
    let mut got = Vec::new();
    while left > 0 {
        let bytes = left.min(4 * PIECE);
        let words = bytes.div_ceil(4);
        let mut piece = vec![0u32; if ranks.rank() == from { words } else { 0 }];
        if ranks.rank() == from {
            let piece: &mut [u8] = bytemuck::cast_slice_mut(&mut piece);
            parcel.read_exact(&mut piece[..bytes]).map_err(failed)?;
        }
        let none = vec![0; ranks.size()];
        let (mut sent, mut received) = (none.clone(), none);
        sent[0] = piece.len();
        received[from] = if ranks.first() { words } else { 0 };
        ranks.exchange(&piece, &sent, &received, &mut got);
        if ranks.first() {
            let got: &[u8] = bytemuck::cast_slice(&got);
            parcel.write_all(&got[..bytes]).map_err(failed)?;
        }
        left -= bytes;
    }
    Ok(())
}
