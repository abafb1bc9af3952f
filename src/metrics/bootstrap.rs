//! How sure a difference of two models is, by resampling users: a user's rows hang together, users do not.
//!
//! ```text
//! value = sum_u (a_u - b_u) / sum_u n_u
//! ```
//!
//! over users u, with the sums a_u and b_u of what is measured (a loss over the user's rows, or one number a user) and their count
//! n_u. A resample draws as many users as there are, with repetition; the 2.5 % and 97.5 % quantiles of the values of
//! [`RESAMPLES`] of them are the 95 % interval (Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 1979;
//! the percentile interval). The draws come from ChaCha8 with the given seed: the same numbers on any machine.

use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::interval::Estimate;
use crate::error::{Error, Result};

/// Resamples of an interval: its ends are then sure to a few hundredths of its width.
pub const RESAMPLES: usize = 2_000;

/// What two models have for one user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfUser {
    /// The sum of the first model's.
    pub a: f64,
    /// The sum of the second's.
    pub b: f64,
    /// How many numbers these are the sums of.
    pub count: f64,
}

/// The paired difference of a minus b; none for fewer than two users.
///
/// # Errors
/// When a number is not finite.
pub fn paired(users: &[OfUser], seed: u64) -> Result<Option<Estimate>> {
    let finite = |user: &OfUser| user.a.is_finite() && user.b.is_finite() && user.count > 0.0;
    if !users.iter().all(finite) {
        let what = "a user's number is not finite, so models cannot be compared by it";
        return Err(Error::Data(what.into()));
    }
    if users.len() < 2 {
        return Ok(None);
    }
    let value = |users: &mut dyn Iterator<Item = &OfUser>| {
        let sums = users.fold((0.0, 0.0), |(sum, count), user| {
            (sum + user.a - user.b, count + user.count)
        });
        sums.0 / sums.1
    };
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..RESAMPLES).map(|_| {
        value(&mut (0..users.len()).map(|_| &users[generator.random_range(0..users.len())]))
    });
    Ok(percentiles(value(&mut users.iter()), values.collect()))
}

/// The estimate of `value` whose resamples have `values`: the middle 95 % of them. None for fewer than 40.
pub(super) fn percentiles(value: f64, mut values: Vec<f64>) -> Option<Estimate> {
    let n = values.len();
    if n < 40 {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    Some(Estimate {
        value,
        standard_error: (squares / (n - 1) as f64).sqrt(),
        low: values[n / 40],
        high: values[n - 1 - n / 40],
    })
}

/// `times` draws of as many of `users` as there are, with repetition, one after the other.
pub(super) fn resamples(users: usize, times: usize, seed: u64) -> impl Iterator<Item = Vec<u32>> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    (0..times).map(move |_| {
        let draws = 0..users;
        draws
            .map(|_| generator.random_range(0..users as u32))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::interval::paired_difference;

    fn one_number(differences: &[f64]) -> Vec<OfUser> {
        let of = |&a: &f64| OfUser {
            a,
            b: 0.0,
            count: 1.0,
        };
        differences.iter().map(of).collect()
    }

    /// Where the normal approximation holds, both agree.
    #[test]
    fn of_many_users_it_is_the_normal_interval() {
        let mut generator = ChaCha8Rng::seed_from_u64(7);
        let values: Vec<f64> = (0..1_000)
            .map(|_| generator.random::<f64>() - 0.4)
            .collect();
        let normal = paired_difference(&values, &vec![0.0; 1_000])
            .unwrap()
            .unwrap();
        let resampled = paired(&one_number(&values), 1).unwrap().unwrap();
        assert!((resampled.value - normal.value).abs() < 1e-12);
        let width = normal.high - normal.low;
        assert!(
            (resampled.low - normal.low).abs() < 0.08 * width,
            "{resampled:?} {normal:?}"
        );
        assert!(
            (resampled.high - normal.high).abs() < 0.08 * width,
            "{resampled:?} {normal:?}"
        );
        assert!((resampled.standard_error / normal.standard_error - 1.0).abs() < 0.08);
    }

    #[test]
    fn users_with_more_rows_weigh_more() {
        let users = [
            OfUser {
                a: 9.0,
                b: 0.0,
                count: 9.0,
            },
            OfUser {
                a: 0.0,
                b: 1.0,
                count: 1.0,
            },
        ];
        assert_eq!(paired(&users, 1).unwrap().unwrap().value, 0.8);
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_nothing_is_made_up() {
        let users = one_number(&[1.0, -2.0, 3.0]);
        assert_eq!(paired(&users, 3).unwrap(), paired(&users, 3).unwrap());
        assert_eq!(paired(&users[..1], 3).unwrap(), None);
        assert!(paired(&one_number(&[1.0, f64::NAN]), 3).is_err());
        let same = paired(&one_number(&[0.0; 5]), 1).unwrap().unwrap();
        assert_eq!((same.low, same.value, same.high), (0.0, 0.0, 0.0));
    }
}
