//! Values with their intervals as inline SVG: a line a value, others beside it as small marks.

use maud::{Markup, html};

use super::numbers::place;
use super::scale::Scale;

/// The drawing's size, in its own units; the height grows with the lines.
const WIDTH: f64 = 640.0;
const NAMES: f64 = 150.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 10.0;
const LINE: f64 = 24.0;
const BOTTOM: f64 = 26.0;

/// A value and its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Whisker {
    /// What stands before the line.
    pub name: String,
    /// Drawn as a point.
    pub value: f64,
    /// From and to; none where it is not known.
    pub interval: Option<(f64, f64)>,
    /// What it is to be seen beside: names and values.
    pub beside: Vec<(String, f64)>,
}

/// Values below each other on one axis.
#[derive(Debug, Clone, Copy)]
pub struct Whiskers<'a> {
    /// What stands above.
    pub title: &'a str,
    /// From top to bottom.
    pub lines: &'a [Whisker],
    /// Whether 0, where nothing differs, is to be seen.
    pub zero: bool,
}

impl Whiskers<'_> {
    /// The drawing, or nothing when there is no value.
    pub fn svg(&self) -> Markup {
        let values = |line: &Whisker| {
            let (low, high) = line.interval.unwrap_or((line.value, line.value));
            let beside = line.beside.iter().map(|(_, value)| *value);
            beside.chain([low, line.value, high]).collect::<Vec<f64>>()
        };
        let all = self.lines.iter().flat_map(values);
        let Some(scale) = Scale::around(all.chain(self.zero.then_some(0.0))) else {
            return html! {};
        };
        let bottom = TOP + LINE * self.lines.len() as f64;
        let x = |value: f64| NAMES + scale.share(value) * (WIDTH - NAMES - RIGHT);
        html! {
            figure {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {}", bottom + BOTTOM)) role="img" aria-label=(self.title) {
                    @for (value, text) in scale.lines() {
                        line.grid x1=(place(x(value))) x2=(place(x(value))) y1=(TOP) y2=(place(bottom)) {}
                        text x=(place(x(value))) y=(place(bottom + 16.0)) text-anchor="middle" { (text) }
                    }
                    @if self.zero { line.zero x1=(place(x(0.0))) x2=(place(x(0.0))) y1=(TOP) y2=(place(bottom)) {} }
                    @for (number, line) in self.lines.iter().enumerate() {
                        (whisker(line, TOP + LINE * (number as f64 + 0.5), &x))
                    }
                }
            }
        }
    }
}

fn whisker(line: &Whisker, y: f64, x: &dyn Fn(f64) -> f64) -> Markup {
    let told = match line.interval {
        Some((low, high)) => format!("{:.4}, 95 % interval {low:.4} to {high:.4}", line.value),
        None => format!("{:.4}", line.value),
    };
    html! {
        text x=(NAMES - 8.0) y=(place(y + 4.0)) text-anchor="end" { (line.name) }
        @for (name, value) in &line.beside {
            circle.beside cx=(place(x(*value))) cy=(place(y)) r="3.5" { title { (name) ": " (format!("{value:.4}")) } }
        }
        @if let Some((low, high)) = line.interval {
            line.s0 x1=(place(x(low))) x2=(place(x(high))) y1=(place(y)) y2=(place(y)) stroke-width="2" {}
            @for end in [low, high] { line.s0 x1=(place(x(end))) x2=(place(x(end))) y1=(place(y - 5.0)) y2=(place(y + 5.0)) stroke-width="2" {} }
        }
        circle.s0 cx=(place(x(line.value))) cy=(place(y)) r="4.5" { title { (line.name) ": " (told) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, interval: Option<(f64, f64)>) -> Whisker {
        Whisker {
            name: name.into(),
            value: 0.5,
            interval,
            beside: vec![("<chance>".into(), 0.1)],
        }
    }

    #[test]
    fn every_value_has_its_marks() {
        let lines = [line("auc", Some((0.45, 0.55))), line("ndcg", None)];
        let whiskers = Whiskers {
            title: "metrics",
            lines: &lines,
            zero: true,
        };
        let svg = whiskers.svg().into_string();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert_eq!(svg.matches("class=\"s0\" x1").count(), 3);
        assert_eq!(svg.matches("class=\"zero\"").count(), 1);
        assert!(
            svg.contains("&lt;chance&gt;: 0.1000") && !svg.contains("NaN"),
            "{svg}"
        );
        assert!(svg.contains("auc: 0.5000, 95 % interval 0.4500 to 0.5500"));
        let none = Whiskers {
            lines: &[],
            zero: false,
            ..whiskers
        };
        assert_eq!(none.svg().into_string(), "");
    }
}
