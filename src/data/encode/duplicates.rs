//! Rows of the same user, item and time.

use rayon::prelude::*;

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Rows that repeat an earlier one.
    pub count: u64,
    /// The first of them.
    pub first: Option<usize>,
}

/// Row numbers, sorted so that rows of one user, item and time stand together and in their order. Without times, rows of one
/// user and item are the same.
fn order(users: &[u32], items: &[u32], times: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..users.len() as u32).collect();
    order.par_sort_unstable_by_key(|&row| (key(users, items, times, row), row));
    order
}

fn key(users: &[u32], items: &[u32], times: &[f64], row: u32) -> (u32, u32, u64) {
    let row = row as usize;
    let time = times.get(row).map_or(0, |time| (time + 0.0).to_bits());
    (users[row], items[row], time)
}

/// Counts the rows that repeat an earlier one.
pub(super) fn find(users: &[u32], items: &[u32], times: &[f64]) -> Found {
    let order = order(users, items, times);
    let same =
        |pair: &&[u32]| key(users, items, times, pair[0]) == key(users, items, times, pair[1]);
    let repeated = order.windows(2).filter(same).map(|pair| pair[1]);
    let (mut count, mut first) = (0, None::<u32>);
    for row in repeated {
        count += 1;
        first = Some(first.map_or(row, |least| least.min(row)));
    }
    Found {
        count,
        first: first.map(|row| row as usize),
    }
}

/// Marks of all rows but those that a later one repeats.
pub(super) fn last(users: &[u32], items: &[u32], times: &[f64]) -> Vec<bool> {
    let mut stay = vec![true; users.len()];
    for pair in order(users, items, times).windows(2) {
        if key(users, items, times, pair[0]) == key(users, items, times, pair[1]) {
            stay[pair[0] as usize] = false;
        }
    }
    stay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_user_item_and_time_is_a_duplicate() {
        let users = [1, 1, 2, 1, 1];
        let items = [5, 6, 5, 5, 5];
        let times = [9.0, 9.0, 9.0, 9.0, 8.0];
        assert_eq!(
            find(&users, &items, &times),
            Found {
                count: 1,
                first: Some(3)
            }
        );
        assert_eq!(
            last(&users, &items, &times),
            [false, true, true, true, true]
        );
        // Without times the last row repeats the first too.
        assert_eq!(
            find(&users, &items, &[]),
            Found {
                count: 2,
                first: Some(3)
            }
        );
        assert_eq!(last(&users, &items, &[]), [false, true, true, false, true]);
    }
}
