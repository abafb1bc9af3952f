//! The number behind the label: how often each comes, and its mean by the values of columns.

use maud::{Markup, html};

use super::fields::shortened;
use crate::page::bars::{Bar, Bars};
use crate::page::numbers::{grouped, percent, short};
use crate::page::upright::{Row, Upright, amount};
use crate::study::eda::Exploration;
use crate::study::eda::means::{Means, Moments};
use crate::study::eda::raw::LabelNumber;

pub(super) fn section(all: &Exploration) -> Markup {
    let Some(label) = all.raw.as_ref().and_then(|raw| raw.label.as_ref()) else {
        return html! {};
    };
    html! {
        h2 { "The label" }
        p { "The label is made of " code { (label.column) } ", whose mean is " (format!("{:.4}", label.all.mean)) " over " (grouped(label.all.n)) " rows." }
        @if !all.counts.dropped.is_empty() {
            p.note { "Without the rows that the protocol drops: " (all.counts.dropped.keys().map(String::as_str).collect::<Vec<_>>().join(", ")) "." }
        }
        (numbers(label))
        @for means in &label.means {
            h3 { "Mean of " (label.column) " by " (means.column) }
            (by_value(means, label))
        }
    }
}

fn numbers(label: &LabelNumber) -> Markup {
    let upright = |&(x, rows): &(f64, u64)| Upright {
        name: short(x),
        told: format!(
            "{}: {} rows, {}",
            short(x),
            grouped(rows),
            percent(rows as f64 / label.all.n as f64)
        ),
        value: Some([rows as f64; 3]),
    };
    let bars: Vec<Upright> = label.numbers.iter().map(upright).collect();
    let title = format!("Rows by {}", label.column);
    let row = Row {
        title: &title,
        bars: &bars,
        filled: true,
        write: amount,
    };
    html! {
        (row.svg())
        @if !bars.is_empty() {
            div.wide { table {
                thead { tr { th { (label.column) } @for (x, _) in &label.numbers { th { (short(*x)) } } } }
                tbody {
                    tr { th { "rows" } @for (_, rows) in &label.numbers { td { (grouped(*rows)) } } }
                    tr { th { "share" } @for (_, rows) in &label.numbers { td { (percent(*rows as f64 / label.all.n as f64)) } } }
                }
            } }
        }
    }
}

fn by_value(means: &Means, label: &LabelNumber) -> Markup {
    let bar = |name: String, moments: &Moments, rest: bool| {
        let value = moments.estimate();
        let [mean, low, high] = value.unwrap_or_default();
        Bar {
            name: shortened(&name),
            cells: vec![
                grouped(moments.n),
                format!("{mean:.3}"),
                format!("{low:.3} – {high:.3}"),
            ],
            value,
            rest,
        }
    };
    let mut bars: Vec<Bar> = means
        .shown
        .iter()
        .map(|(name, moments)| bar(name.clone(), moments, false))
        .collect();
    if let Some((values, moments)) = &means.others {
        bars.push(bar(format!("{values} others"), moments, true));
    }
    Bars {
        title: "The dotted line is the mean of all rows",
        columns: &[&means.column, "rows", "mean", "95 % interval"],
        bars: &bars,
        mark: Some(label.all.mean),
        axis: None,
        filled: false,
        write: |x| format!("{x:.2}"),
    }
    .html()
}
