//! Fields that carry each other.

use maud::{Markup, html};

use crate::page::heat::Heat;
use crate::page::numbers::grouped;
use crate::study::eda::Exploration;

/// Pairs in the table: how many at most, and from which V on.
const MOST: usize = 20;
const LEAST: f64 = 0.1;

pub(super) fn section(all: &Exploration) -> Markup {
    let pairs = &all.pairs;
    let strongest = pairs.strongest(LEAST);
    let name = |place: usize| pairs.names.get(place).map_or("", String::as_str);
    let follows = |from: usize, to: usize| {
        let known = pairs.follow.iter().find(|f| (f.0, f.1) == (from, to));
        known.map(|f| format!("{} tells {:.1} % of {}", name(from), 100.0 * f.2, name(to)))
    };
    html! {
        h2 { "Fields that carry each other" }
        (Heat { title: "V of each pair", names: &pairs.names, rows: &pairs.v }.html())
        @if !strongest.is_empty() {
            h3 { "The strongest pairs" }
            div.wide { table {
                thead { tr { th { "fields" } th { "V" } th { "one follows from the other" } } }
                tbody { @for &(a, b, v) in strongest.iter().take(MOST) {
                    @let told: Vec<String> = [follows(a, b), follows(b, a)].into_iter().flatten().collect();
                    tr { th scope="row" { (name(a)) " · " (name(b)) } td { (format!("{v:.3}")) } td { (told.join("; ")) } }
                } }
            } }
            @if strongest.len() > MOST { p.note { (strongest.len() - MOST) " more pairs have a V of " (LEAST) " or more." } }
        }
        p.note {
            "From " (grouped(pairs.rows as u64)) " rows, evenly spaced. A field with fewer than ten rows a value (–) is not looked at: it would seem to \
                know every other. Of a list the first value counts, of a number the part it lies in; what is unknown or missing is one value."
            @if pairs.left_out > 0 { " The last " (pairs.left_out) " fields are left out." }
        }
    }
}
