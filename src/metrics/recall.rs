//! Recall@k: the share of a user's positives that stand among the user's k best rows.
//!
//! ```text
//! recall@k = positives among the first k rows / positives
//! ```
//!
//! Range 0..1, but a user with P > k positives cannot exceed k / P: even a perfect ranking may stay below 1. The
//! reported number is the mean over users with at least one positive (Manning et al., "Introduction to Information
//! Retrieval", section 8.4).

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "recall",
    "share of a user's positives among the first k",
    recall_at,
)
.usual();

/// Recall@k of one user's list. `None` without a positive or with k = 0.
pub fn recall_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let hits = ranked.hits(k).count() as f64;
    (ranked.positives > 0 && k > 0).then(|| hits / ranked.positives as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Three positives, one of them among the first two rows: 1/3; all three among the first four.
        assert_eq!(recall_at(Ranked::whole(&[0, 1, 1, 1]), 2), Some(1.0 / 3.0));
        assert_eq!(recall_at(Ranked::whole(&[0, 1, 1, 1]), 4), Some(1.0));
        // A perfect ranking of 20 positives has 10 of them in its first ten.
        assert_eq!(recall_at(Ranked::whole(&[1; 20]), 10), Some(0.5));
        assert_eq!(recall_at(Ranked::whole(&[0, 1]), 1), Some(0.0));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(recall_at(Ranked::whole(&[]), 10), None);
        assert_eq!(recall_at(Ranked::whole(&[0, 0]), 10), None);
        assert_eq!(recall_at(Ranked::whole(&[1]), 0), None);
    }
}
