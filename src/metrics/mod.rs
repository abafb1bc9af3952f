//! Every metric with its definition, one a file: slices in, numbers out. Nothing here knows of models or files.
//!
//! | metric | over | better | file |
//! |---|---|---|---|
//! | AUC | all rows | up | [`auc`] (its error: [`delong`]) |
//! | log loss | all rows | down | [`logloss`] |
//! | GAUC | users with rows of both classes | up | [`gauc`] |
//! | NDCG@10, recall@10, hit@10 | users with a positive | up | [`ndcg`], [`recall`], [`hit`] |
//! | the course's NDCG and HitRate | users with a positive | up | [`course`] |
//!
//! Per-user metrics rank only the rows of the set being evaluated, not the whole catalogue ([`ranking`]). Conventions
//! everywhere: labels are 0 or 1; equal scores are ties (half a pair in AUC, row order in a ranking); a metric that is
//! undefined for the input (a class missing, no users, no rows) is `None`, never 0 or NaN; a NaN score is an error.

pub mod auc;
pub mod baselines;
pub mod bootstrap;
pub mod course;
pub mod delong;
pub mod gauc;
pub mod hit;
mod input;
pub mod interval;
pub mod logloss;
pub mod ndcg;
pub mod psi;
pub mod ranking;
pub mod recall;

use serde::{Deserialize, Serialize};

use crate::data::protocol::metric::MetricName;
use crate::error::Result;
use ranking::Rankings;

/// The length of the ranked lists, the 10 in the metrics' names.
pub const K: usize = 10;

