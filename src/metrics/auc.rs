//! AUC: the area under the ROC curve.
//!
//! The probability that a positive drawn at random has a higher score than a negative drawn at random, a tie counting
//! half:
//!
//! ```text
//! AUC = 1/(P N) * sum over positives p, negatives n of  [s_p > s_n] + 1/2 [s_p = s_n]
//! ```
//!
//! with P positives and N negatives (the statistic U of Mann and Whitney 1947 divided by P N; Hanley and McNeil 1982
//! show that it is the area under the trapezoidal ROC curve). Range 0..1, 0.5 for a constant or random score. Undefined
//! (`None`) when either class is missing.
//!
//! One sort makes it O(n log n); pairs are counted in integers, so the only rounding is the final division.

use super::metric::{Metric, Of, metric};
use super::{input, ranking::rank_key};
use crate::error::Result;

/// Its entry in the list.
pub const METRIC: Metric = metric("auc", "area under the ROC curve", true, Of::Auc).usual();

/// The AUC of `scores` (`[n]`, f32 or f64, any monotone scale) against `labels` (`[n]`, 0 or 1).
/// `None` when a class is missing.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a NaN score.
pub fn auc<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Result<Option<f64>> {
    input::check(scores, labels)?;
    let mut ranked: Vec<(u64, u8)> = scores
        .iter()
        .zip(labels)
        .map(|(&score, &label)| (rank_key(score.into()), label))
        .collect();
    ranked.sort_unstable_by_key(|&(key, _)| key);
    Ok(auc_of_ranked(ranked))
}

/// The AUC of rows `(rank key, label)` that come best first: equal scores have equal keys and stand together.
/// `None` when a class is missing.
pub(super) fn auc_of_ranked(ranked: impl IntoIterator<Item = (u64, u8)>) -> Option<f64> {
    let mut tie = Tie::default();
    let (mut positives, mut negatives) = (0u128, 0u128);
    // Twice the number of pairs won, so that the halves of ties stay integers.
    let mut twice_won = 0u128;
    let mut close = |tie: &Tie| {
        // Each negative of the tie loses to every positive above it and draws with every positive in it.
        twice_won += tie.negatives * (2 * positives + tie.positives);
        positives += tie.positives;
        negatives += tie.negatives;
    };
    for (key, label) in ranked {
        if key != tie.key {
            close(&tie);
            tie = Tie {
                key,
                ..Tie::default()
            };
        }
        tie.positives += u128::from(label != 0);
        tie.negatives += u128::from(label == 0);
    }
    close(&tie);
    let pairs = positives * negatives;
    (pairs > 0).then(|| twice_won as f64 / (2 * pairs) as f64)
}

/// The rows of one score, counted by class.
#[derive(Default)]
struct Tie {
    /// The rows' rank key; equal scores have equal keys.
    key: u64,
    positives: u128,
    negatives: u128,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: every pair of a positive and a negative.
    fn definition(scores: &[f32], labels: &[u8]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (p, _) in labels.iter().enumerate().filter(|&(_, &y)| y == 1) {
            for (n, _) in labels.iter().enumerate().filter(|&(_, &y)| y == 0) {
                pairs += 1.0;
                if scores[p] > scores[n] {
                    won += 1.0;
                } else if scores[p] == scores[n] {
                    won += 0.5;
                }
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    #[test]
    fn by_hand() {
        // Positives 0.8 and 0.4, negatives 0.4 and 0.2. Pairs: .8>.4 1, .8>.2 1, .4=.4 1/2, .4>.2 1: 3.5 of 4.
        let scores = [0.8_f32, 0.4, 0.4, 0.2];
        assert_eq!(auc(&scores, &[1, 1, 0, 0]).unwrap(), Some(3.5 / 4.0));
        // Perfect, reversed, constant.
        assert_eq!(auc(&[3.0_f32, 2.0, 1.0], &[1, 1, 0]).unwrap(), Some(1.0));
        assert_eq!(auc(&[1.0_f32, 2.0, 3.0], &[1, 1, 0]).unwrap(), Some(0.0));
        assert_eq!(auc(&[7.0_f32; 3], &[1, 0, 0]).unwrap(), Some(0.5));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(auc::<f32>(&[], &[]).unwrap(), None);
        assert_eq!(auc(&[1.0_f32, 2.0], &[1, 1]).unwrap(), None);
        assert_eq!(auc(&[1.0_f32, 2.0], &[0, 0]).unwrap(), None);
        assert!(auc(&[f32::NAN, 2.0], &[0, 1]).is_err());
        // Zero and minus zero are the same score; infinities are the extreme ones.
        assert_eq!(auc(&[0.0_f32, -0.0], &[0, 1]).unwrap(), Some(0.5));
        let infinite = [f32::NEG_INFINITY, 0.0, f32::INFINITY];
        assert_eq!(auc(&infinite, &[0, 0, 1]).unwrap(), Some(1.0));
    }

    proptest! {
        #[test]
        fn equals_all_pairs(rows in prop::collection::vec((-3i8..4, 0u8..2), 0..120)) {
            // Few distinct scores: nearly every row is tied.
            let scores: Vec<f32> = rows.iter().map(|r| f32::from(r.0) * 0.5).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            prop_assert_eq!(auc(&scores, &labels).unwrap(), definition(&scores, &labels));
        }

        #[test]
        fn equals_all_pairs_without_ties(rows in prop::collection::vec((any::<i32>(), 0u8..2), 0..120)) {
            let scores: Vec<f32> = rows.iter().map(|r| r.0 as f32).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            prop_assert_eq!(auc(&scores, &labels).unwrap(), definition(&scores, &labels));
        }
    }
}
