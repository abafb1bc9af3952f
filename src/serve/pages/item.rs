//! An item: its columns and what is near it.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::State;
use super::words::Word;
use crate::recommend::similar::{item_field, similar};
use crate::serve::app::App;
use crate::serve::problem::Problem;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let kept = state.clone();
    match app.work(move |app| content(app, &kept)).await {
        Ok((title, content)) => state.page(StatusCode::OK, &title, &content),
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::NOT_FOUND);
            if status.is_server_error() {
                return problem.into_response();
            }
            let content = html! { p.note { (problem.detail) } };
            state.page(status, state.say(Word::Item), &content)
        }
    }
}

fn content(app: &App, state: &State) -> Result<(String, Markup), Problem> {
    let model = app.model(state.get("model"))?;
    let ranker = model.ranker()?;
    let catalogue = ranker.catalogue();
    let id = state.get("item").unwrap_or_default();
    let Some(place) = catalogue.items.place(id) else {
        return Err(Problem::missing(format!(
            "{}: {id}",
            state.say(Word::NoItem)
        )));
    };
    let named = |place: u32| match catalogue.items.title().map(|c| c.text(place)) {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => catalogue.items.id(place).to_owned(),
    };
    let title = named(place);
    let scorer = ranker.scorer();
    let near =
        item_field(scorer.schema(), catalogue).and_then(|field| similar(scorer, field, id, 10));
    let content = html! {
        h1 { (title) }
        div.tiles {
            @for column in &catalogue.items.columns {
                @if !column.text(place).is_empty() {
                    div.tile { strong { (column.text(place)) } span { (column.name) } }
                }
            }
        }
        @if let Ok(near) = near {
            section.card {
                h2 { (state.say(Word::Similar)) }
                table {
                    thead { tr { th { (state.say(Word::Item)) } th.number { (state.say(Word::Cosine)) } } }
                    tbody {
                        @for neighbour in near {
                            tr {
                                td { a href=(state.link("/item", &[("item", &neighbour.value)])) {
                                    (catalogue.items.place(&neighbour.value).map_or(neighbour.value.clone(), named))
                                } }
                                td.number { (format!("{:.3}", neighbour.cosine)) }
                            }
                        }
                    }
                }
            }
        }
        @if state.get("user").is_some() {
            p { a href=(state.link("/recommend", &[("item", "")])) { "← " (state.say(Word::Recommended)) } }
        }
    };
    Ok((title, content))
}
