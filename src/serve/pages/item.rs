//! An item: its columns, why it has its score for somebody, and what is near it.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::explained::{Row, Scale, explained};
use super::frame::{State, shown};
use super::words::Word;
use crate::recommend::similar::{item_field, similar};
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let kept = state.clone();
    match app.work(move |app| content(app, &kept)).await {
        Ok((title, content)) => state.page(StatusCode::OK, &title, &content),
        Err(problem) => state.refused(problem, state.say(Word::Item)),
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
    let items = &catalogue.items;
    let title = items.called(place);
    let protocol = &ranker.scorer().schema().protocol;
    let scorer = ranker.scorer();
    let near =
        item_field(scorer.schema(), catalogue).and_then(|field| similar(scorer, field, id, 10));
    let content = html! {
        h1 { (title) }
        div.tiles {
            @for column in &items.columns {
                @let text = column.text(place);
                @if !text.is_empty() && text != title {
                    div.tile { strong { (shown(protocol, &column.name, text)) } span { (column.name) } }
                }
            }
        }
        @if state.get("user").is_some() { (why(&model, state)?) }
        @if let Ok(near) = near {
            section.card {
                h2 { (state.say(Word::Similar)) }
                table {
                    thead { tr { th { (state.say(Word::Item)) } th.number { (state.say(Word::Cosine)) } } }
                    tbody {
                        @for neighbour in near {
                            tr {
                                td { a href=(state.link("/item", &[("item", &neighbour.value)])) {
                                    (items.place(&neighbour.value).map_or(neighbour.value.as_str(), |place| items.called(place)))
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
    Ok((title.to_owned(), content))
}

/// Why the item has its score for the address's user.
fn why(model: &Served, state: &State) -> Result<Markup, Problem> {
    let explanation = Row::AsItIs.explain(model, state)?;
    let scale = Scale::of(&[&explanation]);
    Ok(html! {
        section.card {
            h2 { (state.say(Word::Explanation)) }
            (explained(&explanation, Row::AsItIs, scale, state))
            p { a href=(state.link("/what-if", &[])) { (state.say(Word::WhatIf)) " →" } }
        }
    })
}
