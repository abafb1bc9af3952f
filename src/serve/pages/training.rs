//! How a model's training went, epoch by epoch; read from the run anew each time, so that it is live while a training goes on there.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::frame::State;
use super::words::Word;
use crate::page::lines::{Chart, Series};
use crate::run::EpochRecord;
use crate::run::lock::is_worked_on;
use crate::serve::app::App;

/// How often the page of a training that goes on renews itself.
const SECONDS: u32 = 5;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let title = state.say(Word::Training);
    let model = match app.model(state.get("model")) {
        Ok(model) => model,
        Err(problem) => return state.refused(problem, title),
    };
    let kept = Arc::clone(&model);
    let read = move |_: &App| Ok((kept.epochs()?, is_worked_on(&kept.path)));
    let (epochs, live) = app.work(read).await.unwrap_or_default();
    let content = html! {
        h1 { (title) " · " (model.name) }
        @if live { p.note { (state.say(Word::TrainingGoesOn)) } }
        @if epochs.is_empty() { p.note { (state.say(Word::NoHistory)) } }
        @else {
            div.columns { section.card { (losses(&epochs, &state)) } section.card { (aucs(&epochs, &state)) } }
            section.card { (table(&epochs, model.provenance.best_epoch, &state)) }
        }
    };
    state.renewed(StatusCode::OK, title, live.then_some(SECONDS), &content)
}

fn points(
    epochs: &[EpochRecord],
    value: impl Fn(&EpochRecord) -> Option<f64>,
) -> Vec<(usize, f64)> {
    let points = epochs.iter().filter_map(|e| Some((e.epoch, value(e)?)));
    points.collect()
}

fn losses(epochs: &[EpochRecord], state: &State) -> Markup {
    let series = [
        Series {
            name: state.say(Word::TrainLoss),
            points: points(epochs, |e| Some(e.train_loss)),
        },
        Series {
            name: state.say(Word::ValidLoss),
            points: points(epochs, |e| e.valid_loss),
        },
    ];
    let chart = Chart {
        title: state.say(Word::LossPerEpoch),
        series: &series,
    };
    chart.svg()
}

fn aucs(epochs: &[EpochRecord], state: &State) -> Markup {
    let series = [Series {
        name: state.say(Word::ValidAuc),
        points: points(epochs, |e| e.valid_auc),
    }];
    let chart = Chart {
        title: state.say(Word::AucPerEpoch),
        series: &series,
    };
    chart.svg()
}

fn table(epochs: &[EpochRecord], best: usize, state: &State) -> Markup {
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    html! { table {
        thead { tr {
            th.number { (state.say(Word::Epoch)) } th.number { (state.say(Word::TrainLoss)) }
            th.number { (state.say(Word::ValidLoss)) } th.number { (state.say(Word::ValidAuc)) }
        } }
        tbody { @for epoch in epochs {
            tr class=[(epoch.epoch == best).then_some("best")] {
                td.number { (epoch.epoch) } td.number { (format!("{:.4}", epoch.train_loss)) }
                td.number { (number(epoch.valid_loss)) } td.number { (number(epoch.valid_auc)) }
            }
        } }
    } }
}
