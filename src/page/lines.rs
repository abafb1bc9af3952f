//! Lines over epochs as inline SVG.

use maud::{Markup, html};

use super::numbers::place;
use super::scale::Scale;

/// The drawing's size, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// The part that is left for axes and legend.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 28.0;
/// Numbered epochs, about as many.
const NUMBERS: usize = 10;

/// A line. The first of a chart has the style `s0`, the second `s1`.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// In the legend.
    pub name: &'a str,
    /// Epoch and value, in order; all finite.
    pub points: Vec<(usize, f64)>,
}

/// Up to two lines over epochs.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// The axes go around all of them.
    pub series: &'a [Series<'a>],
}

/// Where values and epochs lie in the drawing.
#[derive(Debug, Clone, Copy)]
struct Axes {
    /// The first and the last that any line has.
    epochs: (usize, usize),
    /// Of the values.
    scale: Scale,
}

impl Chart<'_> {
    /// The drawing, or nothing when there is no point.
    pub fn svg(&self) -> Markup {
        let Some(axes) = Axes::around(self.series) else {
            return html! {};
        };
        html! {
            figure {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.title) {
                    (axes.grid())
                    @for (number, series) in self.series.iter().enumerate() {
                        @let class = format!("s{number}");
                        text class=(class) x=(LEFT + 220.0 * number as f64) y="16" { (series.name) }
                        polyline class=(class) points=(axes.path(&series.points)) {}
                        @for &(epoch, value) in &series.points {
                            circle class=(class) cx=(place(axes.x(epoch))) cy=(place(axes.y(value))) r="3" {
                                title { (epoch) ": " (format!("{value:.4}")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Axes {
    /// Axes that hold every point; the values' bounds are multiples of a round step.
    fn around(series: &[Series<'_>]) -> Option<Axes> {
        let points = || series.iter().flat_map(|s| &s.points);
        Some(Axes {
            epochs: (points().map(|p| p.0).min()?, points().map(|p| p.0).max()?),
            scale: Scale::around(points().map(|p| p.1))?,
        })
    }

    fn x(&self, epoch: usize) -> f64 {
        let (first, last) = self.epochs;
        if first == last {
            return (LEFT + WIDTH - RIGHT) / 2.0;
        }
        let share = (epoch - first) as f64 / (last - first) as f64;
        // A margin of ten keeps the first and last point off the frame.
        LEFT + 10.0 + share * (WIDTH - LEFT - RIGHT - 20.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.scale.share(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn path(&self, points: &[(usize, f64)]) -> String {
        let places = points
            .iter()
            .map(|&(epoch, value)| format!("{},{}", place(self.x(epoch)), place(self.y(value))));
        places.collect::<Vec<_>>().join(" ")
    }

    fn grid(&self) -> Markup {
        let (first, last) = self.epochs;
        let every = (last - first).div_ceil(NUMBERS).max(1);
        html! {
            @for (value, text) in self.scale.lines() {
                @let y = self.y(value);
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place(y)) y2=(place(y)) {}
                text x=(LEFT - 8.0) y=(place(y + 4.0)) text-anchor="end" { (text) }
            }
            @for epoch in (first..=last).step_by(every) {
                text x=(place(self.x(epoch))) y=(HEIGHT - 8.0) text-anchor="middle" { (epoch) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_lies_within_the_frame_and_higher_is_up() {
        let series = [Series {
            name: "a",
            points: vec![(1, 0.61), (2, 0.55), (30, 0.5001)],
        }];
        let axes = Axes::around(&series).unwrap();
        for &(epoch, value) in &series[0].points {
            assert!((LEFT..=WIDTH - RIGHT).contains(&axes.x(epoch)));
            assert!((TOP..=HEIGHT - BOTTOM).contains(&axes.y(value)));
        }
        assert!(axes.y(0.61) < axes.y(0.55) && axes.x(1) < axes.x(2));
        let chart = Chart {
            title: "Logloss",
            series: &series,
        };
        let svg = chart.svg().into_string();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!((3..=7).contains(&svg.matches("<line").count()), "{svg}");
    }

    #[test]
    fn one_epoch_or_none_can_be_drawn() {
        let draw = |points| {
            let series = [Series { name: "a", points }];
            let chart = Chart {
                title: "AUC",
                series: &series,
            };
            chart.svg().into_string()
        };
        assert_eq!(draw(vec![]), "");
        let one = draw(vec![(1, 0.7)]);
        assert!(one.contains("<circle") && !one.contains("NaN"), "{one}");
    }
}
