//! Precision@k: the share of positives among a user's k best rows.
//!
//! ```text
//! precision@k = positives among the first k rows / k
//! ```
//!
//! The divisor is k even where a list is shorter or the user has fewer positives, so a perfect ranking may stay below 1; the reported
//! number is the mean over users with at least one positive (Manning et al., "Introduction to Information Retrieval", section 8.4).
//! Range 0..1.

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "precision",
    "share of positives among the first k",
    precision_at,
);

/// Precision@k of one user's list. `None` without a positive or with k = 0.
pub fn precision_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let hits = ranked.hits(k).count() as f64;
    (ranked.positives > 0 && k > 0).then(|| hits / k as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let of = |labels: &[u8], k| precision_at(Ranked::whole(labels), k);
        assert_eq!(of(&[1, 0, 1, 1], 3), Some(2.0 / 3.0));
        // A list of one row is measured against the ten places it could have filled.
        assert_eq!(of(&[1], 10), Some(0.1));
        assert_eq!(
            (of(&[0, 1], 1), of(&[0], 5), of(&[1], 0)),
            (Some(0.0), None, None)
        );
    }
}
