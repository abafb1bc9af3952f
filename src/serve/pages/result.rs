//! Recommendations for somebody: by one model, or by all side by side.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::{State, shown};
use super::home::form;
use super::words::Word;
use crate::data::calendar::day;
use crate::data::catalogue::Event;
use crate::explain::attention::Interaction;
use crate::recommend::ask::derived_names;
use crate::recommend::{Answer, Ranker, Recommended, Request, Who};
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
        set: state.starting("set."),
        top: 10,
        include_rated: false,
        filter: Vec::new(),
        diversity: 0.0,
    })?)
}

fn profile(answer: &Answer, ranker: &Ranker<'_>, state: &State) -> Markup {
    let users = &ranker.catalogue().users;
    let schema = ranker.scorer().schema();
    let protocol = &schema.protocol;
    // Other columns of the moment do not reach the model.
    let asked = derived_names(ranker.catalogue(), schema).into_iter();
    let asked: Vec<String> = asked.map(|(name, _)| name).collect();
    html! {
        h1 { (users.name) " " (answer.user.as_deref().unwrap_or_default()) }
        div.tiles {
            @for (name, value) in answer.profile.iter().filter(|(_, value)| !value.is_empty()) {
                div.tile { strong { (shown(protocol, name, value)) } span { (name) } }
            }
        }
        p.hint {
            @for given in answer.context.iter().filter(|context| context.given || asked.contains(&context.name)) {
                span.chip.given[given.given] title=(state.say(if given.given { Word::Given } else { Word::Latest })) {
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
    let others = || all.iter().filter(|(other, _)| other.name != model.name);
    let shared =
        |item: &str| all.len() > 1 && others().all(|(_, a)| a.items.iter().any(|i| i.item == item));
    let reasons = reasons(model, answer, state);
    html! {
        section.card {
            h2 { (state.say(Word::Recommended)) @if all.len() > 1 { " · " (model.name) } }
            @if answer.items.is_empty() { p { (state.say(Word::NothingLeft)) } }
            ol.items {
                @for (place, item) in answer.items.iter().enumerate() {
                    li { (entry(model, item, reasons.get(place).and_then(Option::as_ref), shared(&item.item), state)) }
                }
            }
        }
    }
}

/// Why each item is where it is; nothing when it cannot be told: the list stands without.
fn reasons(model: &Served, answer: &Answer, state: &State) -> Vec<Option<Interaction>> {
    let (Ok(ranker), Some(user)) = (model.ranker(), &answer.user) else {
        return Vec::new();
    };
    let (who, set) = (Who::User(user.clone()), state.starting("set."));
    let items: Vec<u32> = answer.items.iter().map(|item| item.place).collect();
    let reasons = ranker.reasons(&model.attention, &who, &set, &items);
    reasons.unwrap_or_default()
}

/// An item of the list.
fn entry(
    model: &Served,
    item: &Recommended,
    why: Option<&Interaction>,
    shared: bool,
    state: &State,
) -> Markup {
    let protocol = &model.scorer().schema().protocol;
    let side = model.ranker().ok().map(|ranker| &ranker.catalogue().items);
    let name = side.map_or(item.item.as_str(), |items| items.called(item.place));
    let columns = item.columns.iter();
    let columns = columns.filter(|(_, text)| !text.is_empty() && text != name);
    html! {
        span.score title=(state.say(Word::Score)) { (format!("{:.3}", item.score)) }
        a href=(state.link("/item", &[("item", &item.item), ("model", &model.name)])) { (name) }
        @if shared { " " span.chip.given { (state.say(Word::Shared)) } }
        div.small {
            @for (name, text) in columns.take(COLUMNS) { span title=(name) { (shown(protocol, name, text)) } " " }
        }
        @if let Some(why) = why {
            div.small { (state.say(Word::Why)) ": " (why.from) " → " (why.to) " (" (format!("{:.2}", why.attention)) ")" }
        }
    }
}

fn liked(answer: &Answer, ranker: &Ranker<'_>, state: &State) -> Markup {
    let catalogue = ranker.catalogue();
    let place = answer.user.as_ref();
    let Some(user) = place.and_then(|id| catalogue.users.place(id)) else {
        return html! {};
    };
    let items = &catalogue.items;
    let mut events: Vec<&Event> = ranker.liked(user).collect();
    let by_title = state.get("sort") == Some("title");
    if by_title {
        events.sort_by_key(|event| items.called(event.item));
    }
    let pages = events.len().div_ceil(LIKED).max(1);
    let page: usize = state.get("page").and_then(|p| p.parse().ok()).unwrap_or(1);
    let page = page.clamp(1, pages);
    html! {
        section.card {
            h2 { (state.say(Word::Liked)) " (" (events.len()) ")" }
            @if events.is_empty() { p { (state.say(Word::NoLiked)) } }
            @else {
                table {
                    thead { tr { (sortable(Word::Date, "", !by_title, state)) (sortable(Word::Item, "title", by_title, state)) } }
                    tbody { @for event in events.iter().skip((page - 1) * LIKED).take(LIKED) { tr {
                        td.date { (event.time().map(day).unwrap_or_default()) }
                        td { (items.called(event.item)) }
                    } } }
                }
                (pager(page, pages, state))
            }
        }
    }
}

/// The head of a column that the table can be sorted by.
fn sortable(word: Word, sort: &str, sorted: bool, state: &State) -> Markup {
    html! { th aria-sort=[sorted.then_some("ascending")] {
        @if sorted { (state.say(word)) " ▾" }
        @else { a href=(state.link("/recommend", &[("sort", sort), ("page", "")])) { (state.say(word)) } }
    } }
}

fn pager(page: usize, pages: usize, state: &State) -> Markup {
    let to = |page: usize| state.link("/recommend", &[("page", &page.to_string())]);
    html! { nav {
        @if page > 1 { a href=(to(page - 1)) { "← " (state.say(Word::Before)) } }
        span { (page) " / " (pages) }
        @if page < pages { a href=(to(page + 1)) { (state.say(Word::After)) " →" } }
    } }
}
