//! The bytes of all columns, each from a multiple of 64 on: in memory that we own or in a mapped file, and the same in both.

use std::fs::File;
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
    /// The payload is everything in the file from `start` (a multiple of [`ALIGNMENT`]) on.
    Mapped {
        map: Mmap,
        start: usize,
    },
}

/// A payload in memory, growing by whole lines; the space after a column is zero.
#[derive(Default)]
pub(crate) struct Owned(Vec<Line>);

impl Owned {
    /// Appends a column, and says at which byte it begins.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let start = self.0.len();
        self.0
            .resize(start + bytes.len().div_ceil(ALIGNMENT), Line::zeroed());
        let room: &mut [u8] = bytemuck::cast_slice_mut(&mut self.0[start..]);
        room[..bytes.len()].copy_from_slice(bytes);
        start * ALIGNMENT
    }
}

impl Payload {
    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Owned(Owned(lines)) => bytemuck::cast_slice(lines),
            Payload::Mapped { map, start } => map.get(*start..).unwrap_or_default(),
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
    // SAFETY: a map is only as constant as its file. The files we map are written under a temporary name and renamed (never
    // changed in place), so an open one keeps its content even when it is replaced. Whoever changes or truncates the file
    // itself while it is open breaks this, as with any mapped file; what was checked at opening then no longer holds.
    #[expect(unsafe_code, reason = "a memory map; see SAFETY")]
    let map = unsafe { Mmap::map(&file) };
    map.map_err(Error::io(path, "map"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_aligned_and_keep_their_bytes() {
        let mut owned = Owned::default();
        assert_eq!(owned.push(&[1; 3]), 0);
        assert_eq!(owned.push(&[]), 64);
        assert_eq!(owned.push(&[2; 65]), 64);
        assert_eq!(owned.push(&[3]), 192);
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
