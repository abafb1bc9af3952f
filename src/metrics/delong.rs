//! The standard error of an AUC, and of the difference of two AUCs on the same rows.
//!
//! The AUC is the mean of a number that each positive has, and as well of one that each negative has:
//!
//! ```text
//! V(p) = share of the negatives that positive p beats      (a tie counts half)
//! V(n) = share of the positives that beat negative n
//! var(AUC) = S1 / P + S0 / N       S1, S0: the sample variances of V over the P positives, the N negatives
//! ```
//!
//! (DeLong, DeLong and Clarke-Pearson, Biometrics 1988.) For two models the V of one minus the V of the other take the
//! place of V, which accounts for their correlation. One sort gives all V: O(n log n), after Sun and Xu, IEEE Signal
//! Processing Letters 2014. Rows count as independent draws; when they are not (many rows a user), the error may be
//! too small.
//!
//! Undefined (`None`) with fewer than two rows of either class; a perfect ranking has the error 0.

use super::{
    input,
    interval::{Estimate, moments},
    ranking::rank_key,
};
use crate::error::Result;

/// The AUC of `scores` (`[n]`) against `labels` (`[n]`, 0 or 1) with its standard error.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a NaN score.
pub fn auc_estimate<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Result<Option<Estimate>> {
    Ok(estimate(&components(scores, labels)?, labels))
}

/// AUC of `a` minus AUC of `b` with its standard error; both score the same rows (`[n]`).
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a NaN score.
pub fn auc_difference<S: Copy + Into<f64>>(
    a: &[S],
    b: &[S],
    labels: &[u8],
) -> Result<Option<Estimate>> {
    let mut v = components(a, labels)?;
    for (v, of_b) in v.iter_mut().zip(components(b, labels)?) {
        *v -= of_b;
    }
    Ok(estimate(&v, labels))
}

/// Mean and variance from the components `v`, one a row.
fn estimate(v: &[f64], labels: &[u8]) -> Option<Estimate> {
    let of_class = |class| {
        let rows = v
            .iter()
            .zip(labels)
            .filter(move |&(_, &label)| label == class);
        moments(rows.map(|(&v, _)| v))
    };
    let (value, s1, positives) = of_class(1)?;
    let (_, s0, negatives) = of_class(0)?;
    Some(Estimate::new(value, s1 / positives + s0 / negatives))
}

