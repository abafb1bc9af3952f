//! How unequal users and items are.

use maud::{Markup, html};

use crate::page::loglog::{LogLog, Series};
use crate::page::numbers::{grouped, percent, short};
use crate::study::eda::Exploration;
use crate::study::eda::activity::Activity;

pub(super) fn section(all: &Exploration) -> Markup {
    let both = [("users", &all.users), ("items", &all.items)];
    let known: Vec<(&str, &Activity)> = both
        .into_iter()
        .filter_map(|(name, people)| Some((name, people.as_ref()?)))
        .collect();
    if known.is_empty() {
        return html! {};
    }
    let series: Vec<Series<'_>> = known
        .iter()
        .map(|(name, people)| Series {
            name,
            points: people
                .tail
                .iter()
                .map(|&(rows, who)| (rows as f64, who as f64))
                .collect(),
        })
        .collect();
    let chart = LogLog {
        title: "How many have so many rows or more, on logarithmic axes",
        x: "rows",
        y: "how many have as many or more",
        series: &series,
    };
    html! {
        h2 { "Users and items" }
        (chart.svg())
        div.wide { table {
            thead { tr {
                th {} th { "how many" } th { "fewest rows" } th { "median" } th { "mean" } th { "most rows" } th { "rows of the busiest 1 %" } th { "Gini" }
            } }
            tbody { @for (name, people) in &known { tr {
                th scope="row" { (name) }
                td { (grouped(people.who as u64)) } td { (grouped(people.least)) } td { (grouped(people.median)) } td { (short(people.mean)) }
                td { (grouped(people.most)) } td { (percent(people.of_busiest)) } td { (format!("{:.3}", people.gini)) }
            } } }
        } }
        p.note { "Gini: 0 when all have as many rows, near 1 when a few have all." }
    }
}
