//! Why a row has its score, as part of a page, and its heat maps as an image.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::State;
use super::words::Word;
use crate::explain::Explanation;
use crate::explain::svg::heat_maps_up_to;
use crate::recommend::Who;
use crate::serve::app::App;
use crate::serve::problem::Problem;
use crate::serve::served::Served;

/// Interactions that are named.
const STRONGEST: usize = 3;

/// A row that the address describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// `user` and `item`.
    AsItIs,
    /// `other.user` and `other.item` where they are given, with every `change.NAME`.
    Changed,
}

impl Row {
    /// The user and the item.
    ///
    /// # Errors
    /// When one is missing.
    pub fn pair(self, state: &State) -> Result<(&str, &str), Problem> {
        let of = |name: &str, other: &str| {
            let other = state.get(other).filter(|_| self == Row::Changed);
            let missing = || Problem::value(name, state.say(Word::MissingPair));
            other.or(state.get(name)).ok_or_else(missing)
        };
        Ok((of("user", "other.user")?, of("item", "other.item")?))
    }

    /// Its explanation.
    ///
    /// # Errors
    /// When somebody, something or a value is not in the data.
    pub fn explain(self, model: &Served, state: &State) -> Result<Explanation, Problem> {
        let (user, item) = self.pair(state)?;
        let changes = match self {
            Row::AsItIs => Vec::new(),
            Row::Changed => state.starting("change."),
        };
        let (who, set) = (Who::User(user.to_owned()), state.starting("set."));
        let ranker = model.ranker()?;
        Ok(ranker.explain_altered(&model.attention, &who, &set, item, &changes)?)
    }
}

/// What fills a bar and what has full colour: the same for all explanations of a page, so that they can be compared.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The largest, in logits and without its sign.
    contribution: f32,
    /// The largest weight, 0 to 1.
    attention: f32,
}

impl Scale {
    /// The scale on which all of these fit.
    pub fn of(explanations: &[&Explanation]) -> Scale {
        let contributions = explanations.iter().flat_map(|e| &e.contributions);
        let attention = explanations.iter().map(|e| e.attention.greatest());
        Scale {
            contribution: contributions.fold(0.0, |most: f32, value| most.max(value.abs())),
            attention: attention.fold(0.0, f32::max),
        }
    }
}

/// The explanation of a row.
pub fn explained(explanation: &Explanation, row: Row, scale: Scale, state: &State) -> Markup {
    html! {
        p { (state.say(Word::Probability)) " " strong { (format!("{:.3}", explanation.probability)) } }
        @if !explanation.unknown.is_empty() {
            p.note { (state.say(Word::Unknown)) ": " (explanation.unknown.join(", ")) }
        }
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
                    td { meter min="0" max=(scale.contribution) value=(value.abs()) class=[(value < 0.0).then_some("against")] {} }
                    td.number { (format!("{value:+.3}")) }
                }
            }
        } }
        @if explanation.attention.layers() > 0 {
            h3 { (state.say(Word::Strongest)) }
            ol { @for pair in explanation.strongest.iter().take(STRONGEST) {
                li { (pair.from) " → " (pair.to) " " span.small { (format!("{:.3}", pair.attention)) } }
            } }
            h3 { (state.say(Word::Attention)) }
            @let which = match row { Row::AsItIs => "", Row::Changed => "changed" };
            @let full = scale.attention.to_string();
            @let drawing = state.link("/attention.svg", &[("row", which), ("full", &full)]);
            a href=(drawing) { img.wide src=(drawing) alt=(state.say(Word::Attention)); }
        }
    }
}

/// The heat maps of a row, as an image: its own style is allowed, it is no page.
pub async fn attention(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let drawn = app
        .work(move |app| {
            let model = app.model(state.get("model"))?;
            let row = match state.get("row") {
                Some("changed") => Row::Changed,
                _ => Row::AsItIs,
            };
            let explanation = row.explain(&model, &state)?;
            let full = state.get("full").and_then(|full| full.parse().ok());
            let full = full.filter(|full: &f32| full.is_finite() && *full > 0.0);
            let attention = &explanation.attention;
            let full = full.unwrap_or(attention.greatest());
            Ok(heat_maps_up_to(&explanation.fields, attention, full).svg())
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