/// V of each row, `[n]` in row order; NaN for a row whose opposite class is missing.
fn components<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Result<Vec<f64>> {
    input::check(scores, labels)?;
    let mut ranked: Vec<(u64, u32)> = scores
        .iter()
        .map(|&score| rank_key(score.into()))
        .zip(0u32..)
        .collect();
    ranked.sort_unstable();
    let count = |rows: &[(u64, u32)], class| {
        rows.iter()
            .filter(|row| labels[row.1 as usize] == class)
            .count() as f64
    };
    let (positives, negatives) = (count(&ranked, 1), count(&ranked, 0));
    let mut v = vec![0.0; labels.len()];
    let (mut positives_above, mut negatives_below) = (0.0, negatives);
    for tie in ranked.chunk_by(|a, b| a.0 == b.0) {
        let (tied_positives, tied_negatives) = (count(tie, 1), count(tie, 0));
        negatives_below -= tied_negatives;
        for &(_, row) in tie {
            v[row as usize] = if labels[row as usize] == 1 {
                (negatives_below + tied_negatives / 2.0) / negatives
            } else {
                (positives_above + tied_positives / 2.0) / positives
            };
        }
        positives_above += tied_positives;
    }
    Ok(v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::auc::auc;
    use ndarray_rand::rand::{Rng, SeedableRng};
    use proptest::prelude::*;

    /// The structural components by their definition, over all pairs.
    fn definition(scores: &[f64], labels: &[u8], row: usize) -> f64 {
        let others: Vec<usize> = (0..labels.len())
            .filter(|&o| labels[o] != labels[row])
            .collect();
        let won = others.iter().map(|&o| {
            let (p, n) = if labels[row] == 1 { (row, o) } else { (o, row) };
            if scores[p] == scores[n] {
                0.5
            } else {
                f64::from(scores[p] > scores[n])
            }
        });
        won.sum::<f64>() / others.len() as f64
    }

    #[test]
    fn by_hand() {
        // Positives 4, 2; negatives 3, 1, 0. V(4) = 1, V(2) = 2/3: mean 5/6, variance 2 (1/6)^2 / 1 = 1/18.
        // V(3) = 1/2, V(1) = V(0) = 1: mean 5/6, variance ((1/3)^2 + 2 (1/6)^2) / 2 = 1/12.
        // var = 1/18 / 2 + 1/12 / 3 = 1/18.
        let got = auc_estimate(&[4.0, 3.0, 2.0, 1.0, 0.0], &[1, 0, 1, 0, 0])
            .unwrap()
            .unwrap();
        assert!((got.value - 5.0 / 6.0).abs() < 1e-15);
        assert!((got.standard_error - (1.0_f64 / 18.0).sqrt()).abs() < 1e-15);
        let perfect = auc_estimate(&[4.0, 3.0, 2.0, 1.0], &[1, 1, 0, 0])
            .unwrap()
            .unwrap();
        assert_eq!((perfect.value, perfect.standard_error), (1.0, 0.0));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(auc_estimate::<f32>(&[], &[]).unwrap(), None);
        assert_eq!(auc_estimate(&[1.0, 2.0], &[1, 1]).unwrap(), None);
        assert_eq!(auc_estimate(&[1.0, 2.0, 3.0], &[1, 0, 1]).unwrap(), None);
        assert!(auc_estimate(&[f64::NAN], &[1]).is_err());
        assert!(auc_difference(&[1.0], &[1.0, 2.0], &[1]).is_err());
    }

    #[test]
    fn errors_equal_the_spread_over_many_draws() {
        // Scores of positives lie .5 higher; model b sees a's score through noise. 400 draws of 60 rows.
        let mut generator = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let (mut estimates, mut differences) = (Vec::new(), Vec::new());
        for _ in 0..400 {
            let labels: Vec<u8> = (0..60)
                .map(|_| u8::from(generator.random::<f64>() < 0.4))
                .collect();
            let a: Vec<f64> = labels
                .iter()
                .map(|&y| 0.5 * f64::from(y) + generator.random::<f64>())
                .collect();
            let b: Vec<f64> = a.iter().map(|a| a + generator.random::<f64>()).collect();
            estimates.push(auc_estimate(&a, &labels).unwrap().unwrap());
            differences.push(auc_difference(&a, &b, &labels).unwrap().unwrap());
        }
        for draws in [estimates, differences] {
            let (_, variance, n) = moments(draws.iter().map(|draw| draw.value)).unwrap();
            let claimed = draws
                .iter()
                .map(|draw| draw.standard_error.powi(2))
                .sum::<f64>()
                / n;
            assert!(
                (claimed / variance - 1.0).abs() < 0.2,
                "{claimed} {variance}"
            );
        }
    }

    proptest! {
        #[test]
        fn equals_all_pairs(rows in prop::collection::vec((-3i8..4, 0u8..2), 4..80)) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let v = components(&scores, &labels).unwrap();
            if let Some(got) = auc_estimate(&scores, &labels).unwrap() {
                for (row, v) in v.iter().enumerate() {
                    prop_assert!((v - definition(&scores, &labels, row)).abs() < 1e-14);
                }
                prop_assert!((got.value - auc(&scores, &labels).unwrap().unwrap()).abs() < 1e-14);
            }
        }

        #[test]
        fn a_model_does_not_differ_from_its_rescaling(rows in prop::collection::vec((-9i8..10, 0u8..2), 4..40)) {
            let a: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let b: Vec<f64> = a.iter().map(|x| 3.0 * x - 1.0).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            if let Some(got) = auc_difference(&a, &b, &labels).unwrap() {
                prop_assert_eq!((got.value, got.standard_error), (0.0, 0.0));
            }
        }
    }
}
