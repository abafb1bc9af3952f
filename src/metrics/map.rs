//! MAP@k: the mean over users of the average precision of their k best rows.
//!
//! ```text
//! AP@k = 1 / min(k, P) * sum over hits at ranks i = 1..k of  (positives among the first i) / i
//! ```
//!
//! P is the user's number of positives. Dividing by min(k, P) gives a perfect ranking 1 (as in RecBole and in Kaggle's MAP@k; dividing
//! by P would not). Users without a positive are left out (Manning et al., "Introduction to Information Retrieval", section 8.4).
//! Range 0..1.

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "map",
    "mean over users of the average precision of the first k",
    map_at,
);

/// AP@k of one user's list. `None` without a positive or with k = 0.
pub fn map_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let hits = ranked.hits(k).enumerate();
    let precisions = hits.map(|(found, rank)| (found + 1) as f64 / (rank + 1) as f64);
    let best = ranked.positives.min(k);
    (best > 0).then(|| precisions.sum::<f64>() / best as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let of = |labels: &[u8], k| map_at(Ranked::whole(labels), k);
        // Hits at ranks 1 and 3 of 3 positives, k = 3: (1/1 + 2/3) / 3.
        assert_eq!(of(&[1, 0, 1, 0, 1], 3), Some((1.0 + 2.0 / 3.0) / 3.0));
        // All five: (1 + 2/3 + 3/5) / 3.
        assert_eq!(
            of(&[1, 0, 1, 0, 1], 10),
            Some((1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0)
        );
        assert_eq!(of(&[1; 20], 10), Some(1.0));
        assert_eq!((of(&[0], 5), of(&[1], 0)), (None, None));
    }

    /// Of a list that is the beginning of a longer one, the positives beyond it count in the divisor.
    #[test]
    fn of_the_beginning_of_a_catalogue() {
        let ranked = Ranked {
            labels: &[1, 0],
            positives: 2,
        };
        assert_eq!(map_at(ranked, 2), Some(0.5));
    }
}
