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
use super::list::Of;
use super::loss::Loss;
use super::name::MetricName;
use super::ranking::Rankings;
use super::scores::Scores;
use crate::error::{Error, Result};

/// Resamples of a metric that must be computed anew for each.
pub const RESAMPLES: usize = 400;

/// The rows that are measured.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// 0 or 1: `[n]`.
    pub labels: &'a [u8],
    /// Any codes: `[n]`.
    pub users: &'a [u32],
    /// Of the bootstrap.
    pub seed: u64,
}

impl Rows<'_> {
    /// A metric of `a` with its interval, or with `b` that of a less b. None where it is undefined, infinite, or there are too few rows to tell.
    ///
    /// # Errors
    /// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
    pub fn estimate(
        &self,
        name: MetricName,
        a: Scores<'_>,
        b: Option<Scores<'_>>,
    ) -> Result<Option<Estimate>> {
        a.check(self.labels)?;
        b.map_or(Ok(()), |b| b.check(self.labels))?;
        match &name.metric().of {
            Of::Order(_) if name.metric().name == "auc" => match b {
                None => auc_estimate(&a.order(), self.labels),
                Some(b) => auc_difference(&a.order(), &b.order(), self.labels),
            },
            Of::Order(of) => self.anew(of, &a.order(), b.map(|b| b.order()).as_deref()),
            Of::Probabilities(of) => {
                let (Some(own), other) = (a.probabilities(), b.map(|b| b.probabilities())) else {
                    return Ok(None);
                };
                match other {
                    Some(None) => Ok(None),
                    Some(Some(other)) => self.anew(of, &own, Some(&other)),
                    None => self.anew(of, &own, None),
                }
            }
            Of::Loss(loss) => {
                self.of_sums(&losses(loss, a, self), b.map(|b| losses(loss, b, self)))
            }
            Of::User(of) => {
                let sums = |scores: Scores<'_>| -> Result<Vec<(f64, f64)>> {
                    let rankings = Rankings::new(&scores.order(), self.labels, self.users)?;
                    let weighted = rankings.users().filter_map(|user| of(&user));
                    Ok(weighted
                        .map(|(value, weight)| (value * weight, weight))
                        .collect())
                };
                self.of_sums(&sums(a)?, b.map(sums).transpose()?)
            }
            Of::List(of) => {
                let values = |scores: Scores<'_>| -> Result<Vec<(f64, f64)>> {
                    let rankings = Rankings::new(&scores.order(), self.labels, self.users)?;
                    let values = rankings.values(|ranked| of(ranked, name.k()));
                    Ok(values.into_iter().map(|value| (value, 1.0)).collect())
                };
                self.of_sums(&values(a)?, b.map(values).transpose()?)
            }
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
    ) -> Result<Option<Estimate>> {
        let value = |rows: Option<&[u32]>| -> Result<Option<f64>> {
            let pick = |scores: &[f64]| match rows {
                None => scores.to_vec(),
                Some(rows) => rows.iter().map(|&row| scores[row as usize]).collect(),
            };
            let labels: Vec<u8> = match rows {
                None => self.labels.to_vec(),
                Some(rows) => rows.iter().map(|&row| self.labels[row as usize]).collect(),
            };
            let own = of(&pick(a), &labels)?;
            Ok(match b {
                None => own,
                Some(b) => own.zip(of(&pick(b), &labels)?).map(|(a, b)| a - b),
            })
        };
        let Some(whole) = value(None)? else {
            return Ok(None);
        };
        let rows_of = rows_of_users(self.users);
        let resamples = bootstrap::resamples(rows_of.len(), RESAMPLES, self.seed);
        let values: Vec<Option<f64>> = resamples
            .par_iter()
            .map(|users| {
                let rows: Vec<u32> = users
                    .iter()
                    .flat_map(|&u| &rows_of[u as usize])
                    .copied()
                    .collect();
                value(Some(&rows))
            })
            .collect::<Result<_>>()?;
        let values = values.into_iter().flatten().collect();
        Ok(bootstrap::percentiles(whole, values))
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
        users: &[],
        seed,
    };
    rows.of_sums(&values(a), b.map(values))
}

/// Each user's sum of losses and number of rows, in the order of the users' codes; nothing where scores are no probabilities.
fn losses(loss: &Loss, scores: Scores<'_>, rows: &Rows<'_>) -> Vec<(f64, f64)> {
    let of = |row: usize, label: u8| match scores {
        Scores::Logits(z) => (loss.of_logit)(f64::from(z[row]), label),
        Scores::Probabilities(p) => (loss.of_probability)(p[row], label),
        Scores::Ranking(_) => f64::NAN,
    };
    let sums = rows_of_users(rows.users).into_iter().map(|own| {
        let losses = own
            .iter()
            .map(|&row| of(row as usize, rows.labels[row as usize]));
        (losses.sum(), own.len() as f64)
    });
    sums.collect()
}

/// The rows of each user, users in the order of their codes.
fn rows_of_users(users: &[u32]) -> Vec<Vec<u32>> {
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
            users: &USERS,
            seed: 1,
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
            let estimate = rows().estimate(name, scores, None).unwrap().unwrap();
            assert!((estimate.value - value.unwrap()).abs() < 1e-12, "{name}");
            assert!(
                estimate.low <= estimate.value && estimate.value <= estimate.high,
                "{name} {estimate:?}"
            );
            let same = rows().estimate(name, scores, None).unwrap().unwrap();
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
            let there = rows().estimate(name, a, Some(b)).unwrap().unwrap();
            let back = rows().estimate(name, b, Some(a)).unwrap().unwrap();
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
        let estimate = |name: &str, scores| {
            rows()
                .estimate(name.parse().unwrap(), scores, None)
                .unwrap()
        };
        for name in ["logloss", "brier", "ece"] {
            assert_eq!(estimate(name, Scores::Ranking(&A)), None, "{name}");
        }
        let mut certain = A;
        certain[1] = 1.0;
        assert_eq!(estimate("logloss", Scores::Probabilities(&certain)), None);
        assert!(estimate("brier", Scores::Probabilities(&certain)).is_some());
    }
}
