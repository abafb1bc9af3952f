//! How a model's training went, epoch by epoch; read from the run anew each time, so that it is live while a training goes on there.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::frame::State;
use super::words::Word;
use crate::serve::app::App;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let model = match app.model(state.get("model")) {
        Ok(model) => model,
        Err(problem) => return problem.into_response(),
    };
    let kept = Arc::clone(&model);
    let epochs = app
        .work(move |_| Ok(kept.epochs()?))
        .await
        .unwrap_or_default();
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    let content = html! {
        h1 { (state.say(Word::Training)) " · " (model.name) }
        @if epochs.is_empty() { p.note { (state.say(Word::NoHistory)) } }
        @else {
            section.card { table {
                thead { tr {
                    th.number { (state.say(Word::Epoch)) } th.number { (state.say(Word::TrainLoss)) }
                    th.number { (state.say(Word::ValidLoss)) } th.number { (state.say(Word::ValidAuc)) }
                } }
                tbody { @for epoch in &epochs {
                    tr class=[(epoch.epoch == model.provenance.best_epoch).then_some("best")] {
                        td.number { (epoch.epoch) } td.number { (format!("{:.4}", epoch.train_loss)) }
                        td.number { (number(epoch.valid_loss)) } td.number { (number(epoch.valid_auc)) }
                    }
                } }
            } }
        }
    };
    state.page(StatusCode::OK, state.say(Word::Training), &content)
}
