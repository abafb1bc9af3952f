//! The list of metrics: one entry each, which is all that another one takes (beside the file of its definition).

use super::course::{course_hitrate, course_ndcg};
use super::items::Lists;
use super::loss::Loss;
use super::ranking::{Ranked, UserRanking};
use super::{average_precision, brier, calibration, coverage, gauc, hit, logloss, map, mrr};
use super::{ndcg, novelty, precision, recall};
use crate::error::Result;

/// One metric: what it is called and what computes it.
#[derive(Debug)]
pub struct Metric {
    /// As in JSON and tables, without what follows an `@`.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Whether more is better.
    pub more: bool,
    /// The lengths of lists that it is defined for.
    pub cut: Cut,
    /// Whether a protocol that names no metrics has it.
    pub usual: bool,
    /// What it needs, and the function.
    pub of: Of,
}

/// Whether a metric looks at the first k of a ranked list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It does not.
    None,
    /// At any k.
    Any,
    /// At this one only.
    Only(u32),
}

/// What a metric needs, and the function of it; none where it is undefined. `[n]` are the rows.
#[derive(Debug)]
pub enum Of {
    /// The AUC, whose error is known without resampling ([`super::delong`]).
    Auc,
    /// Scores of any kind and labels, both `[n]`.
    Order(fn(&[f64], &[u8]) -> Result<Option<f64>>),
    /// Probabilities and labels, both `[n]`.
    Probabilities(fn(&[f64], &[u8]) -> Result<Option<f64>>),
    /// A mean over rows: the loss of a row.
    Loss(Loss),
    /// A weighted mean over users: value and weight, from the user's rows in ranked order.
    User(fn(&UserRanking<'_>) -> Option<(f64, f64)>),
    /// A mean over users: the value of a ranked list, and k.
    List(fn(Ranked<'_>, usize) -> Option<f64>),
    /// The lists of all users, whose items come from one catalogue, and k.
    Items(fn(&Lists, usize) -> Option<f64>),
}

impl Of {
    /// Whether it is undefined where rows belong to no users.
    pub fn is_per_user(&self) -> bool {
        matches!(self, Of::User(_) | Of::List(_))
    }
}

/// What most entries have: defined for the whole, not measured unless asked for.
const fn metric(name: &'static str, help: &'static str, more: bool, of: Of) -> Metric {
    Metric {
        name,
        help,
        more,
        cut: Cut::None,
        usual: false,
        of,
    }
}

impl Metric {
    const fn usual(mut self) -> Metric {
        self.usual = true;
        self
    }

    const fn at(mut self, cut: Cut) -> Metric {
        self.cut = cut;
        self
    }

    /// A metric of ranked lists.
    const fn list(
        name: &'static str,
        help: &'static str,
        of: fn(Ranked<'_>, usize) -> Option<f64>,
    ) -> Metric {
        metric(name, help, true, Of::List(of)).at(Cut::Any)
    }
}

/// All of them, in the order of tables.
pub static ALL: [Metric; 16] = [
    metric("auc", "area under the ROC curve", true, Of::Auc).usual(),
    metric(
        "logloss",
        "mean binary cross-entropy, nats",
        false,
        Of::Loss(logloss::LOSS),
    )
    .usual(),
    metric(
        "pr_auc",
        "average precision: the area under precision over recall",
        true,
        Of::Order(average_precision::average_precision),
    ),
    metric(
        "brier",
        "mean squared error of the probability",
        false,
        Of::Loss(brier::LOSS),
    ),
    metric(
        "ece",
        "expected calibration error, 15 bins of equal width",
        false,
        Of::Probabilities(calibration::expected_calibration_error),
    ),
    metric(
        "gauc",
        "AUC within each user, weighted by the user's rows",
        true,
        Of::User(gauc::gauc_of_user),
    )
    .usual(),
    Metric::list(
        "ndcg",
        "discounted gain of the first k over the best possible",
        ndcg::ndcg_at,
    )
    .usual(),
    Metric::list(
        "recall",
        "share of a user's positives among the first k",
        recall::recall_at,
    )
    .usual(),
    Metric::list(
        "hit",
        "share of users with a positive among the first k",
        hit::hit_at,
    )
    .usual(),
    Metric::list(
        "precision",
        "share of positives among the first k",
        precision::precision_at,
    ),
    Metric::list(
        "mrr",
        "one over the rank of the first positive, if among the first k",
        mrr::mrr_at,
    ),
    Metric::list(
        "map",
        "mean over users of the average precision of the first k",
        map::map_at,
    ),
    Metric::list(
        "course_ndcg",
        "the course's NDCG, its ideal not cut at ten",
        course_ndcg,
    )
    .at(Cut::Only(10)),
    Metric::list(
        "course_hitrate",
        "the course's HitRate, a recall",
        course_hitrate,
    )
    .at(Cut::Only(10)),
    metric(
        "coverage",
        "share of the catalogue that stands in anyone's first k",
        true,
        Of::Items(coverage::coverage),
    )
    .at(Cut::Any),
    metric(
        "novelty",
        "mean bits of surprise of the first k: how few users have an item",
        true,
        Of::Items(novelty::novelty),
    )
    .at(Cut::Any),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_of_a_kind() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
