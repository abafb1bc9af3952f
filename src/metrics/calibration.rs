//! Whether probabilities are what they say: of the rows given 30 %, are 30 % positive?
//!
//! Rows are put into bins by their probability; b is a bin, n_b its rows:
//!
//! ```text
//! ECE = sum over bins of  n_b / n * | mean probability of b - rate of positives in b |
//! ```
//!
//! with [`BINS`] bins of equal width (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; 15 as
//! in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). Range 0..1. It sees the bins only: a constant that is the rate of
//! positives has 0, so read it beside the AUC. Undefined (`None`) without rows.

use super::input;
use super::metric::{Metric, Of, metric};
use crate::error::Result;

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "ece",
    "expected calibration error, 15 bins of equal width",
    false,
    Of::Probabilities(expected_calibration_error),
);

/// The bins of [`expected_calibration_error`].
pub const BINS: usize = 15;

/// The rows of a bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// How many have their probability in it.
    pub rows: usize,
    /// The sum of their probabilities.
    pub expected: f64,
    /// How many are positive.
    pub positives: usize,
}

impl Bin {
    /// The mean of the probabilities; none for an empty bin.
    pub fn mean(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.expected / self.rows as f64)
    }

    /// The share of positives; none for an empty bin.
    pub fn rate(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.positives as f64 / self.rows as f64)
    }

    /// Takes a row in.
    pub fn add(&mut self, probability: f64, label: u8) {
        self.rows += 1;
        self.expected += probability;
        self.positives += usize::from(label != 0);
    }
}

/// `bins` bins of equal width over 0..1; 1 itself is in the last one.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, or a probability outside 0..=1.
pub fn of_equal_width(probabilities: &[f64], labels: &[u8], bins: usize) -> Result<Vec<Bin>> {
    input::check_probabilities(probabilities, labels)?;
    let mut all = vec![Bin::default(); bins];
    for (&p, &label) in probabilities.iter().zip(labels) {
        let place = (p * bins as f64) as usize;
        if let Some(bin) = all.get_mut(place.min(bins.saturating_sub(1))) {
            bin.add(p, label);
        }
    }
    Ok(all)
}

/// The expected calibration error of `probabilities` against `labels` (`[n]`, 0 or 1). `None` without rows.
///
/// # Errors
/// As [`of_equal_width`].
pub fn expected_calibration_error(probabilities: &[f64], labels: &[u8]) -> Result<Option<f64>> {
    let bins = of_equal_width(probabilities, labels, BINS)?;
    let gaps = bins
        .iter()
        .map(|bin| (bin.expected - bin.positives as f64).abs());
    let rows = labels.len();
    Ok((rows > 0).then(|| gaps.sum::<f64>() / rows as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Width 1/15 = .0667. .10 and .12 share bin 1: expected .22, one positive: gap .78. .95 is alone in bin 14: gap .05.
        let got = expected_calibration_error(&[0.10, 0.12, 0.95], &[1, 0, 1]).unwrap();
        assert!((got.unwrap() - (0.78 + 0.05) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn the_ends_are_in_the_outer_bins() {
        let bins = of_equal_width(&[0.0, 1.0, 0.5], &[0, 1, 1], 2).unwrap();
        assert_eq!((bins[0].rows, bins[1].rows, bins[1].positives), (1, 2, 2));
        assert_eq!((bins[0].mean(), bins[1].mean()), (Some(0.0), Some(0.75)));
        assert_eq!((bins[1].rate(), Bin::default().rate()), (Some(1.0), None));
        assert!(of_equal_width(&[1.1], &[1], 2).is_err());
        assert_eq!(expected_calibration_error(&[], &[]).unwrap(), None);
    }

    #[test]
    fn what_is_right_on_average_has_none() {
        let got = expected_calibration_error(&[0.5; 4], &[1, 0, 1, 0]).unwrap();
        assert_eq!(got, Some(0.0));
        assert_eq!(
            expected_calibration_error(&[0.75; 4], &[1, 0, 1, 0]).unwrap(),
            Some(0.25)
        );
    }
}
