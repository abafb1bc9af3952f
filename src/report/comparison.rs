//! `compare --report`: which systems are better on the same rows, and which differences are more than luck, on one page.

use maud::{Markup, html};

use crate::page::page;
use crate::page::whiskers::{Whisker, Whiskers};
use crate::score::compare::{Difference, Verdict};

/// The first system and another one.
#[derive(Debug, Clone)]
pub struct Pair {
    /// What it is called.
    pub first: String,
    /// What it is called.
    pub second: String,
    /// The first less the second, metric by metric.
    pub differences: Vec<Difference>,
}

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The protocol's name.
    pub protocol: &'a str,
    /// The part of the data: `valid` or `test`.
    pub split: &'a str,
    /// How many rows were scored.
    pub rows: usize,
    /// The first system with each other one.
    pub pairs: &'a [Pair],
}

impl Comparison<'_> {
    /// The page. Every text in it is escaped.
    pub fn html(&self) -> String {
        let body = html! {
            p { "Protocol " (self.protocol) ", " (self.rows) " " (self.split) " rows. The AUC by DeLong's paired test, the others by the paired \
                bootstrap over users; a difference whose 95 % interval holds 0 is not told apart. The interval covers the choice of users, not \
                that of the training's seed." }
            @for pair in self.pairs { (section(pair)) }
        };
        page("A comparison", &body)
    }
}

fn section(pair: &Pair) -> Markup {
    let whisker = |difference: &Difference| Whisker {
        name: difference.metric.to_string(),
        value: difference.estimate.value,
        interval: Some((difference.estimate.low, difference.estimate.high)),
        beside: Vec::new(),
    };
    let lines: Vec<Whisker> = pair.differences.iter().map(whisker).collect();
    let title = format!("{} less {}, with 95 % intervals", pair.first, pair.second);
    html! {
        h2 { (pair.first) " and " (pair.second) }
        (Whiskers { title: &title, lines: &lines, zero: true }.svg())
        div.wide { table {
            thead { tr { th { "metric" } th { "difference" } th { "95 % interval" } th { "better" } } }
            tbody { @for difference in &pair.differences { tr {
                th { (difference.metric) }
                td { (format!("{:+.4}", difference.estimate.value)) }
                td { (format!("{:+.4} to {:+.4}", difference.estimate.low, difference.estimate.high)) }
                td { (match difference.verdict() {
                    Verdict::FirstBetter => &pair.first,
                    Verdict::SecondBetter => &pair.second,
                    Verdict::NotTold => "not told apart",
                }) }
            } } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::interval::Estimate;

    #[test]
    fn the_better_one_is_named_and_zero_is_seen() {
        let difference = |metric: &str, low: f64, high: f64| Difference {
            metric: metric.parse().unwrap(),
            estimate: Estimate {
                value: (low + high) / 2.0,
                standard_error: 0.01,
                low,
                high,
            },
        };
        let pairs = [Pair {
            first: "a<1>".into(),
            second: "b".into(),
            // A smaller loss is the better one.
            differences: vec![
                difference("auc", -0.01, 0.03),
                difference("logloss", 0.01, 0.02),
            ],
        }];
        let page = Comparison {
            protocol: "p",
            split: "test",
            rows: 9,
            pairs: &pairs,
        }
        .html();
        assert!(
            page.contains("<td>not told apart</td>") && page.contains("<td>b</td>"),
            "{page}"
        );
        assert!(page.contains("a&lt;1&gt; less b") && page.matches("class=\"zero\"").count() == 1);
        assert!(!page.contains("<script"));
    }
}
