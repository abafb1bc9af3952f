//! Rows and their rate over time.

use maud::{Markup, html};

use crate::metrics::wilson::wilson;
use crate::page::numbers::{grouped, percent};
use crate::page::upright::{Row, Upright, amount, share};
use crate::study::eda::Exploration;
use crate::study::eda::over_time::Timeline;

pub(super) fn section(all: &Exploration) -> Markup {
    let Some(raw) = &all.raw else {
        return html! {};
    };
    let Some(timeline) = &raw.timeline else {
        return html! {
            h2 { "Rows over time" }
            p { "No time is known: name its column as " code { "time" } " in [roles] of the schema." }
        };
    };
    let unit = timeline.unit.called();
    html! {
        h2 { "Rows over time" }
        (drawing(timeline, &format!("Rows, {unit} each bar"), true))
        (drawing(timeline, &format!("Share of positive rows, {unit} each point, with 95 % intervals"), false))
        @if timeline.without > 0 { p.note { (grouped(timeline.without)) " rows have no time." } }
        @if raw.rows > all.summary.rows as u64 {
            p.note { "Counted before duplicates and rows outside the core were dropped." }
        }
        details {
            summary { "As a table" }
            div.wide { table {
                thead { tr { th { "from" } th { "rows" } th { "positive" } } }
                tbody { @for (name, rows, positives) in &timeline.bins {
                    tr { th scope="row" { (name) } td { (grouped(*rows)) } td { (rate(*positives, *rows)) } }
                } }
            } }
        }
    }
}

fn rate(positives: u64, rows: u64) -> String {
    let rate = wilson(positives, rows);
    rate.map_or("–".to_owned(), |[rate, ..]| percent(rate))
}

fn drawing(timeline: &Timeline, title: &str, filled: bool) -> Markup {
    let bar = |(name, rows, positives): &(String, u64, u64)| Upright {
        name: name.clone(),
        told: format!(
            "{name}: {} rows, {} positive",
            grouped(*rows),
            rate(*positives, *rows)
        ),
        value: match filled {
            true => Some([*rows as f64; 3]),
            false => wilson(*positives, *rows),
        },
    };
    let bars: Vec<Upright> = timeline.bins.iter().map(bar).collect();
    Row {
        title,
        bars: &bars,
        filled,
        write: if filled { amount } else { share },
    }
    .svg()
}
