//! The fields in a table: how many values, how often one, how often none.

use maud::{Markup, html};

use crate::page::numbers::{grouped, percent};
use crate::study::eda::Exploration;
use crate::study::eda::values::Values;

/// A value's text may be as long as a file.
const LONGEST: usize = 40;

pub(super) fn section(all: &Exploration) -> Markup {
    html! {
        h2 { "Fields" }
        div.wide { table {
            thead { tr {
                th { "field" } th { "kind" } th { "values" } th { "missing" } th { "unknown" } th { "most frequent" } th { "its share" } th { "V with the label" }
            } }
            tbody { @for (place, field) in all.fields.iter().enumerate() {
                tr {
                    th scope="row" { a href=(format!("#field-{place}")) { (field.name) } }
                    td { (field.kind) }
                    td { (field.occur.map_or("–".to_owned(), |values| grouped(values as u64))) }
                    td { (all.missing(place).map_or("–".to_owned(), percent)) }
                    td { (unknown(field)) }
                    @match field.most() {
                        Some((name, share)) => { td { (shortened(name)) } td { (percent(share)) } }
                        None => { td { "–" } td { "–" } }
                    }
                    td { (field.with_label.map_or("–".to_owned(), |v| format!("{v:.3}"))) }
                }
            } }
        } }
        p.note { "Missing: no value in the raw rows. Unknown: missing, too rare, or not in the rows that vocabularies are taken from. Of \
            a number the fullest of its ten parts is told." }
    }
}

fn unknown(field: &Values) -> String {
    percent(field.unknown.rows as f64 / field.all.max(1) as f64)
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
