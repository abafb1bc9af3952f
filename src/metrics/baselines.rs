//! What a model has to beat: rankings that need no training, measured by the same metrics on the same test rows.
//!
//! | name | score of a test row |
//! |---|---|
//! | `random` | a uniform random number |
//! | `popularity` | the number of training rows of its item |
//! | `positive_rate` | r(item), the smoothed positive rate of its item |
//! | `positive_rate_user_item` | sigmoid( logit r(item) + logit r(user) - logit p ) |
//! | `user_item_bias` | the same shape, both fitted together: [`super::bias`] |
//!
//! ```text
//! r(x) = (positives of x + 5 p) / (training rows of x + 5)
//! ```
//!
//! p is the positive rate of the whole table; the prior of five rows pulls rare items and users to it, and an unseen
//! one has p itself. Training rows are all rows that are not test rows, validation included. `random` and `popularity`
//! only rank, so they have no log loss. Ties keep the order of the test rows.

use std::collections::HashMap;

use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::interactions::Interactions;
use super::{MetricName, Metrics, Scores, bias, evaluate};
use crate::error::{Error, Result};

/// How many rows of rate p every item and user is given beforehand.
const PRIOR_ROWS: f64 = 5.0;

/// The metrics `names` of all baselines on `test`, in the order of the table above; without users the last two are left out.
/// `p` is the positive rate of the whole table, `seed` that of `random`.
///
/// # Errors
/// When lengths differ, a label is neither 0 nor 1, or p does not lie strictly between 0 and 1.
pub fn baselines(
    train: Interactions<'_>,
    test: Interactions<'_>,
    p: f64,
    seed: u64,
    names: &[MetricName],
) -> Result<Vec<(&'static str, Metrics)>> {
    train.check()?;
    test.check()?;
    if !(p > 0.0 && p < 1.0) {
        return Err(Error::Data(format!(
            "the positive rate of the table is {p}, expected between 0 and 1 (both excluded): the baselines need rows of both classes, \
             check the label rule"
        )));
    }
    let measure = |scores: Scores<'_>| evaluate(scores, test.labels, test.users, names);
    let item_rates = positive_rate(train.items, train.labels, test.items, p);
    let mut all = vec![
        (
            "random",
            measure(Scores::Ranking(&random(test.labels.len(), seed)))?,
        ),
        (
            "popularity",
            measure(Scores::Ranking(&popularity(train.items, test.items)))?,
        ),
        (
            "positive_rate",
            measure(Scores::Probabilities(&item_rates))?,
        ),
    ];
    if let (Some(train_users), Some(test_users)) = (train.users, test.users) {
        let user_rates = positive_rate(train_users, train.labels, test_users, p);
        let both = add_in_logits(&item_rates, &user_rates, p);
        all.push((
            "positive_rate_user_item",
            measure(Scores::Probabilities(&both))?,
        ));
    }
    if let Some(biases) = bias::user_and_item(train, test, p) {
        all.push(("user_item_bias", measure(Scores::Probabilities(&biases))?));
    }
    Ok(all)
}

/// A uniform random score for each of `rows` rows; the same for the same seed on every machine.
fn random(rows: usize, seed: u64) -> Vec<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    (0..rows).map(|_| generator.random()).collect()
}

/// For each test row the number of training rows of its item.
fn popularity(train_items: &[u32], test_items: &[u32]) -> Vec<f64> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for &item in train_items {
        *counts.entry(item).or_default() += 1;
    }
    let count = |item| counts.get(item).copied().unwrap_or(0);
    test_items
        .iter()
        .map(|item| f64::from(count(item)))
        .collect()
}

/// For each test row the smoothed positive rate r of its code (of its item, or of its user). `train_codes` and
/// `train_labels` go together.
pub(crate) fn positive_rate(
    train_codes: &[u32],
    train_labels: &[u8],
    test_codes: &[u32],
    p: f64,
) -> Vec<f64> {
    let mut counts: HashMap<u32, (u32, u32)> = HashMap::new();
    for (&code, &label) in train_codes.iter().zip(train_labels) {
        let (positives, rows) = counts.entry(code).or_default();
        *positives += u32::from(label != 0);
        *rows += 1;
    }
    let rate = |code| {
        let (positives, rows) = counts.get(code).copied().unwrap_or((0, 0));
        (f64::from(positives) + PRIOR_ROWS * p) / (f64::from(rows) + PRIOR_ROWS)
    };
    test_codes.iter().map(rate).collect()
}

