//! Users, items and values as numbers from 0 on.

/// The number above all of these.
pub(crate) fn end(numbers: &[u32]) -> usize {
    numbers.iter().max().map_or(0, |&most| most as usize + 1)
}
