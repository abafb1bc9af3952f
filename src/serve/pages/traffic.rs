//! How the models do on live traffic: what was shown and clicked, and whether what comes is what they were trained on.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::frame::State;
use super::home::grouped;
use super::words::Word;
use crate::serve::app::App;
use crate::serve::drift::{FieldDrift, Moved, Report, ScoreDrift, Verdict};

/// The page renews itself.
const SECONDS: u32 = 10;

/// The page.
pub async fn page(Shared(app): Shared<Arc<App>>, state: State) -> Response {
    let models = app.models();
    let content = html! {
        h1 { (state.say(Word::Traffic)) }
        (clicks(&app, &state))
        h2 { (state.say(Word::Drift)) }
        p.hint { (state.say(Word::DriftHelp)) }
        @for model in models.iter() {
            section.card {
                h2 { (model.name) }
                @match &model.drift {
                    Some(drift) => (drifted(&drift.report(), &state)),
                    None => p { (state.say(Word::NoDistribution)) },
                }
            }
        }
    };
    let title = state.say(Word::Traffic);
    state.renewed(StatusCode::OK, title, Some(SECONDS), &content)
}

fn clicks(app: &App, state: &State) -> Markup {
    let all = app.traffic.tallies.all();
    html! {
        section.card {
            h2 { (state.say(Word::Clicks)) }
            @if all.is_empty() { p { (state.say(Word::NoFeedback)) } }
            @else { div.scroll { table {
                thead { tr {
                    th { (state.say(Word::Model)) } th.number { (state.say(Word::Shown)) } th.number { (state.say(Word::Clicked)) }
                    th.number { (state.say(Word::ClickRate)) } th.number { (state.say(Word::Calibration)) }
                } }
                tbody { @for (name, tally) in &all { tr {
                    td { (name) }
                    td.number { (grouped(tally.shown)) } td.number { (grouped(tally.clicked)) }
                    td.number { @if let Some([rate, low, high]) = tally.rate() { (format!("{rate:.3} ({low:.3} … {high:.3})")) } }
                    td.number { (tally.calibration().map_or("–".to_owned(), |c| format!("{c:.2}"))) }
                } } }
            } } }
        }
    }
}

fn drifted(report: &Report, state: &State) -> Markup {
    html! {
        p.hint { (state.say(Word::Window)) ": " (grouped(report.window_seconds)) }
        div.scroll { table {
            thead { tr {
                th { (state.say(Word::Field)) } th {} th.number { (state.say(Word::Values)) }
                th.number { (state.say(Word::UnknownShare)) } th.number { (state.say(Word::InTraining)) }
                th.number { (state.say(Word::Psi)) } th.number { (state.say(Word::PsiByChance)) }
            } }
            tbody { @for field in &report.fields { (row(field, state)) } }
        } }
        h3 { (state.say(Word::Scores)) " " (verdict(&report.scores.moved, state)) }
        (scores(&report.scores, state))
    }
}

fn row(field: &FieldDrift, state: &State) -> Markup {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    html! { tr {
        td { (field.name) } td { (verdict(&field.moved, state)) } td.number { (grouped(field.values)) }
        td.number { (field.unknown.map_or("–".to_owned(), percent)) } td.number { (percent(field.unknown_in_training)) }
        td.number { (digits(field.moved.psi)) } td.number { (digits(field.moved.psi_by_chance)) }
    } }
}

fn digits(number: Option<f64>) -> String {
    number.map_or("–".to_owned(), |number| format!("{number:.3}"))
}

fn verdict(moved: &Moved, state: &State) -> Markup {
    let verdict = moved.verdict();
    let word = match verdict {
        Verdict::Silent => Word::Silent,
        Verdict::Stable => Word::Stable,
        Verdict::Moving => Word::Moving,
        Verdict::Moved => Word::Moved,
    };
    html! {
        span.chip.given[verdict == Verdict::Moving].alarm[verdict == Verdict::Moved] { (state.say(word)) }
    }
}

/// The share of each bin of scores, now and in training.
fn scores(scores: &ScoreDrift, state: &State) -> Markup {
    let all = scores.shares.iter().chain(&scores.shares_in_training);
    let most = all.fold(0.0, |most: f64, &share| most.max(share));
    let bar = |share: Option<&f64>| {
        html! {
            @if let Some(share) = share { meter min="0" max=(most) value=(share) title=(format!("{share:.3}")) {} }
        }
    };
    html! {
        table.bars.pair {
            thead { tr { th { (state.say(Word::ScoreRange)) } th { (state.say(Word::Now)) } th { (state.say(Word::InTraining)) } } }
            tbody { @for bin in 0..=scores.bounds.len() { tr {
                td { (range(&scores.bounds, bin)) }
                td { (bar(scores.shares.get(bin))) }
                td { (bar(scores.shares_in_training.get(bin))) }
            } } }
        }
    }
}

/// From one bound to the next.
fn range(bounds: &[f32], bin: usize) -> String {
    let low = bin
        .checked_sub(1)
        .and_then(|below| bounds.get(below))
        .unwrap_or(&0.0);
    let high = bounds.get(bin).unwrap_or(&1.0);
    format!("{low:.2} – {high:.2}")
}
