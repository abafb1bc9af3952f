//! How sure each metric is, and how sure a difference of two systems: every metric by the way that fits it.
//!
//! | metric | 95 % interval |
//! |---|---|
//! | AUC | DeLong ([`delong`](super::delong)) |
//! | a mean over rows or users | bootstrap over users of sums ([`bootstrap`]) |
//! | any other | bootstrap over users, the metric computed anew for each of [`RESAMPLES`] resamples |
//!
//! Where there are no users, every row is one of its own.

use rayon::prelude::*;

use super::bootstrap::{self, OfUser};
use super::delong::{auc_difference, auc_estimate};
use super::interval::Estimate;
use super::items::Lists;
use super::loss::Loss;
use super::metric::Of;
use super::name::MetricName;
use super::prepared::Prepared;
use super::scores::Scores;
use crate::error::{Error, Result};

/// Resamples of a metric that must be computed anew for each.
pub const RESAMPLES: usize = 400;

/// How many of them are held in memory at once.
const AT_ONCE: usize = 32;

/// The rows that are measured.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// 0 or 1: `[n]`.
    pub labels: &'a [u8],
    /// Any codes: `[n]`; without users the per-user metrics have no estimate.
    pub users: Option<&'a [u32]>,
    /// Of the bootstrap.
    pub seed: u64,
}

impl Rows<'_> {
    /// The metrics `names` of `a` with their intervals, or with `b` those of a less b. None where one is undefined, infinite, or there are too few
    /// rows to tell.
    ///
    /// # Errors
    /// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
    pub fn estimates(
        &self,
        names: &[MetricName],
        a: Scores<'_>,
        b: Option<Scores<'_>>,
    ) -> Result<Vec<Option<Estimate>>> {
        let prepare = |scores| Prepared::new(scores, self.labels, self.users, names);
        let systems = (prepare(a)?, b.map(prepare).transpose()?);
        let rows_of = rows_of_users(self.users, self.labels.len());
        let estimate = |name: &MetricName| self.estimate(*name, &systems, &rows_of);
        names.iter().map(estimate).collect()
    }

    fn estimate(
        &self,
        name: MetricName,
        (a, b): &(Prepared<'_>, Option<Prepared<'_>>),
        rows_of: &[Vec<u32>],
    ) -> Result<Option<Estimate>> {
        let sums = |of: &dyn Fn(&Prepared<'_>) -> Option<Vec<(f64, f64)>>| {
            let (Some(own), other) = (of(a), b.as_ref().and_then(of)) else {
                return Ok(None);
            };
            self.of_sums(&own, other)
        };
        match &name.metric().of {
            Of::Auc => match b {
                None => auc_estimate(&a.order, self.labels),
                Some(b) => auc_difference(&a.order, &b.order, self.labels),
            },
            Of::Order(of) => {
                let other = b.as_ref().map(|b| &*b.order);
                self.anew(of, &a.order, other, rows_of)
            }
            Of::Probabilities(of) => {
                let other = b.as_ref().map(|b| b.scores.probabilities());
                let Some(own) = a.scores.probabilities() else {
                    return Ok(None);
                };
                match other {
                    Some(None) => Ok(None),
                    Some(Some(other)) => self.anew(of, &own, Some(&other), rows_of),
                    None => self.anew(of, &own, None, rows_of),
                }
            }
            Of::Loss(loss) => sums(&|of| Some(losses(loss, of.scores, self.labels, rows_of))),
            Of::User(of) => sums(&|all| {
                let users = all.rankings.as_ref()?.users();
                let weighted = users.filter_map(|user| of(&user));
                Some(weighted.map(|(value, n)| (value * n, n)).collect())
            }),
            Of::List(of) => sums(&|all| {
                let values = all.rankings.as_ref()?.values(|list| of(list, name.k()));
                Some(values.into_iter().map(|value| (value, 1.0)).collect())
            }),
            Of::Items(_) => Ok(None),
        }
    }

    /// From each user's sum and count. Which users there are depends on the labels alone, so those of two systems go pairwise.
    fn of_sums(&self, a: &[(f64, f64)], b: Option<Vec<(f64, f64)>>) -> Result<Option<Estimate>> {
        let none = vec![(0.0, 0.0); a.len()];
        let users = a.iter().zip(b.as_ref().unwrap_or(&none));
        let users: Vec<OfUser> = users
            .map(|(&(a, count), &(b, _))| OfUser { a, b, count })
            .filter(|user| user.count > 0.0)
            .collect();
        if users
            .iter()
            .any(|user| !(user.a.is_finite() && user.b.is_finite()))
        {
            return Ok(None);
        }
        bootstrap::paired(&users, self.seed)
    }

    /// By computing the metric anew for users drawn with repetition.
    fn anew(
        &self,
        of: &(impl Fn(&[f64], &[u8]) -> Result<Option<f64>> + Sync),
        a: &[f64],
        b: Option<&[f64]>,
        rows_of: &[Vec<u32>],
    ) -> Result<Option<Estimate>> {
        let difference = |(a, b): (Option<f64>, Option<Option<f64>>)| match b {
            None => a,
            Some(b) => a.zip(b).map(|(a, b)| a - b),
        };
        let value = |users: &Vec<u32>| -> Result<Option<f64>> {
            let rows = users.iter().flat_map(|&user| &rows_of[user as usize]);
            let rows: Vec<usize> = rows.map(|&row| row as usize).collect();
            let pick = |scores: &[f64]| rows.iter().map(|&row| scores[row]).collect::<Vec<f64>>();
            let labels: Vec<u8> = rows.iter().map(|&row| self.labels[row]).collect();
            let other = b.map(|b| of(&pick(b), &labels)).transpose()?;
            Ok(difference((of(&pick(a), &labels)?, other)))
        };
        let other = b.map(|b| of(b, self.labels)).transpose()?;
        let Some(whole) = difference((of(a, self.labels)?, other)) else {
            return Ok(None);
        };
        let mut resamples = bootstrap::resamples(rows_of.len(), RESAMPLES, self.seed);
        let mut values = Vec::with_capacity(RESAMPLES);
        loop {
            let part: Vec<Vec<u32>> = resamples.by_ref().take(AT_ONCE).collect();
            if part.is_empty() {
                return Ok(bootstrap::percentiles(whole, values));
            }
            let found: Vec<Option<f64>> = part.par_iter().map(value).collect::<Result<_>>()?;
            values.extend(found.into_iter().flatten());
        }
    }
}

