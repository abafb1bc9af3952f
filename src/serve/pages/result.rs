//! Recommendations for somebody: by one model, or by all side by side.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::State;
use super::home::form;
use super::item::set_of;
use super::words::Word;
use crate::data::calendar::day;
use crate::recommend::{Answer, Ranker, Request, Who};
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

/// Liked items on a page.
const LIKED: usize = 10;
/// Columns of an item that are shown, beside its title.
const COLUMNS: usize = 3;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let kept = state.clone();
    let content = app.work(move |app| Ok(content(app, &kept))).await;
    match content {
        Ok((status, content)) => state.page(status, state.say(Word::Recommended), &content),
        Err(problem) => problem.into_response(),
    }
}

fn content(app: &App, state: &State) -> (StatusCode, Markup) {
    let models = app.models();
    let again = |status: StatusCode, text: Markup| {
        let content = html! {
            p.note { (text) }
            section.card { h2 { (state.say(Word::Ask)) } (form(&models, state)) }
        };
        (status, content)
    };
    let Some(user) = state.get("user") else {
        return again(StatusCode::OK, html! { (state.say(Word::MissingUser)) });
    };
    let chosen: Vec<&Arc<Served>> = match state.get("model") {
        Some(name) => models.iter().filter(|model| model.name == name).collect(),
        None => models.iter().collect(),
    };
    let mut answers = Vec::new();
    for model in chosen {
        match answer(model, user, state) {
            Ok(answer) => answers.push((model, answer)),
            Err(problem) => {
                return again(
                    StatusCode::NOT_FOUND,
                    html! { (model.name) ": " (problem.detail) },
                );
            }
        }
    }
    let Some((answer, ranker)) = answers
        .first()
        .and_then(|first| Some((&first.1, first.0.ranker().ok()?)))
    else {
        return again(
            StatusCode::NOT_FOUND,
            html! { (state.say(Word::NoCatalogue)) },
        );
    };
    let content = html! {
        (profile(answer, ranker, state))
        div.columns { @for (model, answer) in &answers { (list(model, answer, &answers, state)) } }
        (liked(answer, ranker, state))
        section.card { h2 { (state.say(Word::Ask)) } (form(&models, state)) }
    };
    (StatusCode::OK, content)
}

fn answer(model: &Served, user: &str, state: &State) -> Result<Answer, Problem> {
    let ranker = model.ranker()?;
    let users = &ranker.catalogue().users;
    if users.place(user).is_none() {
        let some: Vec<&str> = users.ids().iter().take(3).map(String::as_str).collect();
        let (what, which) = (state.say(Word::NoUser), state.say(Word::WhichUsers));
        return Err(Problem::missing(format!(
            "{what}: {user}. {which}: {}",
            some.join(", ")
        )));
    }
    Ok(ranker.recommend(&Request {
        who: Who::User(user.to_owned()),
        set: set_of(state),
        top: 10,
        include_rated: false,
        filter: Vec::new(),
        diversity: 0.0,
    })?)
}

fn profile(answer: &Answer, ranker: &Ranker<'_>, state: &State) -> Markup {
    let users = &ranker.catalogue().users;
    html! {
        h1 { (users.name) " " (answer.user.as_deref().unwrap_or_default()) }
        div.tiles {
            @for (name, value) in answer.profile.iter().filter(|(_, value)| !value.is_empty()) {
                div.tile { strong { (value) } span { (name) } }
            }
        }
        p.hint {
            @for given in &answer.context {
                span.chip title=(state.say(if given.given { Word::Given } else { Word::Latest })) class=[given.given.then_some("given")] {
                    (given.name) " " b { (given.value) }
                } " "
            }
        }
        @if !answer.unknown.is_empty() {
            p.note { (state.say(Word::Unknown)) ": " (answer.unknown.join(", ")) }
        }
    }
}

fn list(model: &Served, answer: &Answer, all: &[(&Arc<Served>, Answer)], state: &State) -> Markup {
    let title = model
        .ranker()
        .ok()
        .and_then(|r| r.catalogue().items.title());
    let title = title.map(|column| column.name.as_str());
    let others = || all.iter().filter(|(other, _)| other.name != model.name);
    let shared =
        |item: &str| all.len() > 1 && others().all(|(_, a)| a.items.iter().any(|i| i.item == item));
    html! {
        section.card {
            h2 { (state.say(Word::Recommended)) @if all.len() > 1 { " · " (model.name) } }
            @if answer.items.is_empty() { p { (state.say(Word::NothingLeft)) } }
            ol.items {
                @for item in &answer.items {
                    @let name = item.columns.iter().find(|(name, _)| Some(name.as_str()) == title);
                    li {
                        span.score title=(state.say(Word::Score)) { (format!("{:.3}", item.score)) }
                        div {
                            a href=(state.link("/item", &[("item", &item.item), ("model", &model.name)])) {
                                (name.map_or(item.item.as_str(), |(_, text)| text.as_str()))
                            }
                            @if shared(&item.item) { " " span.chip.given { (state.say(Word::Shared)) } }
                            div.small {
                                @for (name, text) in item.columns.iter().filter(|(n, t)| Some(n.as_str()) != title && !t.is_empty()).take(COLUMNS) {
                                    span title=(name) { (text) } " "
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn liked(answer: &Answer, ranker: &Ranker<'_>, state: &State) -> Markup {
    let catalogue = ranker.catalogue();
    let place = answer
        .user
        .as_ref()
        .and_then(|id| catalogue.users.place(id));
    let Some(user) = place else {
        return html! {};
    };
    let count = ranker.liked(user).count();
    let pages = count.div_ceil(LIKED).max(1);
    let page: usize = state.get("page").and_then(|p| p.parse().ok()).unwrap_or(1);
    let page = page.clamp(1, pages);
    let (before, after) = ((page - 1).to_string(), (page + 1).to_string());
    let title = catalogue.items.title();
    html! {
        section.card {
            h2 { (state.say(Word::Liked)) " (" (count) ")" }
            @if count == 0 { p { (state.say(Word::NoLiked)) } }
            @else {
                table {
                    thead { tr { th { (state.say(Word::Date)) } th { (state.say(Word::Item)) } } }
                    tbody {
                        @for event in ranker.liked(user).skip((page - 1) * LIKED).take(LIKED) {
                            tr {
                                td.date { (event.time().map(day).unwrap_or_default()) }
                                td { (title.map_or(catalogue.items.id(event.item), |c| c.text(event.item))) }
                            }
                        }
                    }
                }
                nav {
                    @if page > 1 { a href=(state.link("/recommend", &[("page", &before)])) { "← " (state.say(Word::Newer)) } }
                    span { (page) " / " (pages) }
                    @if page < pages { a href=(state.link("/recommend", &[("page", &after)])) { (state.say(Word::Older)) " →" } }
                }
            }
        }
    }
}
