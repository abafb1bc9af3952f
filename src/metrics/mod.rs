//! Every metric with its definition, one a file: slices in, numbers out. Nothing here knows of models or files.
//!
//! | metric | over | better | file |
//! |---|---|---|---|
//! | AUC | all rows | up | [`auc`] (its error: [`delong`]) |
//! | log loss, Brier | all rows | down | [`logloss`], [`brier`] |
//! | PR-AUC | all rows | up | [`average_precision`] |
//! | expected calibration error | all rows | down | [`calibration`] |
//! | GAUC | users with rows of both classes | up | [`gauc`] |
//! | NDCG, recall, precision, hit rate, MRR, MAP at k | users with a positive | up | [`ndcg`], [`recall`], [`precision`], [`hit`], [`mrr`], [`map`] |
//! | the course's NDCG and HitRate | users with a positive | up | [`course`] |
//! | coverage, novelty at k | everyone's lists | up | [`coverage`], [`novelty`] |
//!
//! [`list`] is the list of them. A user's list is the user's rows of the set being evaluated ([`ranking`]), or the first k of a
//! whole catalogue ([`items`]). Conventions everywhere: labels are 0 or 1; equal scores are ties (half a pair in
//! AUC, row order in a ranking); a metric that is undefined for the input (a class missing, no users, no rows, scores that are no
//! probabilities) is `None`, never 0 or NaN; a NaN score is an error.
//!
//! ```
//! use autoint::metrics::auc::auc;
//! use autoint::metrics::logloss::logloss_of_probabilities;
//!
//! // Of the four pairs of a positive and a negative three are in order, and one is a tie.
//! let (scores, labels) = ([0.8, 0.4, 0.4, 0.2], [1, 1, 0, 0]);
//! assert_eq!(auc(&scores, &labels)?, Some(3.5 / 4.0));
//! // -ln .8 for the positive row, -ln .6 for the negative one.
//! let loss = logloss_of_probabilities(&[0.8, 0.4], &[1, 0])?.unwrap();
//! assert!((loss - (0.2231 + 0.5108) / 2.0).abs() < 1e-4);
//! # Ok::<(), autoint::Error>(())
//! ```
//!
//! # Adding a metric
//!
//! Its file has the formula with its source, the function, and examples that were computed by hand. Whatever asks for metrics by name
//! (protocols, tables, JSON, intervals) goes by its entry in the list.
//!
//! Copy [`brier`] for a mean over rows (a [`loss::Loss`], whether less is better or more: the entry says which), [`calibration`] for what
//! needs all probabilities at once, [`ndcg`] for ranked lists, [`gauc`] for users. Input was checked before ([`evaluate`]): lengths, labels,
//! numbers. Give it a row of the table above, and its name to the list of metrics in `README.md`.
//!
//! Files: `src/metrics/NAME.rs` (new), `src/metrics/mod.rs`, `src/metrics/list.rs`

pub mod auc;
pub mod average_precision;
pub mod baselines;
pub mod bias;
pub mod bootstrap;
pub mod brier;
pub mod calibration;
pub mod certainty;
pub mod course;
pub mod coverage;
pub mod delong;
pub mod gauc;
pub mod hit;
mod input;
pub mod interactions;
pub mod interval;
pub mod items;
pub mod list;
pub mod logloss;
pub mod loss;
pub mod map;
pub mod measure;
pub mod metric;
pub mod mrr;
mod name;
pub mod ndcg;
pub mod novelty;
pub mod precision;
mod prepared;
pub mod psi;
pub mod ranking;
pub mod recall;
mod scores;
pub mod wilson;

pub use measure::{Metrics, evaluate, evaluate_lists};
pub use name::MetricName;
pub use scores::Scores;
