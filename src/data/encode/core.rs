//! The k-core of a log: the largest part of it in which every user and every item has at least k rows.
//!
//! Dropping a user's rows can take an item below k, and the other way round, so it is repeated until nothing is dropped any more. What is
//! left does not depend on the order (Batagelj and Zaveršnik, "An O(m) Algorithm for Cores Decomposition of Networks", 2003).

use crate::data::numbers::end;

/// Takes the marks of all rows that are not in the core; `users` and `items` have a number for each row.
pub(super) fn keep(users: &[u32], items: &[u32], k: u32, stay: &mut [bool]) {
    let counts = |of: &[u32], stay: &[bool]| {
        let mut counts = vec![0u32; end(of)];
        let staying = of.iter().zip(stay).filter(|(_, stays)| **stays);
        staying.for_each(|(&one, _)| counts[one as usize] += 1);
        counts
    };
    loop {
        let (of_user, of_item) = (counts(users, stay), counts(items, stay));
        let mut dropped = false;
        for (row, stays) in stay.iter_mut().enumerate().filter(|(_, stays)| **stays) {
            if of_user[users[row] as usize] < k || of_item[items[row] as usize] < k {
                (*stays, dropped) = (false, true);
            }
        }
        if !dropped {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn core(rows: &[(u32, u32)], k: u32) -> Vec<bool> {
        let (users, items): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
        let mut stay = vec![true; rows.len()];
        keep(&users, &items, k, &mut stay);
        stay
    }

    #[test]
    fn what_is_dropped_drops_others() {
        // Users 0 and 1 share items 0 and 1; user 2 has item 2 alone, without which user 0 still has two rows.
        let rows = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 2)];
        assert_eq!(core(&rows, 2), [true, true, true, true, false, false]);
        assert_eq!(core(&rows, 1), [true; 6]);
        // A chain falls as a whole.
        assert_eq!(core(&[(0, 0), (1, 0), (1, 1), (2, 1)], 2), [false; 4]);
    }

    proptest! {
        #[test]
        fn everyone_left_has_k_rows_and_it_is_the_largest(rows in prop::collection::vec((0u32..6, 0u32..6), 0..40), k in 1u32..4) {
            let stay = core(&rows, k);
            let left: Vec<_> = rows.iter().zip(&stay).filter(|(_, stays)| **stays).map(|(row, _)| *row).collect();
            for (user, item) in &left {
                prop_assert!(left.iter().filter(|row| row.0 == *user).count() >= k as usize);
                prop_assert!(left.iter().filter(|row| row.1 == *item).count() >= k as usize);
            }
            // Dropping one row at a time, in the other order, ends with the same rows.
            let mut slow: Vec<usize> = (0..rows.len()).collect();
            loop {
                let few = |row: &usize| {
                    let (user, item) = rows[*row];
                    let of = |same: &dyn Fn(&(u32, u32)) -> bool| slow.iter().filter(|r| same(&rows[**r])).count() < k as usize;
                    of(&|row| row.0 == user) || of(&|row| row.1 == item)
                };
                match slow.iter().rposition(few) {
                    Some(place) => drop(slow.remove(place)),
                    None => break,
                }
            }
            let expected: Vec<_> = slow.iter().map(|row| rows[*row]).collect();
            prop_assert_eq!(left, expected);
        }
    }
}
