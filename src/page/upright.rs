//! Upright bars in a row as inline SVG: amounts by time or by place.

use maud::{Markup, html};

use super::numbers::{place, short};
use super::scale::Scale;

/// The drawing's size, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Names below the bars, at most about so many.
const NAMES: usize = 6;

/// A bar, or a point with its interval.
#[derive(Debug, Clone)]
pub struct Upright {
    /// What stands below it: a time or a place.
    pub name: String,
    /// What is told where the pointer rests.
    pub told: String,
    /// Value, low and high; none leaves a gap.
    pub value: Option<[f64; 3]>,
}

/// A row of bars from 0 up, or of points with intervals.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// From left to right.
    pub bars: &'a [Upright],
    /// Bars from 0 up; points with intervals on an axis around them else.
    pub filled: bool,
    /// How the axis' numbers are written.
    pub write: fn(f64) -> String,
}

impl Row<'_> {
    /// The drawing, or nothing when there is no bar.
    pub fn svg(&self) -> Markup {
        let Some(axis) = self.axis() else {
            return html! {};
        };
        let y = |value: f64| HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM);
        let apart = (WIDTH - LEFT - RIGHT) / self.bars.len() as f64;
        let x = |number: usize| LEFT + apart * (number as f64 + 0.5);
        let every = self.bars.len().div_ceil(NAMES);
        let wide = (0.8 * apart).min(40.0);
        html! {
            figure {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.title) {
                    @for (value, _) in axis.lines() {
                        @let y = place(y(value));
                        line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                        text x=(LEFT - 8.0) y=(y) dy="4" text-anchor="end" { ((self.write)(value)) }
                    }
                    @for (number, bar) in self.bars.iter().enumerate() {
                        @if number % every == 0 {
                            text x=(place(x(number))) y=(HEIGHT - 8.0) text-anchor="middle" { (bar.name) }
                        }
                        @if let Some([value, low, high]) = bar.value {
                            g {
                                title { (bar.told) }
                                @if self.filled {
                                    rect.s0 x=(place(x(number) - wide / 2.0)) y=(place(y(value))) width=(place(wide))
                                        height=(place((y(0.0) - y(value)).max(0.0))) {}
                                } @else {
                                    line.s0 x1=(place(x(number))) x2=(place(x(number))) y1=(place(y(low))) y2=(place(y(high))) {}
                                    circle.s0 cx=(place(x(number))) cy=(place(y(value))) r="3" {}
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn axis(&self) -> Option<Scale> {
        let values = || self.bars.iter().filter_map(|bar| bar.value);
        let high = values().map(|value| value[2]).reduce(f64::max)?;
        let low = values().map(|value| value[1]).reduce(f64::min)?;
        Scale::around([if self.filled { 0.0 } else { low }, high].into_iter())
    }
}

/// Amounts on the axis: [`short`].
pub fn amount(value: f64) -> String {
    short(value)
}

/// Shares on the axis, in per cent.
pub fn share(value: f64) -> String {
    format!("{} %", short((1e6 * value).round() / 1e4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: [f64; 3]) -> Upright {
        Upright {
            name: "<n>".into(),
            told: "<t>".into(),
            value: Some(value),
        }
    }

    fn draw(bars: &[Upright], filled: bool) -> String {
        let row = Row {
            title: "Rows",
            bars,
            filled,
            write: amount,
        };
        row.svg().into_string()
    }

    /// The axis is 0 to 40 in steps of 10: 20 is in its middle, y 102 between 12 and 192.
    #[test]
    fn bars_grow_from_zero() {
        let svg = draw(&[bar([20.0; 3]), bar([40.0; 3])], true);
        assert!(
            svg.contains(r#"y="102.0" width="40.0" height="90.0""#),
            "{svg}"
        );
        assert_eq!(svg.matches("<line").count(), 5);
        assert!(
            svg.contains("&lt;n&gt;") && svg.contains("&lt;t&gt;"),
            "{svg}"
        );
    }

    #[test]
    fn points_have_an_axis_of_their_own_and_gaps_stay_empty() {
        let gap = Upright {
            value: None,
            ..bar([0.0; 3])
        };
        let svg = draw(
            &[bar([0.55, 0.5, 0.6]), gap.clone(), bar([0.5, 0.5, 0.5])],
            false,
        );
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(
            svg.contains(">0.5<") && svg.contains(">0.6<") && !svg.contains(">0<"),
            "{svg}"
        );
        assert_eq!(draw(&[gap], false), "");
        assert_eq!(draw(&[], true), "");
        assert!(!draw(&[bar([0.0; 3])], true).contains("NaN"));
        assert_eq!(share(0.575), "57.5 %");
    }
}
