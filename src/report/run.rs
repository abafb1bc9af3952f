//! `report.html`: a run on one page that needs nothing else, no script and no other file.

use maud::{Markup, html};

use super::looked::Looked;
use crate::data::summary::Summary;
use crate::error::Result;
use crate::page::lines::{Chart, Series};
use crate::page::page;
use crate::page::whiskers::{Whisker, Whiskers};
use crate::run::{Ended, EpochRecord, Provenance};
use crate::score::Evaluation;
use crate::settings::Settings;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// All of them, defaults resolved.
    pub settings: &'a Settings,
    /// Where the run came from.
    pub provenance: &'a Provenance,
    /// The data set in numbers.
    pub data: &'a Summary,
    /// The number of trainable numbers.
    pub parameters: usize,
    /// All epochs, in their order.
    pub history: &'a [EpochRecord],
    /// Why training came to its end.
    pub ended: Ended,
    /// On the test rows; none when training was stopped.
    pub evaluation: Option<&'a Evaluation>,
    /// Beyond metrics; none when there is no row to look at.
    pub looked: Option<&'a Looked>,
}

impl Report<'_> {
    /// The page. Every text in it is escaped.
    ///
    /// # Errors
    /// When the settings cannot be written as TOML.
    pub fn html(&self) -> Result<String> {
        let settings = self.settings.to_toml()?;
        let title = format!(
            "{} on protocol {}",
            self.settings.model.name(),
            self.data.protocol
        );
        let body = html! {
            (self.facts())
            @match self.evaluation {
                Some(evaluation) => (measured(evaluation)),
                None if self.ended == Ended::Stopped => p { "Training was stopped by the user, so the test rows were not measured." },
                None => p { "A trial of a search: it is compared by the validation rows, and the test rows were left closed." },
            }
            @if let Some(looked) = self.looked { (looked.html()) }
            h2 { "Training" }
            p { (self.ending()) }
            (loss_chart(self.history))
            (auc_chart(self.history))
            (epochs(self.history, self.provenance.best_epoch))
            h2 { "Data" }
            (data(self.data))
            h2 { "Settings" }
            pre { (settings) }
        };
        Ok(page(&title, &body))
    }

    fn facts(&self) -> Markup {
        let facts = [
            ("protocol", self.data.protocol.clone()),
            ("model", self.settings.model.name()),
            ("preset", self.settings.preset.clone()),
            ("parameters", self.parameters.to_string()),
            ("seed", self.settings.train.seed.to_string()),
            ("data", self.provenance.source.to_string()),
            ("data fingerprint", self.provenance.fingerprint.clone()),
            ("instruction set", self.provenance.isa.clone()),
        ];
        html! {
            dl { @for (name, value) in facts { dt { (name) } dd { (value) } } }
        }
    }

    fn ending(&self) -> String {
        let epochs = self.history.len();
        let kept = match self.provenance.best_epoch {
            0 => "the weights of the last batch were kept".to_owned(),
            best => format!("epoch {best} was kept"),
        };
        match self.ended {
            Ended::Done => format!("All {epochs} epochs were done; {kept}."),
            Ended::Early => format!(
                "Stopped after epoch {epochs}: {} epochs without a better validation metric; {kept}.",
                self.settings.train.patience
            ),
            Ended::Stopped => format!("Stopped by the user after {epochs} whole epochs; {kept}."),
            Ended::Paused => format!("Paused by a search after {epochs} epochs; {kept}."),
        }
    }
}