/// A metric of lists from a whole catalogue with its interval, or with `b` that of a less b; both have the lists of the same users. None
/// for one that is no mean over users.
///
/// # Errors
/// When the users are not the same.
pub fn of_lists(
    name: MetricName,
    a: &Lists,
    b: Option<&Lists>,
    seed: u64,
) -> Result<Option<Estimate>> {
    let Of::List(of) = &name.metric().of else {
        return Ok(None);
    };
    let values = |lists: &Lists| -> Vec<(f64, f64)> {
        let values = lists.ranked().filter_map(|ranked| of(ranked, name.k()));
        values.map(|value| (value, 1.0)).collect()
    };
    if b.is_some_and(|b| b.positives != a.positives) {
        let what = "lists are compared of other users or other positives: rank the same part of the same data";
        return Err(Error::Data(what.into()));
    }
    let rows = Rows {
        labels: &[],
        users: None,
        seed,
    };
    rows.of_sums(&values(a), b.map(values))
}

/// Each user's sum of losses and number of rows, in the order of the users' codes; nothing where scores are no probabilities.
fn losses(loss: &Loss, scores: Scores<'_>, labels: &[u8], rows_of: &[Vec<u32>]) -> Vec<(f64, f64)> {
    let of = |row: usize, label: u8| match scores {
        Scores::Logits(z) => (loss.of_logit)(f64::from(z[row]), label),
        Scores::Probabilities(p) => (loss.of_probability)(p[row], label),
        Scores::Ranking(_) => f64::NAN,
    };
    let sums = rows_of.iter().map(|own| {
        let losses = own
            .iter()
            .map(|&row| of(row as usize, labels[row as usize]));
        (losses.sum(), own.len() as f64)
    });
    sums.collect()
}

