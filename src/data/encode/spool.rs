//! Numbers that are written once and read in their order, in memory while they are few and in a temporary file beyond: what an
//! input of any length leaves behind between the two passes of encoding.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;

use bytemuck::Pod;
use tempfile::SpooledTempFile;

use crate::error::{Error, Result};

/// What one spool holds in memory. A data set has some forty of them; two million rows stay in memory altogether.
const IN_MEMORY: usize = 8 << 20;
/// Numbers read at a time.
const CHUNK: usize = 1 << 16;

/// Numbers of one type.
pub(super) struct Spool<T> {
    file: SpooledTempFile,
    /// In numbers, not in bytes.
    length: u64,
    kind: PhantomData<T>,
}

impl<T: Pod> Spool<T> {
    /// Of nothing yet.
    pub fn new() -> Spool<T> {
        Spool {
            file: SpooledTempFile::new(IN_MEMORY),
            length: 0,
            kind: PhantomData,
        }
    }

    /// Appends numbers.
    pub fn extend(&mut self, numbers: &[T]) -> Result<()> {
        self.length += numbers.len() as u64;
        let written = self.file.write_all(bytemuck::cast_slice(numbers));
        written.map_err(failed)
    }

    /// How many numbers there are.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Hands all numbers to `each`, in their order and some at a time.
    pub fn read(&mut self, mut each: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut numbers = vec![T::zeroed(); CHUNK.min(self.length as usize)];
        let mut left = self.length as usize;
        let mut file = BufReader::with_capacity(CHUNK * size_of::<T>(), &mut self.file);
        while left > 0 {
            let part = &mut numbers[..CHUNK.min(left)];
            file.read_exact(bytemuck::cast_slice_mut(part))
                .map_err(failed)?;
            each(part)?;
            left -= part.len();
        }
        Ok(())
    }

    /// All numbers at once.
    pub fn all(&mut self) -> Result<Vec<T>> {
        let mut all = Vec::with_capacity(self.length as usize);
        self.read(|part| {
            all.extend_from_slice(part);
            Ok(())
        })?;
        Ok(all)
    }
}

pub(super) fn failed(source: io::Error) -> Error {
    Error::Io {
        path: std::env::temp_dir(),
        action: "keep what was read in a temporary file in",
        source,
    }
}

/// Which rows are used: a mark a row, or all.
#[derive(Clone, Copy)]
pub(super) struct Marks<'a>(pub Option<&'a [bool]>);

impl Marks<'_> {
    /// Whether a row is marked.
    pub fn has(self, row: usize) -> bool {
        self.0
            .is_none_or(|marks| marks.get(row).copied().unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_from_memory_and_from_a_file() {
        for count in [0u32, 5, CHUNK as u32 + 1, (IN_MEMORY / 4) as u32 + 7] {
            let mut spool = Spool::new();
            let numbers: Vec<u32> = (0..count).collect();
            for part in numbers.chunks(50_000) {
                spool.extend(part).unwrap();
            }
            assert_eq!(spool.len(), u64::from(count));
            assert_eq!(spool.all().unwrap(), numbers);
            // A second reading begins anew.
            assert_eq!(spool.all().unwrap(), numbers);
        }
    }
}
