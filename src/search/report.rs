//! `report.html` of a search: what was tried and what came of it, on one page.

use maud::{Markup, html};

use super::trial::{Trial, keys};
use crate::page::lines::{Chart, Series};
use crate::page::page;
use crate::page::parallel::{Axis, Parallel};

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The protocol's name.
    pub protocol: &'a str,
    /// In the order they were trained in.
    pub trials: &'a [Trial],
    /// Of each that was tried with several seeds: its name, the mean, and how many there were.
    pub finalists: &'a [(String, f64, usize)],
    /// The winner's name, and its metrics on the test rows as a table.
    pub winner: Option<(&'a str, &'a str)>,
}

impl Report<'_> {
    /// The page. Every text in it is escaped.
    pub fn html(&self) -> String {
        let done: Vec<&Trial> = self.trials.iter().filter(|t| t.kept.is_some()).collect();
        let body = html! {
            p { (self.trials.len()) " trials on protocol " (self.protocol) ", " (self.trials.len() - done.len()) " of them failed. Compared by the validation \
                rows alone; the test rows were opened once, for the winner." }
            @if let Some((name, table)) = self.winner {
                h2 { "The winner: " (name) }
                pre { (table) }
            }
            @if !self.finalists.is_empty() {
                h2 { "Finalists with several seeds" }
                table {
                    thead { tr { th {} th { "seeds" } th { "mean" } } }
                    tbody { @for (name, mean, seeds) in self.finalists { tr { th { (name) } td { (seeds) } td { (format!("{mean:.4}")) } } } }
                }
            }
            h2 { "Trials" }
            (parallel(&done, &keys(self.trials)))
            (best_so_far(&done))
            (table(self.trials, &keys(self.trials)))
        };
        page("A search", &body)
    }
}

fn parallel(done: &[&Trial], keys: &[String]) -> Markup {
    let last = |key: &String| key.rsplit('.').next().unwrap_or(key).to_owned();
    let several = |name: &String| keys.iter().filter(|key| last(key) == *name).count() > 1;
    let axis = |key: &String| Axis {
        // `dropout` says too little where several parts have one.
        name: match several(&last(key)) {
            true => key.trim_start_matches("model.").to_owned(),
            false => last(key),
        },
        values: done
            .iter()
            .map(|t| t.settings.get(key).cloned().unwrap_or_default())
            .collect(),
    };
    let mut axes: Vec<Axis> = keys.iter().map(axis).collect();
    axes.push(Axis {
        name: "validation".into(),
        values: done.iter().map(|t| t.quality().to_string()).collect(),
    });
    let title = "Each line is a trial; the stronger, the better on the validation rows";
    Parallel { title, axes: &axes }.svg()
}

fn best_so_far(done: &[&Trial]) -> Markup {
    let mut best = f64::NEG_INFINITY;
    let points = (1..).zip(done).map(|(number, trial)| {
        best = best.max(trial.quality());
        (number, best)
    });
    let series = [Series {
        name: "the best so far",
        points: points.collect(),
    }];
    Chart {
        title: "What trials are compared by, trial by trial",
        series: &series,
    }
    .svg()
}

/// The best first.
fn table(trials: &[Trial], keys: &[String]) -> Markup {
    let mut sorted: Vec<&Trial> = trials.iter().collect();
    sorted.sort_by(|a, b| b.quality().total_cmp(&a.quality()));
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |x| format!("{x:.4}"));
    html! {
        div.wide { table {
            thead { tr { th { "trial" } @for key in keys { th { (key) } } th { "seed" } th { "epoch" } th { "valid AUC" } th { "valid loss" } th { "s" } } }
            tbody { @for (place, trial) in sorted.iter().enumerate() {
                @let kept = trial.kept.as_ref();
                tr.model[place == 0 && kept.is_some()] {
                    th { (trial.name) }
                    @for key in keys { td { (trial.settings.get(key).map_or("", String::as_str)) } }
                    td { (trial.seed) }
                    @match (kept, &trial.failed) {
                        (Some(kept), _) => {
                            td { (kept.epoch) @if let Some(epochs) = trial.dropped_after { " (dropped after " (epochs) ")" } } td { (number(kept.valid_auc)) } td { (number(kept.valid_loss)) } td { (format!("{:.0}", kept.train_seconds)) }
                        }
                        (None, why) => { td colspan="4" { "failed: " (why.as_deref().unwrap_or("")) } }
                    }
                }
            } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::trial::tests::trial;

    #[test]
    fn the_best_stands_first_and_what_failed_says_why() {
        let trials = [
            trial("a", &[("x", "1")], Some(0.7)),
            trial("b", &[("x", "2")], None),
            trial("c", &[("x", "<3>")], Some(0.8)),
        ];
        let report = Report {
            protocol: "p",
            trials: &trials,
            finalists: &[("c".into(), 0.79, 3)],
            winner: Some(("c", "auc 0.81")),
        };
        let page = report.html();
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(place("<th>c</th><td>&lt;3&gt;</td>") < place("<th>a</th><td>1</td>"));
        assert!(place("<th>a</th><td>1</td>") < place("failed: not finite"));
        assert!(page.contains("3 trials on protocol p, 1 of them failed"));
        assert!(page.contains("The winner: c") && page.contains("auc 0.81"));
        assert_eq!(page.matches("<polyline").count(), 3);
    }
}
