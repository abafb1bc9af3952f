//! Points on two logarithmic axes as inline SVG, for what spans several powers of ten.

use maud::{Markup, html};

use super::numbers::{grouped, place};

/// The drawing's size, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 36.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 46.0;
/// Labels of an axis, at most.
const LABELS: i32 = 7;

/// Points with a name. The first of a chart has the style `s0`, the second `s1`.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// In the legend.
    pub name: &'a str,
    /// In order; all from 1 on.
    pub points: Vec<(f64, f64)>,
}

/// Up to two lines on logarithmic axes that begin at 1.
#[derive(Debug, Clone, Copy)]
pub struct LogLog<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// What the axes are.
    pub x: &'a str,
    /// As `x`, beside the upright axis.
    pub y: &'a str,
    /// The axes go around all of them.
    pub series: &'a [Series<'a>],
}

/// Up to which power of ten an axis goes, and where it lies in the drawing.
#[derive(Debug, Clone, Copy)]
struct Axis {
    /// The axis ends at ten to this.
    powers: i32,
    /// Where 1 lies, in the drawing's units.
    from: f64,
    /// Where it ends, in the drawing's units.
    to: f64,
}

impl Axis {
    fn holding(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Axis> {
        let most = values.reduce(f64::max)?;
        let powers = most.max(1.0).log10().ceil().max(1.0) as i32;
        Some(Axis { powers, from, to })
    }

    fn at(self, value: f64) -> f64 {
        let share = value.max(1.0).log10() / f64::from(self.powers);
        self.from + share * (self.to - self.from)
    }

    /// Where the labels stand, and what they say.
    fn labels(self) -> impl Iterator<Item = (String, String)> {
        let every = (self.powers / LABELS + 1) as usize;
        let powers = (0..=self.powers).step_by(every);
        powers.map(move |power| {
            let value = 10f64.powi(power);
            let text = match power {
                ..=6 => grouped(value as u64),
                _ => format!("1e{power}"),
            };
            (place(self.at(value)), text)
        })
    }
}

impl LogLog<'_> {
    /// The drawing, or nothing when there is no point.
    pub fn svg(&self) -> Markup {
        let points = || self.series.iter().flat_map(|s| &s.points);
        let x = Axis::holding(points().map(|p| p.0), LEFT + 10.0, WIDTH - RIGHT);
        let y = Axis::holding(points().map(|p| p.1), HEIGHT - BOTTOM, TOP);
        let (Some(x), Some(y)) = (x, y) else {
            return html! {};
        };
        let line = |series: &Series<'_>| {
            let places = series
                .points
                .iter()
                .map(|&(a, b)| format!("{},{}", place(x.at(a)), place(y.at(b))));
            places.collect::<Vec<_>>().join(" ")
        };
        html! {
            figure {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.title) {
                    @for (at, text) in y.labels() {
                        line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(at) y2=(at) {}
                        text x=(LEFT - 8.0) y=(at) dy="4" text-anchor="end" { (text) }
                    }
                    @for (at, text) in x.labels() {
                        line.grid x1=(at) x2=(at) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                        text x=(at) y=(HEIGHT - BOTTOM + 16.0) text-anchor="middle" { (text) }
                    }
                    text x=(WIDTH - RIGHT) y=(HEIGHT - 6.0) text-anchor="end" { (self.x) }
                    text x=(LEFT) y="16" { (self.y) }
                    @for (number, series) in self.series.iter().enumerate() {
                        @let class = format!("s{number}");
                        text class=(class) x=(WIDTH - RIGHT - 90.0 * (self.series.len() - 1 - number) as f64) y="16" text-anchor="end" { (series.name) }
                        polyline class=(class) points=(line(series)) {}
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(points: Vec<(f64, f64)>) -> String {
        let series = [Series {
            name: "<users>",
            points,
        }];
        let chart = LogLog {
            title: "Tail",
            x: "rows",
            y: "users",
            series: &series,
        };
        chart.svg().into_string()
    }

    /// x: 1 at 84, 1000 at 604, so 10 at 257.3; y: 1 at 254, 100 at 28.
    #[test]
    fn powers_of_ten_are_equally_far_apart() {
        let svg = draw(vec![(1.0, 100.0), (10.0, 10.0), (1000.0, 1.0)]);
        assert!(svg.contains("84.0,28.0 257.3,141.0 604.0,254.0"), "{svg}");
        assert!(
            svg.contains(">1,000<") && svg.contains("&lt;users&gt;"),
            "{svg}"
        );
        assert_eq!(svg.matches("<line").count(), 3 + 4);
    }

    #[test]
    fn one_point_or_none_can_be_drawn() {
        assert_eq!(draw(vec![]), "");
        let one = draw(vec![(1.0, 1.0)]);
        assert!(one.contains("84.0,254.0") && !one.contains("NaN"), "{one}");
    }
}
