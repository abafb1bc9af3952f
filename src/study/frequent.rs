//! The values that come most often.

use std::cmp::Reverse;

/// The codes with the highest counts, the most frequent first, of equally frequent ones the lower code.
pub fn frequent(counts: impl IntoIterator<Item = (u32, u64)>, most: usize) -> Vec<u32> {
    let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|&(code, rows)| (Reverse(rows), code));
    counts
        .into_iter()
        .take(most)
        .map(|(code, _)| code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_first_and_of_equals_the_lower_code() {
        let counts = [(4, 2), (7, 9), (1, 2), (9, 1)];
        assert_eq!(frequent(counts, 3), [7, 1, 4]);
        assert_eq!(frequent(counts, 9).len(), 4);
    }
}
