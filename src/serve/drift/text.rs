//! Drift as lines of `/metrics`.

use super::{FieldDrift, Report, ScoreDrift};
use crate::serve::metrics::{gauge, label};

/// A gauge: its name, its help, and its value where there is one.
type Gauge<T> = (&'static str, &'static str, fn(&T) -> Option<f64>);

/// By model and field.
const OF_FIELDS: [Gauge<FieldDrift>; 5] = [
    (
        "autoint_drift_values",
        "Values of each field in the sliding window.",
        |field| Some(field.values as f64),
    ),
    (
        "autoint_drift_unknown_ratio",
        "Share of values that the model does not know, in the sliding window.",
        |field| field.unknown,
    ),
    (
        "autoint_drift_unknown_ratio_training",
        "The same of the training rows.",
        |field| Some(field.unknown_in_training),
    ),
    (
        "autoint_drift_psi",
        "Population stability index of each field, sliding window against training rows.",
        |field| field.moved.psi,
    ),
    (
        "autoint_drift_psi_by_chance",
        "What the index is on average where nothing has changed.",
        |field| field.moved.psi_by_chance,
    ),
];

/// By model.
const OF_SCORES: [Gauge<ScoreDrift>; 3] = [
    (
        "autoint_score_rows",
        "Scored rows in the sliding window.",
        |scores| Some(scores.rows as f64),
    ),
    (
        "autoint_score_psi",
        "Population stability index of the scores, sliding window against validation rows.",
        |scores| scores.moved.psi,
    ),
    (
        "autoint_score_psi_by_chance",
        "What the index is on average where nothing has changed.",
        |scores| scores.moved.psi_by_chance,
    ),
];

/// By model and bound.
type Shares = (&'static str, &'static str, fn(&ScoreDrift) -> &[f64]);

const SHARES: [Shares; 2] = [
    (
        "autoint_score_share",
        "Share of scores below a bound, in the sliding window.",
        |scores| &scores.shares,
    ),
    (
        "autoint_score_share_training",
        "The same of the validation rows.",
        |scores| &scores.shares_in_training,
    ),
];

/// The lines of models by name.
pub fn text(reports: &[(&str, Report)]) -> String {
    let fields = OF_FIELDS.iter().map(|(name, help, value)| {
        let values = reports.iter().flat_map(|(model, report)| {
            let of = |field: &FieldDrift| {
                let (model, name) = (label(model), label(&field.name));
                Some((format!("model=\"{model}\",field=\"{name}\""), value(field)?))
            };
            report.fields.iter().filter_map(of).collect::<Vec<_>>()
        });
        gauge(name, help, &values.collect::<Vec<_>>())
    });
    let scores = OF_SCORES.iter().map(|(name, help, value)| {
        let of = |(model, report): &(&str, Report)| {
            Some((
                format!("model=\"{}\"", label(model)),
                value(&report.scores)?,
            ))
        };
        gauge(
            name,
            help,
            &reports.iter().filter_map(of).collect::<Vec<_>>(),
        )
    });
    let shares = SHARES.iter().map(|(name, help, shares)| {
        let all = reports.iter();
        let values =
            all.flat_map(|(model, report)| below(model, &report.scores, shares(&report.scores)));
        gauge(name, help, &values.collect::<Vec<_>>())
    });
    fields.chain(scores).chain(shares).collect()
}

/// The share below each bound.
fn below(model: &str, scores: &ScoreDrift, shares: &[f64]) -> Vec<(String, f64)> {
    let mut sum = 0.0;
    let of = |(bin, share): (usize, &f64)| {
        sum += share;
        let bound = scores.bounds.get(bin);
        let bound = bound.map_or("+Inf".to_owned(), ToString::to_string);
        (format!("model=\"{}\",below=\"{bound}\"", label(model)), sum)
    };
    shares.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{batch, drift};
    use super::*;

    #[test]
    fn lines_are_named_by_model_and_field() {
        let drift = drift();
        let empty = text(&[("a\"b", drift.report())]);
        assert!(!empty.contains("autoint_drift_psi{"), "{empty}");
        drift.count(&batch(vec![10, 11]), |_| true, &[0.2, 0.9]);
        let full = text(&[("a\"b", drift.report())]);
        let line = "autoint_drift_unknown_ratio{model=\"a\\\"b\",field=\"colour\"} 0.5";
        assert!(full.lines().any(|l| l == line), "{full}");
        let line = "autoint_score_share{model=\"a\\\"b\",below=\"+Inf\"} 1";
        assert!(full.lines().any(|l| l == line), "{full}");
    }
}
