//! NDCG@k: normalised discounted cumulative gain with binary relevance.
//!
//! ```text
//! DCG@k   = sum over ranks i = 0..k-1 of  y_i / log2(i + 2)
//! ideal@k = sum over ranks i = 0..min(k, P)-1 of  1 / log2(i + 2)
//! NDCG@k  = DCG@k / ideal@k
//! ```
//!
//! y_i is the label of the user's row at rank i (0 is the best), P the user's number of positives. The ideal is cut at
//! k too, so a perfect ranking has 1 (the course's variant differs here: [`course`](super::course)). Source: Järvelin
//! and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with the discount of Burges et al.
//! 2005.
//!
//! Range 0..1; the reported number is the mean over users with at least one positive, other users have none.

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "ndcg",
    "discounted gain of the first k over the best possible",
    ndcg_at,
)
.usual();

/// NDCG@k of one user's list. `None` without a positive or with k = 0.
pub fn ndcg_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let ideal: f64 = (0..ranked.positives.min(k)).map(discount).sum();
    let gain: f64 = ranked.hits(k).map(discount).sum();
    (ideal > 0.0).then(|| gain / ideal)
}

/// What a positive at `rank` (from 0) is worth.
fn discount(rank: usize) -> f64 {
    1.0 / ((rank + 2) as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // Discounts: 1/log2 2 = 1, 1/log2 3 = .63093, 1/log2 4 = .5.
        // Positives at ranks 1 and 2 of 3: (.63093 + .5) / (1 + .63093) = .69343.
        assert!(
            (ndcg_at(Ranked::whole(&[0, 1, 1]), 10).unwrap() - 1.130_930 / 1.630_930).abs() < 1e-6
        );
        // Cut at 2: .63093 / (1 + .63093) = .38685. Cut at 1: 0 / 1.
        assert!(
            (ndcg_at(Ranked::whole(&[0, 1, 1]), 2).unwrap() - 0.630_930 / 1.630_930).abs() < 1e-6
        );
        assert_eq!(ndcg_at(Ranked::whole(&[0, 1, 1]), 1), Some(0.0));
    }

    #[test]
    fn perfect_is_one_even_beyond_the_cut() {
        assert_eq!(ndcg_at(Ranked::whole(&[1; 30]), 10), Some(1.0));
        assert_eq!(ndcg_at(Ranked::whole(&[1, 1, 0, 0]), 10), Some(1.0));
        assert_eq!(ndcg_at(Ranked::whole(&[1]), 1), Some(1.0));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(ndcg_at(Ranked::whole(&[]), 10), None);
        assert_eq!(ndcg_at(Ranked::whole(&[0, 0]), 10), None);
        assert_eq!(ndcg_at(Ranked::whole(&[1, 0]), 0), None);
        assert_eq!(
            ndcg_at(Ranked::whole(&[0, 1]), usize::MAX),
            ndcg_at(Ranked::whole(&[0, 1]), 2)
        );
    }

    proptest! {
        #[test]
        fn in_range_and_better_when_a_positive_moves_up(mut ranked in prop::collection::vec(0u8..2, 2..30), k in 1usize..15, at in 0usize..29) {
            let at = at % (ranked.len() - 1);
            if let Some(before) = ndcg_at(Ranked::whole(&ranked), k) {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&before));
                if ranked[at] < ranked[at + 1] {
                    ranked.swap(at, at + 1);
                    let after = ndcg_at(Ranked::whole(&ranked), k).unwrap();
                    let counts = at < k;
                    prop_assert_eq!(after > before, counts);
                    prop_assert!(counts || after == before);
                }
            }
        }
    }
}
