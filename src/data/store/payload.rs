//! The bytes of all columns, each from a multiple of 64 on: in memory that we own or in a mapped file, and the same in both.
//!
//! # A store that changes while it is mapped
//!
//! A map shows its file as it is now. Replacing a store is no change (a new file takes its name, ours lives on), and `prepare`
//! always replaces. But `cp new.store old.store` writes into the file that we have mapped. So a training compares the file's length
//! and time of change with those at its opening, at the start of each epoch and around each batch that is read ([`Witness`]): a
//! call to the system, which takes about a microsecond. What cannot be had that way:
//!
//! - Between the look and the read a few microseconds pass, and evaluating reads a part of the split after one look. Who truncates
//!   the file then gets the process killed by SIGBUS, without a message. The checkpoint is as it was, as after any kill.
//! - A handler of that signal could only return to the same read or leave it half done in whatever thread it was; there is none.
//! - Who writes as many bytes within one tick of the file system's clock (milliseconds) of the opening, sets the time back, or
//!   writes through a map of his own that the system has not written yet, is not noticed. On a network file system another
//!   machine's change shows when the cache of attributes is renewed (seconds).

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;
#[cfg(target_os = "linux")]
use memmap2::{Advice, MmapMut};

use crate::error::{Error, Result};

/// Where columns begin: a multiple of this many bytes, one cache line (and the widest vector register).
pub(crate) const ALIGNMENT: usize = 64;

/// Bytes of a huge page, as most processors have them.
const HUGE_PAGE: usize = 2 << 20;

/// One aligned piece of owned memory.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// The payload of a store.
pub(crate) enum Payload {
    Owned(Owned),
    /// The payload is this part of the file (or of memory without one); it begins on a multiple of [`ALIGNMENT`].
    Mapped {
        map: Mmap,
        /// Where in the map the columns lie, in bytes.
        place: Range<usize>,
        /// None for a file that only we know.
        witness: Option<Witness>,
    },
}

/// Tells whether a mapped file is as it was.
pub(crate) struct Witness {
    file: File,
    /// What messages call it.
    path: PathBuf,
    /// As the file was when it was opened.
    before: State,
}

/// What a file looks like from outside.
type State = (u64, Option<SystemTime>);

fn state_of(file: &File) -> std::io::Result<State> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

impl Witness {
    /// Refuses a file that was written to since it was mapped.
    ///
    /// # Errors
    /// Names the file.
    pub fn check(&self) -> Result<()> {
        let now = state_of(&self.file).map_err(Error::io(&self.path, "look at"))?;
        if now == self.before {
            return Ok(());
        }
        let what = "was changed while it was in use, so that its content can no longer be trusted: write another store with \
            `autoint prepare`, which is safe also when it replaces this one";
        Err(Error::file(&self.path, what))
    }
}

/// A payload in memory, growing by whole lines; the space after a column is zero.
#[derive(Default)]
pub(crate) struct Owned {
    /// 64 bytes each, so that columns begin where vectors load fastest.
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

    /// The finished payload. Where the system can, a large one is moved to huge pages: batches pick rows from all over it, and from small
    /// pages that took five times as long (MovieLens-1M, .62 instead of .12 s of an epoch, `train --profile`).
    pub fn finished(self) -> Payload {
        match self.len() >= HUGE_PAGE {
            true => self
                .on_huge_pages()
                .unwrap_or_else(|_| Payload::Owned(self)),
            false => Payload::Owned(self),
        }
    }

    #[cfg(target_os = "linux")]
    fn on_huge_pages(&self) -> std::io::Result<Payload> {
        let mut map = MmapMut::map_anon(self.used)?;
        map.advise(Advice::HugePage)?;
        let bytes: &[u8] = bytemuck::cast_slice(&self.lines);
        map.copy_from_slice(&bytes[..self.used]);
        Ok(Payload::Mapped {
            map: map.make_read_only()?,
            place: 0..self.used,
            witness: None,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn on_huge_pages(&self) -> std::io::Result<Payload> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

impl Payload {
    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Owned(owned) => bytemuck::cast_slice(&owned.lines),
            Payload::Mapped { map, place, .. } => map.get(place.clone()).unwrap_or_default(),
        }
    }

    /// Refuses a mapped file that was written to since.
    ///
    /// # Errors
    /// Names the file.
    pub fn check_unchanged(&self) -> Result<()> {
        match self {
            Payload::Mapped {
                witness: Some(witness),
                ..
            } => witness.check(),
            _ => Ok(()),
        }
    }
}

/// The least multiple of [`ALIGNMENT`] from `offset` on; `None` when it does not fit.
pub(crate) fn aligned(offset: usize) -> Option<usize> {
    offset.checked_next_multiple_of(ALIGNMENT)
}

/// Maps a whole file, and keeps in mind what it is like.
///
/// # Errors
/// When the system refuses.
pub(crate) fn map(path: &Path) -> Result<(Mmap, Witness)> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    // Before the first byte is read.
    let before = state_of(&file).map_err(Error::io(path, "look at"))?;
    let map = map_file(&file).map_err(Error::io(path, "map"))?;
    let path = path.to_path_buf();
    let witness = Witness { file, path, before };
    Ok((map, witness))
}

/// Maps an open file, which may have no name.
pub(crate) fn map_file(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: a map is only as constant as its file. The files we map are written under a temporary name and renamed (never
    // changed in place), so an open one keeps its content even when it is replaced. Whoever changes or truncates the file
    // itself while it is open breaks this, as with any mapped file; what was checked at opening then no longer holds. See the
    // top of this file for how far that is noticed.
    #[expect(unsafe_code, reason = "a memory map; see SAFETY")]
    unsafe {
        Mmap::map(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_place_is_noticed_and_a_replacement_is_none() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        std::fs::write(&path, "old").unwrap();
        let opened = || std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let age = |seconds| {
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            opened().set_modified(time).unwrap();
        };
        age(1);
        let (map, witness) = map(&path).unwrap();
        witness.check().unwrap();
        std::fs::write(folder.path().join("new"), "new").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        witness.check().unwrap();
        assert_eq!(&map[..], b"old");

        age(1);
        let (_map, witness) = super::map(&path).unwrap();
        opened().write_all(b"NEW").unwrap();
        let message = witness.check().unwrap_err().to_string();
        assert!(message.contains("store: was changed while"), "{message}");
        age(1);
        witness.check().unwrap();
        opened().set_len(0).unwrap();
        age(1);
        assert!(witness.check().is_err());
    }

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

    #[test]
    fn a_large_payload_keeps_its_bytes_and_begins_aligned() {
        for length in [HUGE_PAGE - 1, HUGE_PAGE, HUGE_PAGE + 3] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let mut owned = Owned::default();
            owned.extend(&bytes);
            owned.align();
            let payload = owned.finished();
            assert_eq!(payload.bytes().len(), length.next_multiple_of(ALIGNMENT));
            assert_eq!(&payload.bytes()[..length], &bytes[..]);
            assert_eq!(payload.bytes().as_ptr() as usize % ALIGNMENT, 0);
        }
    }
}