/// Scores of n rows, with what they mean; higher means more likely positive.
#[derive(Debug, Clone, Copy)]
pub enum Scores<'a> {
    /// Log-odds, as models give them: `[n]`.
    Logits(&'a [f32]),
    /// Probabilities in 0..=1: `[n]`.
    Probabilities(&'a [f64]),
    /// Numbers that only order the rows, so there is no log loss: `[n]`.
    Ranking(&'a [f64]),
}

/// All metrics of one set of rows; `None` (JSON `null`) where undefined. An infinite log loss (see [`logloss`])
/// has no JSON number and becomes `null` too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// [`auc::auc`].
    pub auc: Option<f64>,
    /// [`logloss`], in nats; `None` for scores that are not probabilities.
    pub logloss: Option<f64>,
    /// [`gauc::gauc`].
    pub gauc: Option<f64>,
    /// Mean of [`ndcg::ndcg_at`] 10.
    #[serde(rename = "ndcg@10")]
    pub ndcg_at_10: Option<f64>,
    /// Mean of [`recall::recall_at`] 10.
    #[serde(rename = "recall@10")]
    pub recall_at_10: Option<f64>,
    /// Mean of [`hit::hit_at`] 10.
    #[serde(rename = "hit@10")]
    pub hit_at_10: Option<f64>,
    /// Mean of [`course::course_ndcg`].
    #[serde(rename = "course_ndcg@10")]
    pub course_ndcg_at_10: Option<f64>,
    /// Mean of [`course::course_hitrate`].
    #[serde(rename = "course_hitrate@10")]
    pub course_hitrate_at_10: Option<f64>,
}

impl Metrics {
    /// The metrics that are asked for, by name.
    pub fn of(&self, names: &[MetricName]) -> Vec<(&'static str, Option<f64>)> {
        let all = self.entries();
        let value = |name: &str| all.iter().find(|(n, _)| *n == name).and_then(|(_, v)| *v);
        names.iter().map(|n| (n.name(), value(n.name()))).collect()
    }

    /// Names (as in JSON) and values, in the order of the fields.
    pub fn entries(&self) -> [(&'static str, Option<f64>); 8] {
        [
            ("auc", self.auc),
            ("logloss", self.logloss),
            ("gauc", self.gauc),
            ("ndcg@10", self.ndcg_at_10),
            ("recall@10", self.recall_at_10),
            ("hit@10", self.hit_at_10),
            ("course_ndcg@10", self.course_ndcg_at_10),
            ("course_hitrate@10", self.course_hitrate_at_10),
        ]
    }
}

/// All metrics of `scores` against `labels` (`[n]`, 0 or 1) and `users` (`[n]`, any codes); without users the per-user
/// metrics are `None`.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
pub fn evaluate(scores: Scores<'_>, labels: &[u8], users: Option<&[u32]>) -> Result<Metrics> {
    match scores {
        Scores::Logits(z) => {
            evaluate_with(z, logloss::logloss_of_logits(z, labels)?, labels, users)
        }
        Scores::Probabilities(p) => evaluate_with(
            p,
            logloss::logloss_of_probabilities(p, labels)?,
            labels,
            users,
        ),
        Scores::Ranking(s) => evaluate_with(s, None, labels, users),
    }
}

fn evaluate_with<S: Copy + Into<f64>>(
    scores: &[S],
    logloss: Option<f64>,
    labels: &[u8],
    users: Option<&[u32]>,
) -> Result<Metrics> {
    let of_rows = Metrics {
        auc: auc::auc(scores, labels)?,
        logloss,
        ..Metrics::default()
    };
    let Some(users) = users else {
        return Ok(of_rows);
    };
    let rankings = Rankings::new(scores, labels, users)?;
    Ok(Metrics {
        gauc: gauc::gauc(&rankings),
        ndcg_at_10: rankings.mean(|ranked| ndcg::ndcg_at(ranked, K)),
        recall_at_10: rankings.mean(|ranked| recall::recall_at(ranked, K)),
        hit_at_10: rankings.mean(|ranked| hit::hit_at(ranked, K)),
        course_ndcg_at_10: rankings.mean(course::course_ndcg),
        course_hitrate_at_10: rankings.mean(course::course_hitrate),
        ..of_rows
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // User 0 ranks 1, 0 (positive first); user 1 ranks 0, 1 (positive second); user 2 has no positive.
        let logits = [2.0_f32, 1.0, 2.0, 1.0, 0.0];
        let got = evaluate(
            Scores::Logits(&logits),
            &[1, 0, 0, 1, 0],
            Some(&[0, 0, 1, 1, 2]),
        )
        .unwrap();
        // Pairs of positives 2, 1 with negatives 1, 2, 0: (1 + 1/2 + 1) + (1/2 + 0 + 1) = 4 of 6.
        assert_eq!(got.auc, Some(4.0 / 6.0));
        // Users 0 and 1, two rows each, AUC 1 and 0.
        assert_eq!(got.gauc, Some(0.5));
        // User 0: 1. User 1: (1/log2 3) / (1/log2 2) = .63093. Mean .81546, the course's rounded at each user: .815465.
        assert!((got.ndcg_at_10.unwrap() - 0.815_464_9).abs() < 1e-7);
        assert_eq!(got.course_ndcg_at_10, Some((1.0 + 0.63093) / 2.0));
        assert_eq!(
            (got.recall_at_10, got.hit_at_10, got.course_hitrate_at_10),
            (Some(1.0), Some(1.0), Some(1.0))
        );
        // softplus(-2) + softplus(1) + softplus(2) + softplus(-1) + softplus(0), over 5.
        let sum = 0.126_928_0 + 1.313_261_7 + 2.126_928_0 + 0.313_261_7 + std::f64::consts::LN_2;
        assert!((got.logloss.unwrap() - sum / 5.0).abs() < 1e-7);
    }

    #[test]
    fn a_perfect_ranking() {
        // Two users with 12 and 3 positives of 20 rows; the score is the label.
        let labels: Vec<u8> = (0..40)
            .map(|row| u8::from(row < 12 || (20..23).contains(&row)))
            .collect();
        let users: Vec<u32> = (0..40).map(|row| row / 20).collect();
        let scores: Vec<f64> = labels.iter().map(|&y| f64::from(y)).collect();
        let got = evaluate(Scores::Probabilities(&scores), &labels, Some(&users)).unwrap();
        assert_eq!(
            (got.auc, got.gauc, got.logloss),
            (Some(1.0), Some(1.0), Some(0.0))
        );
        assert_eq!((got.ndcg_at_10, got.hit_at_10), (Some(1.0), Some(1.0)));
        // Only ten of the first user's twelve fit: (10/12 + 1) / 2.
        assert_eq!(got.recall_at_10, Some((10.0 / 12.0 + 1.0) / 2.0));
        assert_eq!(got.course_hitrate_at_10, Some((0.83333 + 1.0) / 2.0));
    }

    #[test]
    fn undefined_is_none_and_json_has_the_names() {
        assert_eq!(
            evaluate(Scores::Logits(&[]), &[], Some(&[])).unwrap(),
            Metrics::default()
        );
        let got = evaluate(Scores::Ranking(&[1.0, 2.0]), &[0, 0], None).unwrap();
        assert_eq!(got, Metrics::default());
        let expected = r#"{"auc":null,"logloss":0.5,"gauc":null,"ndcg@10":null,"recall@10":null,"hit@10":null,"course_ndcg@10":null,"course_hitrate@10":null}"#;
        let metrics = Metrics {
            logloss: Some(0.5),
            ..got
        };
        assert_eq!(serde_json::to_string(&metrics).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Metrics>(expected).unwrap(), metrics);
        let json: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert!(
            metrics
                .entries()
                .iter()
                .all(|&(name, value)| json[name].as_f64() == value)
        );
    }

    #[test]
    fn bad_input_is_an_error() {
        assert!(evaluate(Scores::Logits(&[f32::NAN]), &[1], None).is_err());
        assert!(evaluate(Scores::Ranking(&[f64::NAN]), &[1], Some(&[0])).is_err());
        assert!(evaluate(Scores::Logits(&[1.0]), &[2], None).is_err());
        assert!(evaluate(Scores::Logits(&[1.0]), &[1], Some(&[])).is_err());
        assert!(evaluate(Scores::Probabilities(&[-0.1]), &[1], None).is_err());
    }

    proptest! {
        #[test]
        fn only_the_order_of_scores_counts(rows in prop::collection::vec((-4i8..5, 0u8..2, 0u32..4), 0..60)) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let labels: Vec<u8> = rows.iter().map(|r| r.1).collect();
            let users: Vec<u32> = rows.iter().map(|r| r.2).collect();
            let got = evaluate(Scores::Ranking(&scores), &labels, Some(&users)).unwrap();
            let cubed: Vec<f64> = scores.iter().map(|s| s.powi(3) - 7.0).collect();
            prop_assert_eq!(got, evaluate(Scores::Ranking(&cubed), &labels, Some(&users)).unwrap());
            let logits: Vec<f32> = rows.iter().map(|r| f32::from(r.0)).collect();
            let of_logits = evaluate(Scores::Logits(&logits), &labels, Some(&users)).unwrap();
            prop_assert_eq!(got, Metrics { logloss: None, ..of_logits });
            for (name, value) in got.entries() {
                prop_assert!(value.is_none_or(|v| (0.0..=1.0 + 1e-12).contains(&v)), "{} {:?}", name, value);
            }
        }
    }
}
