//! The start: what is loaded, and a form.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::frame::State;
use super::words::Word;
use crate::recommend::ask::derived_names;
use crate::run::Recorded;
use crate::run::recorded::Named;
use crate::serve::app::App;
use crate::serve::served::Served;

/// Metrics that are shown.
const METRICS: usize = 3;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let models = app.models();
    let content = html! {
        (counts(&models, &state))
        section.card {
            h2 { (state.say(Word::Ask)) }
            (form(&models, &state))
        }
        h2 { (state.say(Word::Models)) }
        div.cards { @for model in models.iter() { (card(model, &state)) } }
    };
    state.page(StatusCode::OK, state.say(Word::Ask), &content)
}

/// How much the first model with a catalogue knows.
fn counts(models: &[Arc<Served>], state: &State) -> Markup {
    let catalogue = models
        .iter()
        .find_map(|m| m.ranker().ok())
        .map(|r| r.catalogue());
    html! {
        @if let Some(catalogue) = catalogue {
            div.tiles {
                @for (count, word) in [
                    (catalogue.users.len() as u64, Word::Users),
                    (catalogue.items.len() as u64, Word::Items),
                    (catalogue.rows, Word::Rows),
                ] {
                    div.tile { strong { (grouped(count)) } span { (state.say(word)) } }
                }
            }
        }
    }
}

/// The form, filled with the state.
pub fn form(models: &[Arc<Served>], state: &State) -> Markup {
    let ranker = models.iter().find_map(|m| m.ranker().ok());
    let names = ranker.map(|r| derived_names(r.catalogue(), r.scorer().schema()));
    let value = |name: &str| state.get(name).unwrap_or_default().to_owned();
    html! {
        form action="/recommend" method="get" {
            input type="hidden" name="lang" value=(state.language.code());
            div.fields {
                label { span { (state.say(Word::User)) }
                    input name="user" value=(value("user")) autocomplete="off" inputmode="text" required; }
                label { span { (state.say(Word::Model)) }
                    select name="model" {
                        @if models.len() > 1 { option value="" { (state.say(Word::AllModels)) } }
                        @for model in models {
                            option value=(model.name) selected[state.get("model") == Some(&model.name)] { (model.name) }
                        }
                    }
                }
                @for (name, latest) in names.unwrap_or_default() {
                    label { span { (name) }
                        input name={ "set." (name) } value=(value(&format!("set.{name}"))) placeholder=(latest) autocomplete="off"; }
                }
            }
            p.hint { (state.say(Word::Moment)) }
            button { (state.say(Word::Show)) }
        }
    }
}

fn card(model: &Served, state: &State) -> Markup {
    let schema = model.scorer().schema();
    let epochs = model.epochs().unwrap_or_default();
    let best = epochs.get(model.provenance.best_epoch.saturating_sub(1));
    let auc = best
        .and_then(|epoch| epoch.valid_auc)
        .map(|auc| format!("{auc:.4}"));
    html! {
        section.card {
            h3 { (model.name) }
            dl {
                dt { (state.say(Word::Model)) } dd { (model.settings.model.name()) }
                dt { (state.say(Word::Preset)) } dd { (model.settings.preset) }
                dt { (state.say(Word::Protocol)) } dd { (schema.protocol.name) }
                dt { (state.say(Word::Rows)) } dd { (grouped(model.provenance.rows as u64)) }
                dt { (state.say(Word::BestEpoch)) } dd { (model.provenance.best_epoch) }
                @if let Some(auc) = auc { dt { (state.say(Word::ValidAuc)) } dd { (auc) } }
            }
            @if let Some(recorded) = &model.recorded { (measured(model, recorded, state)) }
            a href=(state.link("/training", &[("model", &model.name)])) { (state.say(Word::Training)) }
        }
    }
}

/// The model's metrics on the test rows, and those of what it has to beat.
fn measured(model: &Served, recorded: &Recorded, state: &State) -> Markup {
    let metrics = &model.scorer().schema().protocol.metrics;
    let metrics: Vec<String> = metrics
        .iter()
        .map(ToString::to_string)
        .take(METRICS)
        .collect();
    let number = |all: &Named, name: &str| {
        let value = all.get(name).copied().flatten();
        value.map_or("–".to_owned(), |value| format!("{value:.4}"))
    };
    let own = (model.settings.model.name(), &recorded.metrics);
    let mut rows: Vec<(String, &Named)> = recorded
        .baselines
        .iter()
        .map(|(n, m)| (n.clone(), m))
        .collect();
    // The best baseline first: the one that counts.
    let of = |all: &Named| {
        all.get(metrics.first().map_or("", String::as_str))
            .copied()
            .flatten()
    };
    rows.sort_by(|a, b| of(b.1).unwrap_or(0.0).total_cmp(&of(a.1).unwrap_or(0.0)));
    html! {
        p.hint { (state.say(Word::TestMetrics)) " (" (grouped(recorded.rows as u64)) ")" }
        table.tight {
            thead { tr { th {} @for name in &metrics { th.number { (name) } } } }
            tbody { @for (place, (name, all)) in std::iter::once(own).chain(rows).enumerate() {
                tr class=[(place == 0).then_some("best")] {
                    td { (name) } @for metric in &metrics { td.number { (number(all, metric)) } }
                }
            } }
        }
    }
}

/// A count with commas.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
