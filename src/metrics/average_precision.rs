//! PR-AUC: the area under precision over recall, as average precision.
//!
//! ```text
//! AP = sum over thresholds t of  (recall_t - recall_(t-1)) precision_t
//! ```
//!
//! over the distinct scores from high to low: all rows of one score pass a threshold together. This is the step function without
//! interpolation (scikit-learn's `average_precision_score`; interpolating linearly between points is too kind: Davis and Goadrich, "The
//! Relationship Between Precision-Recall and ROC Curves", ICML 2006). Range 0..1; a constant or random score has the rate of positives,
//! which is why it tells more than the AUC where positives are rare. Undefined (`None`) without a positive.

use super::metric::{Metric, Of, metric};
use super::{input, ranking::rank_key};
use crate::error::Result;

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "pr_auc",
    "average precision: the area under precision over recall",
    true,
    Of::Order(average_precision),
);

/// The average precision of `scores` against `labels` (`[n]`, 0 or 1). `None` without a positive.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a NaN score.
pub fn average_precision(scores: &[f64], labels: &[u8]) -> Result<Option<f64>> {
    input::check(scores, labels)?;
    let rows = scores.iter().zip(labels);
    let mut ranked: Vec<(u64, u8)> = rows.map(|(&s, &label)| (rank_key(s), label)).collect();
    ranked.sort_unstable_by_key(|&(key, _)| key);
    let (mut rows, mut found, mut sum) = (0usize, 0usize, 0.0);
    for tie in ranked.chunk_by(|a, b| a.0 == b.0) {
        let positives = tie.iter().filter(|&&(_, label)| label != 0).count();
        rows += tie.len();
        found += positives;
        // recall rises by positives / P, and the precision there is found / rows.
        sum += positives as f64 * (found as f64 / rows as f64);
    }
    Ok((found > 0).then(|| sum / found as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// scikit-learn 1.9: `average_precision_score([1, 0, 1, 0, 1, 0], [.9, .8, .7, .7, .2, .1])`.
    #[test]
    fn as_scikit_learn_has_it() {
        let got = average_precision(&[0.9, 0.8, 0.7, 0.7, 0.2, 0.1], &[1, 0, 1, 0, 1, 0]);
        // By hand: 1/3 (1/1 + 2/4 + 3/5), the tie of .7 counting as a whole.
        assert!((got.unwrap().unwrap() - 0.7).abs() < 1e-15);
    }

    #[test]
    fn ends_of_the_range() {
        let of = |scores: &[f64], labels: &[u8]| average_precision(scores, labels).unwrap();
        assert_eq!(of(&[0.5; 4], &[1, 0, 0, 0]), Some(0.25));
        assert_eq!(of(&[2.0, 1.0, 0.0], &[1, 1, 0]), Some(1.0));
        assert_eq!((of(&[1.0], &[0]), of(&[], &[])), (None, None));
        assert!(average_precision(&[f64::NAN], &[1]).is_err());
    }

    proptest! {
        /// The definition by counting, for every positive the precision at its score.
        #[test]
        fn is_the_mean_precision_at_the_positives(rows in prop::collection::vec((-3i8..4, 0u8..2), 1..50)) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let positives: Vec<f64> = rows.iter().filter(|r| r.1 == 1).map(|r| f64::from(r.0)).collect();
            let precision = |at: &f64| {
                let above = scores.iter().filter(|s| *s >= at).count() as f64;
                positives.iter().filter(|s| *s >= at).count() as f64 / above
            };
            match average_precision(&scores, &labels).unwrap() {
                None => prop_assert!(positives.is_empty()),
                Some(got) => {
                    let mean = positives.iter().map(precision).sum::<f64>() / positives.len() as f64;
                    prop_assert!((got - mean).abs() < 1e-12, "{} {}", got, mean);
                }
            }
        }
    }
}
