//! How often a row is positive, by the values of each field.

use maud::{Markup, html};

use super::fields::shortened;
use crate::page::bars::{Bar, Bars};
use crate::page::numbers::{grouped, percent, short};
use crate::study::eda::Exploration;
use crate::study::eda::values::{Group, Values};

/// Fields that are shown, and of these the ones that are unfolded: those that tell most of the label.
const MOST: usize = 100;
const OPEN: usize = 20;

pub(super) fn section(all: &Exploration) -> Markup {
    let mut order: Vec<usize> = (0..all.fields.len()).collect();
    let tells = |place: &usize| all.fields[*place].with_label.unwrap_or(0.0);
    order.sort_by(|a, b| tells(b).total_cmp(&tells(a)).then(a.cmp(b)));
    let left_out = order.len().saturating_sub(MOST);
    order.truncate(MOST);
    let open = |place: usize| order.iter().take(OPEN).any(|&other| other == place);
    let mut shown = order.clone();
    shown.sort_unstable();
    html! {
        h2 { "How often positive, by value" }
        p.note { "The dotted line is the rate of all rows. The most frequent values are shown one by one, the others together." }
        @if left_out > 0 { p.note { (left_out) " fields that tell less of the label (a lower V) are left out." } }
        @for place in shown {
            details open[open(place)] id=(format!("field-{place}")) {
                summary { h3 { (all.fields[place].name) } }
                (bars(&all.fields[place], all.summary.label_rate))
            }
        }
    }
}

fn bars(field: &Values, mean: f64) -> Markup {
    let rest = field.others.iter().map(|(_, group)| group);
    let unknown = Some(&field.unknown).filter(|group| group.rows > 0);
    let groups = field.shown.iter().map(|group| (group, false));
    let groups = groups.chain(rest.chain(unknown).map(|group| (group, true)));
    let bars: Vec<Bar> = groups.map(|(group, rest)| bar(group, rest)).collect();
    Bars {
        title: "Share of positive rows with its 95 % interval",
        columns: &["value", "rows", "positive", "interval, %"],
        bars: &bars,
        mark: Some(mean),
        axis: None,
        filled: false,
        write: axis_share,
    }
    .html()
}

fn bar(group: &Group, rest: bool) -> Bar {
    let value = group.rate();
    let [rate, low, high] = value.unwrap_or_default();
    Bar {
        name: shortened(&group.name),
        cells: vec![grouped(group.rows), percent(rate), interval(low, high)],
        value,
        rest,
    }
}

/// `57.2 – 57.9`, in per cent.
fn interval(low: f64, high: f64) -> String {
    format!("{:.1} – {:.1}", 100.0 * low.max(0.0), 100.0 * high)
}

/// An axis of shares.
fn axis_share(x: f64) -> String {
    format!("{} %", short((x.clamp(0.0, 1.0) * 1e3).round() / 10.0))
}
