//! What if a value were another: two rows side by side, with their probabilities and what each looks at.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::explained::{Row, Scale, explained};
use super::frame::State;
use super::words::Word;
use crate::recommend::Who;
use crate::recommend::ask::known;
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let kept = state.clone();
    match app.work(move |app| content(app, &kept)).await {
        Ok(content) => state.page(StatusCode::OK, state.say(Word::WhatIf), &content),
        Err(problem) => state.refused(problem, state.say(Word::WhatIf)),
    }
}

fn content(app: &App, state: &State) -> Result<Markup, Problem> {
    let model = app.model(state.get("model"))?;
    let (before, after) = (
        inputs(&model, Row::AsItIs, state)?,
        inputs(&model, Row::Changed, state)?,
    );
    Ok(html! {
        h1 { (state.say(Word::WhatIf)) }
        (side_by_side(&model, state)?)
        section.card { (form(&before, &after, state)) }
        p { a href=(state.link("/item", &[])) { "← " (state.say(Word::Item)) } }
    })
}

fn side_by_side(model: &Served, state: &State) -> Result<Markup, Problem> {
    let before = Row::AsItIs.explain(model, state)?;
    // A value that cannot be is told, and the form is kept.
    let after = Row::Changed.explain(model, state);
    let both = [Some(&before), after.as_ref().ok()];
    let both: Vec<_> = both.into_iter().flatten().collect();
    let scale = Scale::of(&both);
    Ok(html! {
        div.columns {
            section.card {
                h2 { (state.say(Word::AsItIs)) }
                (explained(&before, Row::AsItIs, scale, state))
            }
            section.card {
                h2 { (state.say(Word::Changed)) }
                @match &after {
                    Ok(after) => (explained(after, Row::Changed, scale, state)),
                    Err(problem) => p.note { (problem.detail) },
                }
            }
        }
    })
}

/// What a row is made of, before any change.
fn inputs(model: &Served, row: Row, state: &State) -> Result<Vec<(String, String)>, Problem> {
    let (user, item) = row.pair(state)?;
    let ranker = model.ranker()?;
    let asker = ranker.asker(&Who::User(user.to_owned()), &state.starting("set."))?;
    let place = known(&ranker.catalogue().items, item, state.say(Word::NoItem))?;
    Ok(ranker.inputs(&asker, place)?)
}

fn form(before: &[(String, String)], after: &[(String, String)], state: &State) -> Markup {
    let asked =
        |name: &str| name.starts_with("change.") || name.starts_with("other.") || name == "row";
    let value = |name: &str| state.get(name).unwrap_or_default().to_owned();
    html! {
        form action="/what-if" method="get" {
            (state.hidden(asked))
            p.hint { (state.say(Word::WhatIfHelp)) }
            div.fields {
                @for (name, word) in [("user", Word::User), ("item", Word::Item)] {
                    @let other = format!("other.{name}");
                    label { span { (state.say(word)) }
                        input name=(other) value=(value(&other)) placeholder=(value(name)) autocomplete="off"; }
                }
            }
            table {
                thead { tr { th { (state.say(Word::Field)) } th { (state.say(Word::AsItIs)) } th { (state.say(Word::Changed)) } } }
                tbody { @for ((name, before), (_, after)) in before.iter().zip(after) {
                    @let change = format!("change.{name}");
                    tr {
                        td { (name) }
                        td { (before) }
                        td { input name=(change) value=(value(&change)) placeholder=(after) aria-label=(name) autocomplete="off"; }
                    }
                } }
            }
            p { button { (state.say(Word::Compare)) } }
        }
    }
}
