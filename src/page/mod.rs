//! Pages that need nothing else, no script and no other file, and the drawings in them: one drawing a file, as SVG. Every text
//! in them is escaped.
//!
//! Its idea: a drawing takes numbers and names and gives markup; what they mean is the caller's. It knows no metric, no data set and no
//! model, so that the pages of [`crate::study`], [`crate::report`], [`crate::search`] and [`crate::serve`] can draw alike.
//!
//! # Adding a drawing
//!
//! A type with its numbers, and a method that gives its markup; colours go by the classes of the style sheet, which has both themes.
//!
//! Files: `src/page/NAME.rs` (new), `src/page/mod.rs`, `src/page/style.css`

pub mod bars;
pub mod cells;
pub mod heat;
pub mod histogram;
pub mod lines;
pub mod loglog;
pub mod numbers;
pub mod parallel;
pub mod reliability;
pub mod scale;
pub mod upright;
pub mod whiskers;

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A whole page: its title, also as the first heading, and what stands below it.
pub fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (body)
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_its_title_and_asks_for_nothing() {
        let page = page("<b>", &html! { p { "text" } });
        assert!(page.contains("<h1>&lt;b&gt;</h1><p>text</p>"), "{page}");
        for outside in ["<script", "http://", "https://", "<link", "src="] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
