//! The page: what there is in the data, drawn; every drawing can be read as a table too, and every text is escaped.
//!
//! Each section is a file.

mod fields;
mod label;
mod over_time;
mod pairs;
mod people;
mod rates;

use maud::{Markup, html};

use super::Exploration;
use crate::metrics::wilson::wilson;
use crate::page::numbers::{grouped, percent};
use crate::page::page;

impl Exploration {
    /// The page.
    pub fn html(&self) -> String {
        let body = html! {
            (self.facts())
            (fields::section(self))
            (label::section(self))
            (over_time::section(self))
            (people::section(self))
            (rates::section(self))
            (pairs::section(self))
            (notes())
        };
        page(
            &format!("Data of protocol {}", self.summary.protocol),
            &body,
        )
    }

    fn facts(&self) -> Markup {
        let rows = self.summary.rows as u64;
        let positives = (self.summary.label_rate * rows as f64).round() as u64;
        let [rate, low, high] = wilson(positives, rows).unwrap_or_default();
        let splits = self.summary.splits.iter();
        let splits = splits.map(|(name, rows)| format!("{name} {}", grouped(*rows as u64)));
        let mut facts = vec![
            ("data", self.source.clone()),
            ("rows", grouped(rows)),
            (
                "positive",
                format!(
                    "{} (95 % interval {} to {})",
                    percent(rate),
                    share(low),
                    share(high)
                ),
            ),
            ("split", splits.collect::<Vec<_>>().join(", ")),
        ];
        for (name, people) in [("users", &self.users), ("items", &self.items)] {
            facts.extend(people.as_ref().map(|p| (name, grouped(p.who as u64))));
        }
        if let Some(density) = self.density() {
            let text = format!("{} of all pairs of a user and an item", percent(density));
            facts.push(("density", text));
        }
        if let Some(timeline) = self.raw.as_ref().and_then(|raw| raw.timeline.as_ref()) {
            let text = format!("{} to {} (UTC)", timeline.from, timeline.to);
            facts.push(("time", text));
        }
        facts.push(("fingerprint", self.fingerprint.clone()));
        html! {
            dl { @for (name, value) in facts { dt { (name) } dd { (value) } } }
            @if !self.counts.is_plain() { pre { (self.counts) } }
            @if self.raw.is_none() {
                p.note { "The rows are encoded already: when they happened, what is missing and the number behind the label are only in the raw \
                    files. Give these to see them." }
            }
        }
    }
}

/// A share with two digits behind the point, for intervals.
fn share(x: f64) -> String {
    format!("{:.2} %", 100.0 * x)
}

fn notes() -> Markup {
    html! {
        h2 { "How to read this" }
        ul.note {
            li { "All kept rows are counted, those of the test rows too: it is for people to look at, not for choosing models by." }
            li { "Intervals of rates are Wilson's, of means the normal ones, both 95 %. They take rows for independent draws; the rows of a user \
                are not, so they are rather too narrow." }
            li { "V is Cramér's, from 0 (independent) to 1 (one follows from the other, or very nearly), with Bergsma's correction: what chance alone makes of it is \
                taken off." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::explore;
    use crate::data::source::Source;
    use crate::data::store::Target;

    fn page(source: &Source) -> String {
        let data = source.encode(None, Target::Anywhere).unwrap();
        explore(source, &data).unwrap().html()
    }

    #[test]
    fn a_page_has_every_section_and_asks_for_nothing() {
        let page = page(&Source::Synthetic { rows: Some(2_000) });
        for title in [
            "Fields",
            "The label",
            "Rows over time",
            "Users and items",
            "How often positive, by value",
            "Fields that carry each other",
            "How to read this",
        ] {
            assert!(page.contains(&format!("<h2>{title}</h2>")), "{title}");
        }
        for outside in [
            "<script", "http://", "https://", "<link", "src=", "NaN", "inf ",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("<dd>2,000</dd>"));
    }

    #[test]
    fn a_store_says_what_only_raw_rows_know() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        let raw = Source::Synthetic { rows: Some(500) };
        let data = raw.encode(None, Target::Anywhere).unwrap();
        data.write(&file).unwrap();
        let page = page(&Source::Store { file });
        assert!(page.contains("The rows are encoded already"));
        assert!(page.contains("How often positive") && !page.contains("Rows over time"));
    }
}
