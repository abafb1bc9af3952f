//! The bytes of all columns, each from a multiple of 64 on: in memory that we own or in a mapped file, and the same in both.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;

use crate::error::{Error, Result};

/// Where columns begin: a multiple of this many bytes, one cache line (and the widest vector register).
pub(crate) const ALIGNMENT: usize = 64;

/// One aligned piece of owned memory.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// The payload of a store.
pub(crate) enum Payload {
    Owned(Owned),
    /// The payload is this part of the file; it begins on a multiple of [`ALIGNMENT`].
    Mapped {
        map: Mmap,
        place: Range<usize>,
    },
}

/// A payload in memory, growing by whole lines; the space after a column is zero.
#[derive(Default)]
pub(crate) struct Owned {
    lines: Vec<Line>,
    /// How many bytes are in use, those up to the end of the column that is being written.
    used: usize,
}

impl Owned {
    /// Appends bytes to the column that is being written.
    pub fn extend(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        self.lines.resize(end.div_ceil(ALIGNMENT), Line::zeroed());
        let room: &mut [u8] = bytemuck::cast_slice_mut(&mut self.lines);
        room[self.used..end].copy_from_slice(bytes);
        self.used = end;
    }

    /// Ends a column: the next one begins on a new line.
    pub fn align(&mut self) {
        self.used = self.lines.len() * ALIGNMENT;
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.used
    }
}

impl Payload {
    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Owned(owned) => bytemuck::cast_slice(&owned.lines),
            Payload::Mapped { map, place } => map.get(place.clone()).unwrap_or_default(),
        }
    }
}

/// The least multiple of [`ALIGNMENT`] from `offset` on; `None` when it does not fit.
pub(crate) fn aligned(offset: usize) -> Option<usize> {
    offset.checked_next_multiple_of(ALIGNMENT)
}

/// Maps a whole file.
///
/// # Errors
/// When the system refuses.
pub(crate) fn map(path: &Path) -> Result<Mmap> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    map_file(&file).map_err(Error::io(path, "map"))
}

/// Maps an open file, which may have no name.
pub(crate) fn map_file(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: a map is only as constant as its file. The files we map are written under a temporary name and renamed (never
    // changed in place), so an open one keeps its content even when it is replaced. Whoever changes or truncates the file
    // itself while it is open breaks this, as with any mapped file; what was checked at opening then no longer holds.
    #[expect(unsafe_code, reason = "a memory map; see SAFETY")]
    unsafe {
        Mmap::map(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_aligned_and_keep_their_bytes() {
        let mut owned = Owned::default();
        for (parts, start) in [
            (&[&[1; 2][..], &[1]][..], 0),
            (&[], 64),
            (&[&[2; 65]], 64),
            (&[&[3]], 192),
        ] {
            assert_eq!(owned.len(), start);
            parts.iter().for_each(|part| owned.extend(part));
            owned.align();
        }
        let payload = Payload::Owned(owned);
        let bytes = payload.bytes();
        assert_eq!(bytes.len(), 256);
        assert_eq!(bytes.as_ptr() as usize % ALIGNMENT, 0);
        assert_eq!(
            (&bytes[..4], &bytes[127..130]),
            (&[1, 1, 1, 0][..], &[2, 2, 0][..])
        );
        assert_eq!((aligned(65), aligned(usize::MAX)), (Some(128), None));
    }
}
