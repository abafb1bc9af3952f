//! Hit@k: whether at least one of a user's k best rows is positive.
//!
//! ```text
//! hit@k = 1 when any of the first k rows is positive, else 0
//! ```
//!
//! The reported number, the mean over users with at least one positive, is the share of users who find something; it is
//! the "hit ratio" of He et al., "Neural Collaborative Filtering", WWW 2017. Range 0..1. (The course's "HitRate" is a
//! recall: [`course`](super::course).) A user with at most k rows always has 1, so on such users it says nothing.

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "hit",
    "share of users with a positive among the first k",
    hit_at,
)
.usual();

/// Hit@k of one user's list: 0 or 1. `None` without a positive or with k = 0.
pub fn hit_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let found = ranked.hits(k).next().is_some();
    (ranked.positives > 0 && k > 0).then_some(if found { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // The first positive stands third: found among three rows, not among two.
        assert_eq!(hit_at(Ranked::whole(&[0, 0, 1, 1]), 2), Some(0.0));
        assert_eq!(hit_at(Ranked::whole(&[0, 0, 1, 1]), 3), Some(1.0));
        assert_eq!(hit_at(Ranked::whole(&[1, 1]), 10), Some(1.0));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(hit_at(Ranked::whole(&[]), 10), None);
        assert_eq!(hit_at(Ranked::whole(&[0, 0]), 10), None);
        assert_eq!(hit_at(Ranked::whole(&[1]), 0), None);
    }
}
