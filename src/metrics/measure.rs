//! Scores, labels and users in, the metrics that are asked for out.

use serde::{Serialize, Serializer};

use super::auc::auc;
use super::items::Lists;
use super::loss::Loss;
use super::metric::Of;
use super::name::MetricName;
use super::prepared::Prepared;
use super::ranking::mean;
use super::scores::Scores;
use crate::error::Result;

/// Metrics of one set of rows, in the order they were asked for; `None` (JSON `null`) where undefined. An infinite log
/// loss (see [`logloss`](super::logloss)) has no JSON number and becomes `null` too.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(pub Vec<(MetricName, Option<f64>)>);

impl Metrics {
    /// The value of a metric by its name; none when it is undefined or was not asked for.
    pub fn get(&self, name: &str) -> Option<f64> {
        let found = self.0.iter().find(|(own, _)| own.to_string() == name);
        found.and_then(|(_, value)| *value)
    }

    /// Names and values.
    pub fn entries(&self) -> impl Iterator<Item = (MetricName, Option<f64>)> + '_ {
        self.0.iter().copied()
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.0.iter().map(|(_, value)| *value)
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

/// The metrics `names` of `scores` against `labels` (`[n]`, 0 or 1) and `users` (`[n]`, any codes); without users the per-user
/// metrics are `None`, and those of a catalogue always are: they need lists, not rows.
///
/// # Errors
/// On unequal lengths, a label other than 0 and 1, a NaN score, or a probability outside 0..=1.
pub fn evaluate(
    scores: Scores<'_>,
    labels: &[u8],
    users: Option<&[u32]>,
    names: &[MetricName],
) -> Result<Metrics> {
    let Prepared {
        order, rankings, ..
    } = Prepared::new(scores, labels, users, names)?;
    let value = |name: &MetricName| -> Result<Option<f64>> {
        Ok(match &name.metric().of {
            Of::Auc => auc(&order, labels)?,
            Of::Order(of) => of(&order, labels)?,
            Of::Probabilities(of) => match scores.probabilities() {
                Some(probabilities) => of(&probabilities, labels)?,
                None => None,
            },
            Of::Loss(loss) => mean_loss(loss, scores, labels),
            Of::User(of) => rankings.as_ref().and_then(|all| all.weighted_mean(of)),
            Of::List(of) => {
                let all = rankings.as_ref();
                all.and_then(|all| all.mean(|ranked| of(ranked, name.k())))
            }
            Of::Items(_) => None,
        })
    };
    let all = names.iter().map(|name| Ok((*name, value(name)?)));
    Ok(Metrics(all.collect::<Result<_>>()?))
}

/// The metrics `names` of lists from a whole catalogue; those of rows are `None`.
pub fn evaluate_lists(lists: &Lists, names: &[MetricName]) -> Metrics {
    let value = |name: &MetricName| match &name.metric().of {
        Of::List(of) => mean(lists.ranked().filter_map(|ranked| of(ranked, name.k()))),
        Of::Items(of) => of(lists, name.k()),
        Of::Auc | Of::Order(_) | Of::Probabilities(_) | Of::Loss(_) | Of::User(_) => None,
    };
    Metrics(names.iter().map(|name| (*name, value(name))).collect())
}

fn mean_loss(loss: &Loss, scores: Scores<'_>, labels: &[u8]) -> Option<f64> {
    match scores {
        Scores::Logits(logits) => loss.mean_of_logits(logits, labels),
        Scores::Probabilities(p) => loss.mean_of_probabilities(p, labels),
        Scores::Ranking(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 8] = [
        "auc",
        "logloss",
        "gauc",
        "ndcg@10",
        "recall@10",
        "hit@10",
        "course_ndcg@10",
        "course_hitrate@10",
    ];

    fn evaluate(scores: Scores<'_>, labels: &[u8], users: Option<&[u32]>) -> Result<Metrics> {
        super::evaluate(
            scores,
            labels,
            users,
            &NAMES.map(|name| name.parse().unwrap()),
        )
    }

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
        assert_eq!(got.get("auc"), Some(4.0 / 6.0));
        // Users 0 and 1, two rows each, AUC 1 and 0.
        assert_eq!(got.get("gauc"), Some(0.5));
        // User 0: 1. User 1: (1/log2 3) / (1/log2 2) = .63093. Mean .81546, the course's rounded at each user: .815465.
        assert!((got.get("ndcg@10").unwrap() - 0.815_464_9).abs() < 1e-7);
        assert_eq!(got.get("course_ndcg@10"), Some((1.0 + 0.63093) / 2.0));
        assert_eq!(
            (
                got.get("recall@10"),
                got.get("hit@10"),
                got.get("course_hitrate@10")
            ),
            (Some(1.0), Some(1.0), Some(1.0))
        );
        // softplus(-2) + softplus(1) + softplus(2) + softplus(-1) + softplus(0), over 5.
        let sum = 0.126_928_0 + 1.313_261_7 + 2.126_928_0 + 0.313_261_7 + std::f64::consts::LN_2;
        assert!((got.get("logloss").unwrap() - sum / 5.0).abs() < 1e-7);
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
            (got.get("auc"), got.get("gauc"), got.get("logloss")),
            (Some(1.0), Some(1.0), Some(0.0))
        );
        assert_eq!(
            (got.get("ndcg@10"), got.get("hit@10")),
            (Some(1.0), Some(1.0))
        );
        // Only ten of the first user's twelve fit: (10/12 + 1) / 2.
        assert_eq!(got.get("recall@10"), Some((10.0 / 12.0 + 1.0) / 2.0));
        assert_eq!(got.get("course_hitrate@10"), Some((0.83333 + 1.0) / 2.0));
    }

