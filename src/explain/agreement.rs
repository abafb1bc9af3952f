//! Whether attention goes where it matters: rank correlation, and what chance would reach.
//!
//! *Agreement* is Spearman's rank correlation over the F fields between the attention that a field receives and the absolute value of
//! its contribution: Pearson's correlation of the ranks, ties at the mean of their ranks (Spearman, 1904; Kendall and Gibbons, "Rank
//! Correlation Methods", chapter 3).
//!
//! What chance reaches: when attention ranks the fields at random, every order being as likely, then for unit vectors u, v of
//! centred ranks
//!
//! ```text
//! E[ sum_f u_pi(f) v_f ] = 0      Var[ sum_f u_pi(f) v_f ] = |u|^2 |v|^2 / (F - 1) = 1 / (F - 1)
//! ```
//!
//! exactly, ties or not (Pitman, "Significance tests which may be applied to samples from any populations, II", 1937). The 95 % range is
//! that of the normal distribution with this variance, cut to -1..1: for 7 fields -+.80, where exact tables have .79.
//!
//! For the mean over rows, one order of the fields is drawn for *all* rows, as one model has one way to look: the formula holds with
//! v the mean over the rows' v, whose length says how alike the rows' contributions are. (Orders drawn row by row would
//! average out, and any model that always looks at the same fields would seem to be far beyond chance.)

use serde::Serialize;

use crate::error::Result;
use crate::metrics::interval::{self, Estimate};

/// The 97.5 % point of the standard normal distribution.
const Z95: f64 = 1.959_963_984_540_054;

/// The agreement of one row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Spearman's correlation, -1 to 1.
    pub value: f64,
    /// That of attention that ranks the fields at random.
    pub random_baseline: Random,
}

/// The mean agreement of rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanAgreement {
    /// Of the rows' Spearman correlations, -1 to 1.
    pub mean: f64,
    /// The mean's 95 % interval: it covers the choice of the rows, which are taken as independent. None for a single row.
    pub interval: Option<Estimate>,
    /// Rows that have an agreement: their attention and their contributions differ between fields.
    pub rows: usize,
    /// What the mean of as many random rankings would reach.
    pub random_baseline: Random,
}

/// What random rankings reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Random {
    /// Always 0.
    pub mean: f64,
    /// Of the correlation, or of the mean of several.
    pub standard_deviation: f64,
    /// 95 % lie between `low` and `high`, about.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

impl Random {
    /// For the dot product of randomly ordered ranks of unit length with `other`, `[F]`, centred.
    fn with(other: &[f64]) -> Random {
        let squares: f64 = other.iter().map(|x| x * x).sum();
        let standard_deviation = (squares / (other.len().max(2) - 1) as f64).sqrt();
        let high = (Z95 * standard_deviation).min(1.0);
        Random {
            mean: 0.0,
            standard_deviation,
            low: -high,
            high,
        }
    }

    /// Whether chance reaches a value: it lies within the 95 %.
    pub fn reaches(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What an agreement is beside chance, as a sentence goes on: "this is not to be told from chance".
    pub fn verdict(&self, value: f64) -> &'static str {
        match (self.reaches(value), value > 0.0) {
            (true, _) => "not to be told from chance",
            (false, true) => "more than chance",
            (false, false) => "the opposite of what attention suggests",
        }
    }
}

/// The agreement of what fields receive and what they contribute, `[F]` both; none when one of them ranks no field above another,
/// or a number is not finite.
pub fn agreement(received: &[f64], contributions: &[f32]) -> Option<Agreement> {
    let (a, b) = sides(received, contributions)?;
    Some(Agreement {
        value: dot(&a, &b),
        random_baseline: Random::with(&b),
    })
}

/// Collects the agreement of many rows.
#[derive(Debug, Clone, Default)]
pub struct Agreements {
    values: Vec<f64>,
    /// The sum of the contributions' ranks, centred and of unit length.
    ranks: Vec<f64>,
}

impl Agreements {
    /// Adds a row; one without an agreement is left out.
    pub fn add(&mut self, received: &[f64], contributions: &[f32]) {
        let Some((a, b)) = sides(received, contributions) else {
            return;
        };
        self.values.push(dot(&a, &b));
        self.ranks.resize(b.len(), 0.0);
        for (sum, x) in self.ranks.iter_mut().zip(&b) {
            *sum += x;
        }
    }

    /// The mean of the rows that were added; none when there is none.
    ///
    /// # Errors
    /// Never: what was added is finite.
    pub fn mean(&self) -> Result<Option<MeanAgreement>> {
        let rows = self.values.len();
        if rows == 0 {
            return Ok(None);
        }
        let mean_ranks: Vec<f64> = self.ranks.iter().map(|sum| sum / rows as f64).collect();
        Ok(Some(MeanAgreement {
            mean: self.values.iter().sum::<f64>() / rows as f64,
            interval: interval::mean(&self.values)?,
            rows,
            random_baseline: Random::with(&mean_ranks),
        }))
    }
}

