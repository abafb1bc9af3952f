//! How sure a number is: standard errors and 95 % intervals without resampling.
//!
//! A per-user metric is a mean over users, and users are the independent draws (a user's rows are not), so its standard
//! error is that of a mean of n values:
//!
//! ```text
//! mean = 1/n sum x_u      se = sqrt( sum (x_u - mean)^2 / (n - 1) / n )      95 %: mean -+ 1.96 se
//! ```
//!
//! by the central limit theorem (thousands of users here). Two models on the same rows are compared by the per-user
//! differences: what both find hard cancels, and the interval is much narrower than two separate ones suggest. For the
//! AUC see [`delong`](super::delong).
//!
//! What such an interval covers is the choice of test users; it knows nothing of the seed a model was trained with.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The 97.5 % point of the standard normal distribution.
pub(super) const Z95: f64 = 1.959_963_984_540_054;

/// A number with its standard error and its 95 % interval under the normal approximation.
///
/// The interval is not cut to a metric's range, so that it stays symmetric around `value`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean, AUC or difference.
    pub value: f64,
    /// One standard deviation of `value` over draws of the test set.
    pub standard_error: f64,
    /// `value - 1.96 standard_error`.
    pub low: f64,
    /// `value + 1.96 standard_error`.
    pub high: f64,
}

impl Estimate {
    /// The estimate of `value` whose sampling variance is `variance`.
    pub fn new(value: f64, variance: f64) -> Estimate {
        let standard_error = variance.sqrt();
        Estimate {
            value,
            standard_error,
            low: value - Z95 * standard_error,
            high: value + Z95 * standard_error,
        }
    }
}

/// The mean of independent `values` (one a user). `None` for fewer than two: one value has no spread.
///
/// # Errors
/// When a value is NaN or infinite.
pub fn mean(values: &[f64]) -> Result<Option<Estimate>> {
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::Data(format!(
            "value {at} (from 0) is {}, expected a finite number: leave out users for whom the metric is undefined",
            values[at]
        )));
    }
    Ok(
        moments(values.iter().copied())
            .map(|(mean, variance, n)| Estimate::new(mean, variance / n)),
    )
}

/// The 97.5 % points of Student's t distribution with 1, 2, ... degrees of freedom (R: `qt(.975, 1:9)`).
const T95: [f64; 9] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
];

/// The mean of a few independent `values`, such as the metric of one model under several seeds: as [`mean`], with Student's t in the
/// place of 1.96, which a handful of values needs. `None` for fewer than two.
///
/// # Errors
/// As [`mean`].
pub fn mean_of_few(values: &[f64]) -> Result<Option<Estimate>> {
    let t = T95.get(values.len().saturating_sub(2)).copied();
    let widened = |estimate: Estimate| {
        let half = t.unwrap_or(Z95) * estimate.standard_error;
        Estimate {
            low: estimate.value - half,
            high: estimate.value + half,
            ..estimate
        }
    };
    Ok(mean(values)?.map(widened))
}

/// The mean of `a[u] - b[u]`: positive when `a` is better. Both are the values of one metric for the same users in the
/// same order, as [`Rankings::values`](super::ranking::Rankings::values) gives them for two scores of the same rows.
/// `None` for fewer than two users.
///
/// # Errors
/// When the lengths differ, or a difference is NaN or infinite.
pub fn paired_difference(a: &[f64], b: &[f64]) -> Result<Option<Estimate>> {
    if a.len() != b.len() {
        return Err(Error::Data(format!(
            "cannot pair {} users with {}: compare two models on the same rows",
            a.len(),
            b.len()
        )));
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    mean(&differences)
}

/// Mean, unbiased variance and count; `None` for fewer than two values. Two passes, so that nothing cancels.
pub(super) fn moments(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64, f64)> {
    let n = values.clone().count() as f64;
    if n < 2.0 {
        return None;
    }
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    Some((mean, squares / (n - 1.0), n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Mean of 1, 2, 3, 6 is 3; squares 4 + 1 + 0 + 9 = 14; variance 14/3; se = sqrt(14/3/4) = 1.080123.
        let got = mean(&[1.0, 2.0, 3.0, 6.0]).unwrap().unwrap();
        assert_eq!(got.value, 3.0);
        assert!((got.standard_error - (14.0_f64 / 12.0).sqrt()).abs() < 1e-15);
        assert!((got.low - (3.0 - 2.117_003)).abs() < 1e-6 && (got.high - 5.117_003).abs() < 1e-6);
        // R: t.test(c(1, 2, 3, 6))$conf.int is -.437 to 6.437.
        let few = mean_of_few(&[1.0, 2.0, 3.0, 6.0]).unwrap().unwrap();
        assert!((few.low + 0.437).abs() < 1e-3 && (few.high - 6.437).abs() < 1e-3);
        assert_eq!(mean_of_few(&[1.0]).unwrap(), None);
    }

    #[test]
    fn pairing_removes_what_users_share() {
        // Users differ by whole units, the models by .1 throughout: the difference is certain though both means are
        // not.
        let b = [0.0, 1.0, 2.0, 3.0];
        let a = b.map(|x| x + 0.1);
        let difference = paired_difference(&a, &b).unwrap().unwrap();
        assert!((difference.value - 0.1).abs() < 1e-15 && difference.standard_error < 1e-15);
        assert!(mean(&a).unwrap().unwrap().standard_error > 0.6);
        // Differences 1, -1, 1, -1: mean 0, variance 4/3, se sqrt(1/3).
        let difference = paired_difference(&[1.0, 0.0, 1.0, 0.0], &[0.0, 1.0, 0.0, 1.0])
            .unwrap()
            .unwrap();
        assert_eq!(difference.value, 0.0);
        assert!((difference.standard_error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(mean(&[]).unwrap(), None);
        assert_eq!(mean(&[1.0]).unwrap(), None);
        assert_eq!(mean(&[1.0, 1.0]).unwrap().unwrap().standard_error, 0.0);
        assert!(
            mean(&[1.0, f64::NAN])
                .unwrap_err()
                .to_string()
                .contains("value 1")
        );
        assert!(
            paired_difference(&[1.0], &[1.0, 2.0])
                .unwrap_err()
                .to_string()
                .contains("1 users with 2")
        );
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        use ndarray_rand::rand::{Rng, SeedableRng};
        let mut generator = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let covered = (0..2000).filter(|_| {
            let values: Vec<f64> = (0..100).map(|_| generator.random()).collect();
            let interval = mean(&values).unwrap().unwrap();
            interval.low <= 0.5 && 0.5 <= interval.high
        });
        let share = covered.count() as f64 / 2000.0;
        assert!((0.93..0.97).contains(&share), "{share}");
    }
}
