//! An item: its columns, why it has its score for somebody, and what is near it.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::State;
use super::words::Word;
use crate::explain::Explanation;
use crate::explain::svg::heat_maps;
use crate::recommend::Who;
use crate::recommend::similar::{item_field, similar};
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

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
                @if !column.text(place).is_empty() && column.text(place) != title {
                    div.tile { strong { (column.text(place)) } span { (column.name) } }
                }
            }
        }
        @if let Some(user) = state.get("user") { (why(&model, user, id, state)?) }
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

/// Values that the address sets, by the names that a request has.
pub(super) fn set_of(state: &State) -> Vec<(String, String)> {
    let set = state.query.iter().filter_map(|(name, value)| {
        let value = value.trim();
        let name = name.strip_prefix("set.").filter(|_| !value.is_empty())?;
        Some((name.to_owned(), value.to_owned()))
    });
    set.collect()
}

fn explained(model: &Served, user: &str, id: &str, state: &State) -> Result<Explanation, Problem> {
    let who = Who::User(user.to_owned());
    Ok(model
        .ranker()?
        .explain(&model.attention, &who, &set_of(state), id)?)
}

/// Why the item has its score for a user.
fn why(model: &Served, user: &str, id: &str, state: &State) -> Result<Markup, Problem> {
    let explanation = explained(model, user, id, state)?;
    let largest = explanation
        .contributions
        .iter()
        .fold(0.0f32, |all, x| all.max(x.abs()));
    Ok(html! {
        section.card {
            h2 { (state.say(Word::Explanation)) }
            p { (state.say(Word::Probability)) " " strong { (format!("{:.3}", explanation.probability)) } }
            @if let Some(agreement) = &explanation.agreement {
                p { (state.say(Word::Agreement)) " " strong { (format!("{:.2}", agreement.value)) }
                    " · " (state.say(Word::ByChance)) " "
                    (format!("{:.2} … {:.2}", agreement.random_baseline.low, agreement.random_baseline.high)) }
            }
            h3 { (state.say(Word::Contribution)) }
            table.bars { tbody {
                @for (field, &value) in explanation.fields.iter().zip(&explanation.contributions) {
                    tr {
                        td { (field) }
                        td { meter min="0" max=(largest) value=(value.abs()) class=[(value < 0.0).then_some("against")] {} }
                        td.number { (format!("{value:+.3}")) }
                    }
                }
            } }
            h3 { (state.say(Word::Strongest)) }
            ol { @for pair in explanation.strongest.iter().take(3) { li { (pair.from) " → " (pair.to) " " span.small { (format!("{:.3}", pair.attention)) } } } }
            h3 { (state.say(Word::Attention)) }
            @let drawing = state.link("/attention.svg", &[]);
            a href=(drawing) { img.wide src=(drawing) alt=(state.say(Word::Attention)); }
        }
    })
}

/// The heat maps of an item's explanation, as an image: its own style is allowed, it is no page.
pub async fn attention(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let drawn = app
        .work(move |app| {
            let model = app.model(state.get("model"))?;
            let (user, item) = (state.get("user"), state.get("item"));
            let explanation = explained(
                &model,
                user.unwrap_or_default(),
                item.unwrap_or_default(),
                &state,
            )?;
            Ok(heat_maps(&explanation.fields, &explanation.attention).svg())
        })
        .await;
    match drawn {
        Ok(svg) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            let headers = [
                (CONTENT_TYPE, "image/svg+xml"),
                (CONTENT_SECURITY_POLICY, policy),
            ];
            (headers, svg).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