fn measured(evaluation: &Evaluation) -> Markup {
    let Evaluation {
        protocol,
        split,
        rows,
        ..
    } = evaluation;
    let names = evaluation.names.iter();
    html! {
        h2 { "Metrics on the " (split) " rows" }
        p { "Protocol " (protocol) ", " (rows) " rows." }
        (intervals(evaluation))
        @if let Some(auc) = evaluation.auc {
            p {
                "AUC " (format!("{:.4}", auc.value)) ", 95 % interval "
                (format!("{:.4} to {:.4}", auc.low, auc.high)) " (DeLong)."
            }
        }
        div.wide { table {
            thead { tr { th {} @for name in names { th { (name) } } } }
            tbody {
                @for (place, (name, metrics)) in evaluation.table().into_iter().enumerate() {
                    tr.model[place == 0] {
                        th { (name) }
                        @for (_, value) in metrics.entries() { td { (number(value)) } }
                    }
                }
            }
        } }
        p.note {
            "A higher value is better, except for logloss. The baselines need no training; "
            "popularity and random only rank, so they have no logloss."
            @if evaluation.best_possible.is_some() {
                " The labels were drawn from known probabilities: best possible is what these score, "
                "and no model can expect more."
            }
        }
    }
}

/// Every metric with its interval where it is known, beside what needs no training.
fn intervals(evaluation: &Evaluation) -> Markup {
    let known = evaluation.intervals.iter().flatten();
    let lines = known.filter_map(|(name, estimate)| {
        let estimate = estimate.as_ref()?;
        let baselines = evaluation.table().into_iter().skip(1);
        let beside = baselines.filter_map(|(baseline, metrics)| {
            let value = metrics.entries().find(|(other, _)| other == name)?.1?;
            Some((baseline, value))
        });
        Some(Whisker {
            name: name.to_string(),
            value: estimate.value,
            interval: Some((estimate.low, estimate.high)),
            beside: beside.collect(),
        })
    });
    let lines: Vec<Whisker> = lines.collect();
    let title = "Metrics with 95 % intervals; the rings are the baselines";
    Whiskers {
        title,
        lines: &lines,
        zero: false,
    }
    .svg()
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.4}"))
}

fn points(
    history: &[EpochRecord],
    value: impl Fn(&EpochRecord) -> Option<f64>,
) -> Vec<(usize, f64)> {
    let points = history.iter().map(|r| Some((r.epoch, value(r)?)));
    points.flatten().collect()
}

fn loss_chart(history: &[EpochRecord]) -> Markup {
    let series = [
        Series {
            name: "training (with dropout)",
            points: points(history, |r| Some(r.train_loss)),
        },
        Series {
            name: "validation",
            points: points(history, |r| r.valid_loss),
        },
    ];
    Chart {
        title: "Logloss per epoch",
        series: &series,
    }
    .svg()
}

fn auc_chart(history: &[EpochRecord]) -> Markup {
    let series = [Series {
        name: "validation",
        points: points(history, |r| r.valid_auc),
    }];
    Chart {
        title: "AUC per epoch",
        series: &series,
    }
    .svg()
}

fn epochs(history: &[EpochRecord], best: usize) -> Markup {
    html! {
        details {
            summary { "Every epoch" }
            div.wide { table {
                thead { tr {
                    @for name in ["epoch", "train loss", "valid loss", "valid AUC", "seconds", "rows/s"] { th { (name) } }
                } }
                tbody {
                    @for r in history {
                        tr.model[r.epoch == best] {
                            td { (r.epoch) }
                            @for value in [Some(r.train_loss), r.valid_loss, r.valid_auc] { td { (number(value)) } }
                            td { (format!("{:.2}", r.train_seconds)) }
                            td { (format!("{:.0}", r.rows_per_second)) }
                        }
                    }
                }
            } }
        }
    }
}

fn data(data: &Summary) -> Markup {
    html! {
        p { (data.rows) " rows, " (format!("{:.3}", 100.0 * data.label_rate)) " % positive: "
            @for (place, (name, rows)) in data.splits.iter().enumerate() {
                @if place > 0 { ", " }
                (rows) " " (name)
            }
            "."
        }
        div.wide { table {
            thead { tr { th { "field" } th { "kind" } th { "values" } } }
            tbody {
                @for field in &data.fields {
                    tr {
                        th { (field.name) }
                        td { (field.kind) }
                        td { (field.cardinality.map_or("–".to_owned(), |n| n.to_string())) }
                    }
                }
            }
        } }
    }
}
