//! A reliability diagram as inline SVG: what was said against what came, on the diagonal where both agree.

use maud::{Markup, html};

use super::numbers::place;
use super::scale::Scale;

const SIDE: f64 = 300.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;
const RIGHT: f64 = 12.0;
/// The radius of a point that holds all rows; its area is the share of rows.
const LARGEST: f64 = 18.0;
const SMALLEST: f64 = 2.0;

/// A bin: the mean of its probabilities, the share of its rows that are positive, and how many these are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// 0 to 1, from left to right.
    pub said: f64,
    /// 0 to 1, upwards.
    pub came: f64,
    /// The more, the larger the point.
    pub rows: usize,
}

/// The drawing; nothing without a point.
pub fn reliability(title: &str, points: &[Point]) -> Markup {
    let rows: usize = points.iter().map(|point| point.rows).sum();
    if rows == 0 {
        return html! {};
    }
    let scale = Scale::unit();
    let x = |value: f64| LEFT + scale.share(value) * SIDE;
    let y = |value: f64| TOP + (1.0 - scale.share(value)) * SIDE;
    let radius = |point: &Point| {
        let share = point.rows as f64 / rows as f64;
        (LARGEST * share.sqrt()).max(SMALLEST)
    };
    html! {
        figure {
            figcaption { (title) }
            svg.square viewBox=(format!("0 0 {} {}", LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM)) role="img" aria-label=(title) {
                @for (value, text) in scale.lines() {
                    line.grid x1=(place(x(0.0))) x2=(place(x(1.0))) y1=(place(y(value))) y2=(place(y(value))) {}
                    text x=(LEFT - 6.0) y=(place(y(value) + 4.0)) text-anchor="end" { (text) }
                    text x=(place(x(value))) y=(TOP + SIDE + 16.0) text-anchor="middle" { (text) }
                }
                text x=(place(x(0.5))) y=(TOP + SIDE + 34.0) text-anchor="middle" { "probability that was given" }
                text transform=(format!("translate(12 {}) rotate(-90)", place(y(0.5)))) text-anchor="middle" { "share of positives" }
                line.zero x1=(place(x(0.0))) y1=(place(y(0.0))) x2=(place(x(1.0))) y2=(place(y(1.0))) {}
                @for point in points {
                    circle.s0.seen cx=(place(x(point.said))) cy=(place(y(point.came))) r=(place(radius(point))) {
                        title { "given " (format!("{:.3}", point.said)) ", came " (format!("{:.3}", point.came)) ", " (point.rows) " rows" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_on_the_diagonal_lies_there_and_its_area_is_its_share_of_rows() {
        let points = [(0.25, 0.25, 300), (0.75, 0.5, 100)];
        let points = points.map(|(said, came, rows)| Point { said, came, rows });
        let svg = reliability("calibration", &points).into_string();
        // 52 + .25 * 300 and 12 + .75 * 300; 18 * sqrt(.75) and 18 * sqrt(.25).
        assert!(
            svg.contains("cx=\"127.0\" cy=\"237.0\" r=\"15.6\""),
            "{svg}"
        );
        assert!(svg.contains("cx=\"277.0\" cy=\"162.0\" r=\"9.0\""), "{svg}");
        assert_eq!(reliability("calibration", &[]).into_string(), "");
    }
}