/// sigmoid( logit `item_rates[i]` + logit `user_rates[i]` - logit p ): the probability when item and user shift the
/// log-odds of p independently of each other. All in (0, 1).
fn add_in_logits(item_rates: &[f64], user_rates: &[f64], p: f64) -> Vec<f64> {
    let logit = |rate: f64| (rate / (1.0 - rate)).ln();
    let rates = item_rates.iter().zip(user_rates);
    rates
        .map(|(&item, &user)| 1.0 / (1.0 + (logit(p) - logit(item) - logit(user)).exp()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baselines(
        train: Interactions<'_>,
        test: Interactions<'_>,
        p: f64,
        seed: u64,
    ) -> Result<Vec<(&'static str, Metrics)>> {
        super::baselines(train, test, p, seed, &MetricName::usual())
    }

    #[test]
    fn rates_by_hand() {
        // Item 1: three rows, two positive; item 2: one row, negative; item 3 unseen. p = .6.
        let (items, labels) = ([1, 1, 2, 1], [1, 0, 0, 1]);
        assert_eq!(popularity(&items, &[3, 2, 1]), [0.0, 1.0, 3.0]);
        // (2 + 3)/(3 + 5) = .625, (0 + 3)/(1 + 5) = .5, (0 + 3)/(0 + 5) = .6.
        assert_eq!(
            positive_rate(&items, &labels, &[1, 2, 3], 0.6),
            [0.625, 0.5, 0.6]
        );
    }

    #[test]
    fn logits_add() {
        // Odds multiply: item 3/1, user 1/1, p 1/3: 3 * 1 / (1/3) = 9 to 1. A user like everybody (rate p) changes
        // nothing.
        let got = add_in_logits(&[0.75, 0.75], &[0.5, 0.25], 0.25);
        assert!((got[0] - 0.9).abs() < 1e-15 && (got[1] - 0.75).abs() < 1e-15);
    }

    #[test]
    fn random_is_of_its_seed() {
        assert_eq!(random(3, 42), random(3, 42));
        assert_ne!(random(3, 42), random(3, 43));
        // Pinned: the published baseline must not move with a release of the generator.
        assert_eq!(random(1, 42), [0.681_896_192_306_671_4]);
    }

    #[test]
    fn names_order_and_what_is_undefined() {
        let train = Interactions {
            users: Some(&[0, 1, 0]),
            items: &[5, 5, 6],
            labels: &[1, 1, 0],
        };
        let test = Interactions {
            users: Some(&[0, 0, 9]),
            items: &[6, 5, 7],
            labels: &[0, 1, 0],
        };
        let all = baselines(train, test, 0.5, 1).unwrap();
        let names: Vec<_> = all.iter().map(|b| b.0).collect();
        assert_eq!(
            names,
            [
                "random",
                "popularity",
                "positive_rate",
                "positive_rate_user_item",
                "user_item_bias"
            ]
        );
        let has_logloss: Vec<_> = all.iter().map(|b| b.1.get("logloss").is_some()).collect();
        assert_eq!(has_logloss, [false, false, true, true, true]);
        // Item 5 (count 2, rate 4.5/7) stands above item 6 (count 1, rate 2.5/6) for user 0.
        assert!(all[1..].iter().all(|b| b.1.get("gauc") == Some(1.0)));

        let without_users = |rows: Interactions<'static>| Interactions {
            users: None,
            ..rows
        };
        let all = baselines(without_users(train), without_users(test), 0.5, 1).unwrap();
        assert_eq!((all.len(), all[2].1.get("gauc")), (3, None));
        assert!(all[2].1.get("auc").is_some());
    }

    #[test]
    fn degenerate_input() {
        let rows = Interactions {
            users: Some(&[0]),
            items: &[5],
            labels: &[1],
        };
        let nothing = Interactions {
            users: Some(&[]),
            items: &[],
            labels: &[],
        };
        // Nothing to learn from: everything is p and tied. Nothing to test: every metric is undefined.
        assert_eq!(
            baselines(nothing, rows, 0.5, 1).unwrap()[3]
                .1
                .get("logloss"),
            Some(std::f64::consts::LN_2)
        );
        let untested = baselines(rows, nothing, 0.5, 1).unwrap();
        assert!(untested[0].1.values().all(|value| value.is_none()));
        for p in [0.0, 1.0, f64::NAN] {
            assert!(
                baselines(rows, rows, p, 1)
                    .unwrap_err()
                    .to_string()
                    .contains("positive rate of the table")
            );
        }
        assert!(baselines(Interactions { items: &[], ..rows }, rows, 0.5, 1).is_err());
        assert!(
            baselines(
                rows,
                Interactions {
                    labels: &[2],
                    ..rows
                },
                0.5,
                1
            )
            .is_err()
        );
    }
}
