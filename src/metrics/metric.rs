//! What a metric is: its name, and the function of what it needs.

use super::items::Lists;
use super::loss::Loss;
use super::ranking::{Ranked, UserRanking};
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
pub(super) const fn metric(name: &'static str, help: &'static str, more: bool, of: Of) -> Metric {
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
    pub(super) const fn usual(mut self) -> Metric {
        self.usual = true;
        self
    }

    pub(super) const fn at(mut self, cut: Cut) -> Metric {
        self.cut = cut;
        self
    }

    /// A metric of ranked lists.
    pub(super) const fn list(
        name: &'static str,
        help: &'static str,
        of: fn(Ranked<'_>, usize) -> Option<f64>,
    ) -> Metric {
        metric(name, help, true, Of::List(of)).at(Cut::Any)
    }
}
