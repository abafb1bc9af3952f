//! Log loss: the mean binary cross-entropy, in nats.
//!
//! ```text
//! logloss = 1/n * sum over rows of  -y ln p - (1 - y) ln(1 - p)
//! ```
//!
//! With p = sigmoid(z) a row's loss is `softplus(z) - y z`, which for y in {0, 1} is softplus(-z) for a positive and
//! softplus(z) for a negative; `softplus(x) = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)` neither overflows nor cancels
//! (the form of TensorFlow's `sigmoid_cross_entropy_with_logits`). Models are measured from logits; probabilities are
//! for baselines.
//!
//! Range 0..infinity; ln 2 = 0.6931 for p = 1/2 throughout. Nothing is clamped: a probability of exactly 0 or 1
//! on the wrong side (or an infinite logit there) makes the mean +infinity, on the right side it costs nothing.
//! Undefined (`None`) without rows.

use super::input;
use super::loss::Loss;
use super::metric::{Metric, Of, metric};
use crate::error::Result;

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "logloss",
    "mean binary cross-entropy, nats",
    false,
    Of::Loss(LOSS),
)
.usual();

/// The loss of a row.
pub const LOSS: Loss = Loss {
    of_logit: |logit, label| softplus(if label == 1 { -logit } else { logit }),
    // ln_1p keeps the digits of 1 - p for small p.
    of_probability: |p, label| if label == 1 { -p.ln() } else { -(-p).ln_1p() },
};

/// Mean log loss of `logits` (`[n]`) against `labels` (`[n]`, 0 or 1), summed in f64. `None` without rows.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a NaN logit.
pub fn logloss_of_logits(logits: &[f32], labels: &[u8]) -> Result<Option<f64>> {
    input::check(logits, labels)?;
    Ok(LOSS.mean_of_logits(logits, labels))
}

/// Mean log loss of `probabilities` (`[n]`, each in 0..=1) against `labels` (`[n]`, 0 or 1). `None` without rows.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, a NaN, or a probability outside 0..=1.
pub fn logloss_of_probabilities(probabilities: &[f64], labels: &[u8]) -> Result<Option<f64>> {
    input::check_probabilities(probabilities, labels)?;
    Ok(LOSS.mean_of_probabilities(probabilities, labels))
}

/// `ln(1 + e^x)` for any x, infinities included.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // p = .8 for a positive: -ln .8 = .22314; p = .4 for a negative: -ln .6 = .51083; mean .36698.
        let got = logloss_of_probabilities(&[0.8, 0.4], &[1, 0])
            .unwrap()
            .unwrap();
        assert!((got - (0.223_143_551 + 0.510_825_624) / 2.0).abs() < 1e-9);
        // The same as logits: ln(.8/.2) = ln 4, ln(.4/.6) = ln(2/3).
        let logits = [4.0_f32.ln(), (2.0_f32 / 3.0).ln()];
        let same = logloss_of_logits(&logits, &[1, 0]).unwrap().unwrap();
        assert!((got - same).abs() < 1e-7);
        // Logit 0 is p = 1/2: ln 2, whatever the label.
        let half = logloss_of_logits(&[0.0, -0.0], &[1, 0]).unwrap().unwrap();
        assert!((half - std::f64::consts::LN_2).abs() < 1e-15);
    }

    #[test]
    fn extreme_logits_stay_exact() {
        let of = |logit, label| logloss_of_logits(&[logit], &[label]).unwrap().unwrap();
        // Wrong by 1e4 costs 1e4; right by 1e4 costs e^-1e4 = 0.
        assert_eq!((of(1e4, 0), of(-1e4, 1)), (1e4, 1e4));
        assert_eq!((of(1e4, 1), of(-1e4, 0)), (0.0, 0.0));
        // At 50 the cost is e^-50, far below the precision of 1 - sigmoid(50).
        assert!((of(50.0, 1) / (-50.0_f64).exp() - 1.0).abs() < 1e-12);
        assert_eq!(
            (of(f32::INFINITY, 1), of(f32::INFINITY, 0)),
            (0.0, f64::INFINITY)
        );
    }

    #[test]
    fn certain_probabilities_are_not_clamped() {
        let of = |p, label| logloss_of_probabilities(&[p], &[label]).unwrap().unwrap();
        assert_eq!((of(1.0, 1), of(0.0, 0)), (0.0, 0.0));
        assert_eq!((of(0.0, 1), of(1.0, 0)), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(logloss_of_logits(&[], &[]).unwrap(), None);
        assert_eq!(logloss_of_probabilities(&[], &[]).unwrap(), None);
        assert!(logloss_of_logits(&[f32::NAN], &[1]).is_err());
        let outside = logloss_of_probabilities(&[0.5, 1.5], &[1, 0]).unwrap_err();
        assert!(
            outside
                .to_string()
                .contains("row 1 (from 0) has the probability 1.5")
        );
    }

    proptest! {
        #[test]
        fn logits_equal_their_probabilities(rows in prop::collection::vec((-15.0f32..15.0, 0u8..2), 1..50)) {
            let logits: Vec<f32> = rows.iter().map(|r| r.0).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let probabilities: Vec<f64> = logits.iter().map(|&z| 1.0 / (1.0 + (-f64::from(z)).exp())).collect();
            let a = logloss_of_logits(&logits, &labels).unwrap().unwrap();
            let b = logloss_of_probabilities(&probabilities, &labels).unwrap().unwrap();
            prop_assert!((a - b).abs() < 1e-9 * (1.0 + a));
        }
    }
}