/// Spearman's rank correlation; none when there are fewer than two values, all of a side are equal, or one is not finite.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    (a.len() == b.len()).then_some(())?;
    Some(dot(&unit_ranks(a)?, &unit_ranks(b)?))
}

fn sides(received: &[f64], contributions: &[f32]) -> Option<(Vec<f64>, Vec<f64>)> {
    (received.len() == contributions.len()).then_some(())?;
    let sizes: Vec<f64> = contributions.iter().map(|&c| f64::from(c.abs())).collect();
    Some((unit_ranks(received)?, unit_ranks(&sizes)?))
}

/// Ranks, ties at the mean of theirs, centred and of length 1.
fn unit_ranks(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len();
    if values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; n];
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let below = values.iter().filter(|&&x| x < values[tied[0]]).count();
        for &at in tied {
            // The mean of ranks below..below + tied, counted from 0, less the mean of all.
            ranks[at] = below as f64 + (tied.len() - 1) as f64 / 2.0 - (n - 1) as f64 / 2.0;
        }
    }
    let length = dot(&ranks, &ranks).sqrt();
    (length > 0.0).then(|| ranks.iter().map(|rank| rank / length).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn spearman_by_hand() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        // Differences of ranks 1, 1, 1, 1, 0: 1 - 6 * 4 / (5 * 24).
        let r = spearman(&a, &[2.0, 1.0, 40.0, 3.0, 500.0]).unwrap();
        assert!(close(r, 0.8), "{r}");
        assert!(close(spearman(&a, &a.map(|x| -x * x)).unwrap(), -1.0));
        // Ranks 1, 2.5, 2.5, 4 with 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5), as scipy.stats.spearmanr has it: .948683...
        let r = spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!(close(r, 0.9_f64.sqrt()), "{r}");
    }

    #[test]
    fn without_an_order_there_is_none() {
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(agreement(&[0.5, 0.5], &[1.0, 2.0]), None);
    }

    #[test]
    fn contributions_count_by_their_size() {
        let found = agreement(&[0.2, 0.3, 0.5], &[0.1, -1.0, 2.0]).unwrap();
        assert!(close(found.value, 1.0));
        assert!(close(
            found.random_baseline.standard_deviation,
            0.5_f64.sqrt()
        ));
        assert_eq!(found.random_baseline.high, 1.0);
    }

    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![vec![]];
        }
        let shorter = orders(n - 1).into_iter();
        let longer = shorter.flat_map(|order| {
            (0..n).map(move |at| {
                let mut order = order.clone();
                order.insert(at, n - 1);
                order
            })
        });
        longer.collect()
    }

    /// All 720 orders of six fields, with ties on both sides; and the mean over two rows under the same order.
    #[test]
    fn random_rankings_have_the_stated_mean_and_deviation() {
        let received = [0.1, 0.2, 0.2, 0.3, 0.4, 0.5];
        let rows = [
            [1.0, 1.0, 2.0, 0.5, -3.0, 0.0],
            [0.5, 1.0, 2.0, 2.0, 2.0, 4.0],
        ];
        let (mut single, mut mean) = (Vec::new(), Vec::new());
        let mut stated = None;
        for order in orders(6) {
            let attention: Vec<f64> = order.iter().map(|&at| received[at]).collect();
            let one = agreement(&attention, &rows[0]).unwrap();
            let mut both = Agreements::default();
            rows.iter().for_each(|row| both.add(&attention, row));
            let both = both.mean().unwrap().unwrap();
            single.push(one.value);
            mean.push(both.mean);
            stated = Some((one.random_baseline, both.random_baseline));
        }
        let stated = stated.unwrap();
        for (values, stated) in [(single, stated.0), (mean, stated.1)] {
            let n = values.len() as f64;
            assert_eq!(n, 720.0);
            assert!(close(values.iter().sum::<f64>() / n, stated.mean));
            let variance = values.iter().map(|x| x * x).sum::<f64>() / n;
            assert!(close(variance.sqrt(), stated.standard_deviation));
        }
        assert!(close(stated.0.standard_deviation, 0.2_f64.sqrt()));
        assert!(stated.1.standard_deviation < stated.0.standard_deviation);
    }

    #[test]
    fn chance_is_told_in_words() {
        let random = agreement(
            &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        )
        .unwrap()
        .random_baseline;
        assert_eq!(random.verdict(0.3), "not to be told from chance");
        assert_eq!(random.verdict(0.95), "more than chance");
        assert!(random.verdict(-0.95).contains("opposite"));
    }
}
