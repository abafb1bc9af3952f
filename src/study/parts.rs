//! Parts of numbers with about as many rows each.

/// The distinct bounds between that many parts, rising; equal numbers lie in one part. NaN, a missing number, is in none.
pub fn bounds(numbers: impl IntoIterator<Item = f32>, parts: usize) -> Vec<f32> {
    let mut sorted: Vec<f32> = numbers.into_iter().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let bound = |part: usize| sorted.get(part * sorted.len() / parts).copied();
    let mut bounds: Vec<f32> = (1..parts).filter_map(bound).collect();
    bounds.dedup();
    bounds
}

/// The part of a number, from 0 on: below the first bound, from one to below the next, from the last on.
pub fn part(bounds: &[f32], x: f32) -> usize {
    bounds.partition_point(|&bound| bound <= x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_and_equal_numbers_in_one() {
        let numbers = (0..1000).map(|x| x as f32).chain([f32::NAN]);
        let found = bounds(numbers, 50);
        assert_eq!((found.len(), found[0], found[48]), (49, 20.0, 980.0));
        assert_eq!((part(&found, 19.0), part(&found, 20.0)), (0, 1));
        assert_eq!(bounds([3.0; 5], 50), [3.0]);
        assert!(bounds([], 50).is_empty());
    }
}