/// The rows of each user, users in the order of their codes.
fn rows_of_users(users: Option<&[u32]>, rows: usize) -> Vec<Vec<u32>> {
    let Some(users) = users else {
        return (0..rows as u32).map(|row| vec![row]).collect();
    };
    let mut order: Vec<u32> = (0..users.len() as u32).collect();
    order.sort_by_key(|&row| users[row as usize]);
    let same = |a: &u32, b: &u32| users[*a as usize] == users[*b as usize];
    order.chunk_by(same).map(<[u32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{evaluate, list};

    const LABELS: [u8; 12] = [1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1];
    const USERS: [u32; 12] = [5, 5, 5, 2, 2, 2, 9, 9, 9, 1, 1, 1];
    const A: [f64; 12] = [0.9, 0.2, 0.6, 0.4, 0.1, 0.8, 0.7, 0.3, 0.5, 0.9, 0.6, 0.4];
    const B: [f64; 12] = [0.5, 0.6, 0.4, 0.7, 0.2, 0.6, 0.3, 0.8, 0.1, 0.5, 0.9, 0.2];

    fn rows() -> Rows<'static> {
        Rows {
            labels: &LABELS,
            users: Some(&USERS),
            seed: 1,
        }
    }

    impl Rows<'_> {
        fn one(
            &self,
            name: MetricName,
            a: Scores<'_>,
            b: Option<Scores<'_>>,
        ) -> Result<Option<Estimate>> {
            Ok(self.estimates(&[name], a, b)?.remove(0))
        }
    }

    fn names() -> Vec<MetricName> {
        let names = list::ALL.iter().map(|metric| metric.name.parse().unwrap());
        names
            .filter(|n: &MetricName| !matches!(n.metric().of, Of::Items(_)))
            .collect()
    }

    #[test]
    fn every_metric_has_an_interval_around_its_value() {
        let scores = Scores::Probabilities(&A);
        let all = evaluate(scores, &LABELS, Some(&USERS), &names()).unwrap();
        for (name, value) in all.entries() {
            let estimate = rows().one(name, scores, None).unwrap().unwrap();
            assert!((estimate.value - value.unwrap()).abs() < 1e-12, "{name}");
            assert!(
                estimate.low <= estimate.value && estimate.value <= estimate.high,
                "{name} {estimate:?}"
            );
            let same = rows().one(name, scores, None).unwrap().unwrap();
            assert_eq!(same, estimate, "{name}");
        }
    }

    #[test]
    fn a_difference_is_that_of_the_values_and_turns_round() {
        let (a, b) = (Scores::Probabilities(&A), Scores::Probabilities(&B));
        let value = |scores, name| {
            evaluate(scores, &LABELS, Some(&USERS), &[name]).unwrap().0[0]
                .1
                .unwrap()
        };
        for name in names() {
            let there = rows().one(name, a, Some(b)).unwrap().unwrap();
            let back = rows().one(name, b, Some(a)).unwrap().unwrap();
            assert!(
                (there.value - (value(a, name) - value(b, name))).abs() < 1e-12,
                "{name}"
            );
            assert!(
                (there.low + back.high).abs() < 0.2 && (there.value + back.value).abs() < 1e-12,
                "{name} {there:?} {back:?}"
            );
        }
    }

    #[test]
    fn what_is_undefined_has_none() {
        let estimate =
            |name: &str, scores| rows().one(name.parse().unwrap(), scores, None).unwrap();
        for name in ["logloss", "brier", "ece"] {
            assert_eq!(estimate(name, Scores::Ranking(&A)), None, "{name}");
        }
        let mut certain = A;
        certain[1] = 1.0;
        assert_eq!(estimate("logloss", Scores::Probabilities(&certain)), None);
        assert!(estimate("brier", Scores::Probabilities(&certain)).is_some());
    }
}
