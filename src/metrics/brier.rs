//! Brier score: the mean squared error of the probability.
//!
//! ```text
//! Brier = 1/n * sum over rows of  (p - y)^2
//! ```
//!
//! Source: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 1950 (half of his, which sums
//! over both classes; this is the form of scikit-learn's `brier_score_loss`). Range 0..1; r (1 - r) for the constant r that is the
//! rate of positives. Unlike the log loss it does not punish a certain mistake without end. Undefined (`None`) without rows.

use super::loss::{Loss, sigmoid};
use super::metric::{Metric, Of, metric};

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "brier",
    "mean squared error of the probability",
    false,
    Of::Loss(LOSS),
);

/// The loss of a row.
pub const LOSS: Loss = Loss {
    of_logit: |logit, label| squared(sigmoid(logit), label),
    of_probability: squared,
};

fn squared(probability: f64, label: u8) -> f64 {
    let error = probability - f64::from(label);
    error * error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // (.8 - 1)^2 = .04, (.4 - 0)^2 = .16: mean .1.
        let got = LOSS.mean_of_probabilities(&[0.8, 0.4], &[1, 0]).unwrap();
        assert!((got - 0.1).abs() < 1e-15);
        // Logit 0 is p = 1/2: .25, whatever the label.
        assert_eq!(LOSS.mean_of_logits(&[0.0, 0.0], &[1, 0]), Some(0.25));
        assert_eq!(LOSS.mean_of_logits(&[], &[]), None);
    }
}
