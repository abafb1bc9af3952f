//! Novelty@k: how little known the recommended items are, in bits.
//!
//! ```text
//! novelty@k = mean over users and their first k items of  log2( users / users who have the item )
//! ```
//!
//! both counted in the training rows: the self-information of finding the item with a user drawn at random (Zhou et al., "Solving the
//! apparent diversity-accuracy dilemma of recommender systems", PNAS 2010). An item that nobody has counts as one of a single user.
//! Range 0..log2 users; undefined (`None`) when no list has an item.

use super::items::Lists;
use super::metric::{Cut, Metric, Of, metric};

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "novelty",
    "mean bits of surprise of the first k: how few users have an item",
    true,
    Of::Items(novelty),
)
.at(Cut::Any);

/// The novelty of the lists.
pub fn novelty(lists: &Lists, k: usize) -> Option<f64> {
    let known = |item: &u32| lists.known.get(*item as usize).copied().unwrap_or(0).max(1);
    let bits = |item: &u32| (lists.users as f64 / f64::from(known(item))).log2();
    let (sum, items) = lists
        .tops(k)
        .flatten()
        .fold((0.0, 0usize), |(sum, items), item| {
            (sum + bits(item), items + 1)
        });
    (items > 0).then(|| sum / items as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Of 8 users, 8, 2 and 0 have the items: log2 1 = 0, log2 4 = 2, log2 8 = 3.
        let lists = Lists {
            items: vec![vec![0, 1], vec![2]],
            known: vec![8, 2, 0],
            users: 8,
            ..Lists::default()
        };
        assert_eq!(novelty(&lists, 10), Some(5.0 / 3.0));
        assert_eq!(novelty(&lists, 1), Some(1.5));
        assert_eq!(novelty(&lists, 0), None);
    }
}