    #[test]
    fn undefined_is_none_and_json_has_the_names_in_their_order() {
        let nothing = evaluate(Scores::Logits(&[]), &[], Some(&[])).unwrap();
        assert!(nothing.values().all(|value| value.is_none()));
        let got = evaluate(Scores::Ranking(&[1.0, 2.0]), &[0, 0], None).unwrap();
        assert_eq!(got, nothing);
        let names = ["hit@3", "logloss"].map(|name| name.parse().unwrap());
        let metrics = Metrics(names.into_iter().zip([None, Some(0.5)]).collect());
        let json = serde_json::to_string(&metrics).unwrap();
        assert_eq!(json, r#"{"hit@3":null,"logloss":0.5}"#);
        assert_eq!(
            (metrics.get("logloss"), metrics.get("auc")),
            (Some(0.5), None)
        );
    }

    const LABELS: [u8; 12] = [1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1];
    const SCORES: [f64; 12] = [0.9, 0.2, 0.6, 0.4, 0.1, 0.8, 0.7, 0.3, 0.5, 0.9, 0.6, 0.4];
    const SKLEARN: [f64; 4] = [
        0.916_666_666_666_666_7,
        0.418_591_535_776_633_4,
        0.916_666_666_666_666_7,
        0.131_666_666_666_666_68,
    ];

    /// Values of scikit-learn 1.9 for the same rows: `roc_auc_score`, `log_loss`, `average_precision_score`, `brier_score_loss`.
    #[test]
    fn as_scikit_learn_has_them() {
        let p = SCORES;
        let names = ["auc", "logloss", "pr_auc", "brier"].map(|name| name.parse().unwrap());
        let got = super::evaluate(Scores::Probabilities(&p), &LABELS, None, &names).unwrap();
        for (value, theirs) in got.values().zip(SKLEARN) {
            assert!((value.unwrap() - theirs).abs() < 1e-12, "{got:?}");
        }
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
            prop_assert_eq!(&got, &evaluate(Scores::Ranking(&cubed), &labels, Some(&users)).unwrap());
            let logits: Vec<f32> = rows.iter().map(|r| f32::from(r.0)).collect();
            let of_logits = evaluate(Scores::Logits(&logits), &labels, Some(&users)).unwrap();
            let ordering = |all: &Metrics| all.entries().filter(|(name, _)| name.metric().name != "logloss").collect::<Vec<_>>();
            prop_assert_eq!(ordering(&got), ordering(&of_logits));
            prop_assert_eq!(got.get("logloss"), None);
            for (name, value) in got.entries() {
                prop_assert!(value.is_none_or(|v| (0.0..=1.0 + 1e-12).contains(&v)), "{} {:?}", name, value);
            }
        }
    }
}
