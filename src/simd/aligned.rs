//! Numbers in memory as vectors want them: from the beginning of a cache line on.

use std::borrow::Borrow;
use std::ops::{Deref, DerefMut};

use super::MAX_LANES;

/// f32 that begin where a cache line does, so that a vector of them lies in one line, not in two.
///
/// An allocator promises 16 bytes, and gives no more for large memory: every load and store of AVX-512 then touched two lines, which
/// took 18 % of the time of a `compact` step and 14 % of a `course-best` one (`benches/README.md`). A row of a table that is as wide as a
/// line is fetched with one miss instead of two.
#[derive(Debug, Default)]
pub struct Aligned {
    /// With room for moving the beginning.
    all: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` times 0.
    pub fn zeros(len: usize) -> Aligned {
        let all = vec![0.0; len + MAX_LANES - 1];
        let line = MAX_LANES * size_of::<f32>();
        // It may say that it does not know, which is slower and nothing else.
        let start = all.as_ptr().align_offset(line).min(MAX_LANES - 1);
        Aligned { all, start, len }
    }

    /// Makes them `len` numbers: the first ones stay, those that are new are 0.
    pub fn resize(&mut self, len: usize) {
        if self.all.len() < self.start + len {
            let mut larger = Aligned::zeros(len);
            larger[..self.len].copy_from_slice(self);
            *self = larger;
            return;
        }
        let before = std::mem::replace(&mut self.len, len);
        self[before.min(len)..].fill(0.0);
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.all[self.start..][..self.len]
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.all[self.start..][..self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Aligned {
        Aligned::from(&self[..])
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Aligned) -> bool {
        self[..] == other[..]
    }
}

impl<'a> IntoIterator for &'a Aligned {
    type Item = &'a f32;
    type IntoIter = std::slice::Iter<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Borrow<[f32]> for Aligned {
    fn borrow(&self) -> &[f32] {
        self
    }
}

impl From<&[f32]> for Aligned {
    fn from(numbers: &[f32]) -> Aligned {
        let mut aligned = Aligned::zeros(numbers.len());
        aligned.copy_from_slice(numbers);
        aligned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_begin_with_a_line_also_when_cloned() {
        for len in [0, 1, 16, 1000, 1 << 20] {
            let numbers: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let aligned = Aligned::from(&numbers[..]);
            for aligned in [&aligned, &aligned.clone()] {
                assert_eq!(aligned[..], numbers);
                assert!(aligned.as_ptr().cast::<[f32; MAX_LANES]>().is_aligned());
                assert_eq!(aligned.as_ptr().align_offset(64), 0);
            }
        }
    }
}
