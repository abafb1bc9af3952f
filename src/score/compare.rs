//! Which of two models is better on the same rows, and whether that is more than luck.
//!
//! By paired tests ([`crate::metrics::certainty`]). Where the data have no users, every row is one of its own.

use serde::Serialize;

use crate::data::dataset::{Dataset, SplitName};
use crate::error::{Error, Result};
use crate::metrics::interval::Estimate;
use crate::metrics::{MetricName, Scores, certainty};

use super::scorer::labels_of;

/// The seed of the bootstrap: fixed, so that the same models always get the same interval.
const SEED: u64 = 42;

/// The rows that models are compared on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// `[n]`, 0 or 1.
    pub labels: Vec<u8>,
    /// A number for each user.
    pub users: Vec<u32>,
}

/// What a system says about these rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What tables call it.
    pub name: String,
    /// One a row, higher for what is more likely positive.
    pub scores: Vec<f64>,
}

/// One metric of two systems.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Which metric, with the length of its lists.
    pub metric: MetricName,
    /// a less b.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// What a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// More than luck, by the 95 % interval.
    FirstBetter,
    /// More than luck, by the 95 % interval.
    SecondBetter,
    /// The interval holds 0.
    NotTold,
}

impl Difference {
    /// By the 95 % interval.
    pub fn verdict(&self) -> Verdict {
        let above = self.estimate.low > 0.0;
        match above || self.estimate.high < 0.0 {
            false => Verdict::NotTold,
            true if above == self.metric.metric().more => Verdict::FirstBetter,
            true => Verdict::SecondBetter,
        }
    }
}

impl Rows {
    /// The rows of a part of a data set.
    pub fn of(data: &Dataset, split: SplitName) -> Rows {
        let rows = data.split(split);
        let users = match data.users() {
            [] => (0..rows.len() as u32).collect(),
            users => rows.iter().map(|&row| users[row as usize]).collect(),
        };
        Rows {
            labels: labels_of(data, rows),
            users,
        }
    }

    /// Compares two systems, metric by metric. Scores that all lie in 0..=1 are taken for probabilities; the log loss is not there
    /// when one is certain and wrong, where it would be infinite.
    ///
    /// # Errors
    /// When a system has not one score a row, or one is not a number.
    pub fn compare(&self, a: &Scored, b: &Scored, names: &[MetricName]) -> Result<Vec<Difference>> {
        for system in [a, b] {
            if system.scores.len() != self.labels.len() {
                return Err(Error::Data(format!(
                    "`{}` has {} scores for {} rows",
                    system.name,
                    system.scores.len(),
                    self.labels.len()
                )));
            }
        }
        let rows = certainty::Rows {
            labels: &self.labels,
            users: Some(&self.users),
            seed: SEED,
        };
        let estimates = rows.estimates(names, a.as_scores(), Some(b.as_scores()))?;
        let told = names.iter().zip(estimates);
        Ok(told
            .filter_map(|(&metric, estimate)| {
                estimate.map(|estimate| Difference { metric, estimate })
            })
            .collect())
    }
}

impl Scored {
    fn as_scores(&self) -> Scores<'_> {
        match self.scores.iter().all(|p| (0.0..=1.0).contains(p)) {
            true => Scores::Probabilities(&self.scores),
            false => Scores::Ranking(&self.scores),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows {
            labels: vec![1, 0, 1, 0, 1, 0, 1, 0],
            users: vec![0, 0, 1, 1, 2, 2, 3, 3],
        }
    }

    fn scored(scores: [f64; 8]) -> Scored {
        Scored {
            name: "x".into(),
            scores: scores.to_vec(),
        }
    }

    const GOOD: [f64; 8] = [0.9, 0.1, 0.8, 0.2, 0.9, 0.2, 0.7, 0.1];
    const BAD: [f64; 8] = [0.2, 0.7, 0.3, 0.8, 0.4, 0.9, 0.1, 0.6];

    fn names() -> Vec<MetricName> {
        let names = ["auc", "logloss", "ndcg@10", "recall@10"];
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn the_better_one_is_found_whichever_comes_first() {
        let rows = rows();
        let all = rows.compare(&scored(GOOD), &scored(BAD), &names()).unwrap();
        let told: Vec<MetricName> = all.iter().map(|d| d.metric).collect();
        assert_eq!(told, names());
        let verdicts: Vec<Verdict> = all.iter().map(Difference::verdict).collect();
        assert_eq!(verdicts[1..3], [Verdict::FirstBetter; 2]);
        // Lists of two rows hold everything, in both.
        assert_eq!(verdicts[3], Verdict::NotTold);
        let other = rows.compare(&scored(BAD), &scored(GOOD), &names()).unwrap();
        assert_eq!(other[1].verdict(), Verdict::SecondBetter);
        assert_eq!(other[0].estimate.value, -all[0].estimate.value);
    }

    /// Logloss of GOOD by hand: -(ln .9 + ln .9 + ln .8 + ln .8 + ln .9 + ln .8 + ln .7 + ln .9) / 8 = .18149.
    #[test]
    fn the_difference_of_losses_is_a_mean_over_rows() {
        let even = scored([0.5; 8]);
        let all = rows().compare(&scored(GOOD), &even, &names()).unwrap();
        let by_hand = -(4.0 * 0.9f64.ln() + 3.0 * 0.8f64.ln() + 0.7f64.ln()) / 8.0;
        assert!((all[1].estimate.value - (by_hand - 2f64.ln())).abs() < 1e-12);
    }

    #[test]
    fn a_system_is_not_told_from_itself_and_scores_must_be_whole() {
        let same = rows()
            .compare(&scored(GOOD), &scored(GOOD), &names())
            .unwrap();
        assert!(same.iter().all(|d| d.verdict() == Verdict::NotTold));
        // Numbers that are no probabilities only order rows, and so does one that is certain and wrong.
        let certain = |scores| {
            rows()
                .compare(&scored(scores), &scored(GOOD), &names())
                .unwrap()
        };
        let mut right = GOOD;
        (right[0], right[1]) = (1.0, 0.0);
        assert_eq!(certain(right)[1].metric, names()[1]);
        right[2] = 0.0;
        assert_ne!(certain(right)[1].metric, names()[1]);
        let logits = scored(GOOD.map(|p| 10.0 * p));
        let ordered = rows().compare(&logits, &scored(GOOD), &names()).unwrap();
        assert!(ordered.iter().all(|d| d.metric != names()[1]));
        let short = Scored {
            name: "short".into(),
            scores: vec![0.5],
        };
        let error = rows()
            .compare(&short, &scored(GOOD), &names())
            .unwrap_err()
            .to_string();
        assert!(error.contains("`short` has 1 scores for 8 rows"), "{error}");
    }
}
