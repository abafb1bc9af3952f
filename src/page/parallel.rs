//! Parallel axes as inline SVG: a line a trial through its value on every axis, the better the stronger.

use maud::{Markup, html};

/// The drawing's size, in its own units; the width grows with the axes.
const HEIGHT: f64 = 260.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 20.0;
const APART: f64 = 110.0;
const MARGIN: f64 = 60.0;

/// An axis, and where each line crosses it.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What stands above it.
    pub name: String,
    /// One a line, as people read it.
    pub values: Vec<String>,
}

/// The drawing of lines over axes; the last axis is what lines are judged by, larger being better.
#[derive(Debug, Clone)]
pub struct Parallel<'a> {
    /// What stands above the drawing, and what is read aloud in its place.
    pub title: &'a str,
    /// From left to right, all with as many values.
    pub axes: &'a [Axis],
}

/// Where values lie on an axis, 0 at the bottom to 1: by their size when all are numbers, else by their order.
fn heights(values: &[String]) -> Vec<f64> {
    let numbers: Option<Vec<f64>> = values
        .iter()
        .map(|v| v.parse().ok().filter(|x: &f64| x.is_finite()))
        .collect();
    let places = numbers.map(|all| {
        // Numbers over more than two powers of ten are read by their logarithm.
        let (least, greatest) = ends(&all);
        let log = least > 0.0 && greatest / least > 100.0;
        all.into_iter()
            .map(|x| if log { x.ln() } else { x })
            .collect::<Vec<f64>>()
    });
    let places = places.unwrap_or_else(|| {
        let mut sorted: Vec<&String> = values.iter().collect();
        sorted.sort();
        sorted.dedup();
        let place = |value| sorted.iter().position(|other| *other == value).unwrap_or(0) as f64;
        values.iter().map(place).collect()
    });
    let (least, greatest) = ends(&places);
    let height = |x: f64| match greatest > least {
        true => (x - least) / (greatest - least),
        false => 0.5,
    };
    places.into_iter().map(height).collect()
}

fn ends(all: &[f64]) -> (f64, f64) {
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    (least, all.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

impl Parallel<'_> {
    /// The drawing, or nothing when there are fewer than two lines or axes.
    pub fn svg(&self) -> Markup {
        let lines = self
            .axes
            .iter()
            .map(|axis| axis.values.len())
            .min()
            .unwrap_or(0);
        if lines < 2 || self.axes.len() < 2 {
            return html! {};
        }
        let heights: Vec<Vec<f64>> = self.axes.iter().map(|axis| heights(&axis.values)).collect();
        let width = 2.0 * MARGIN + APART * (self.axes.len() - 1) as f64;
        let x = |axis: usize| MARGIN + APART * axis as f64;
        let y = |height: f64| HEIGHT - BOTTOM - height * (HEIGHT - TOP - BOTTOM);
        // The best are drawn last, on top.
        let judged = &heights[heights.len() - 1];
        let mut order: Vec<usize> = (0..lines).collect();
        order.sort_by(|&a, &b| judged[a].total_cmp(&judged[b]));
        html! {
            figure {
                figcaption { (self.title) }
                div.wide { svg style=(format!("width: {width}px; max-width: none")) viewBox=(format!("0 0 {width} {HEIGHT}")) role="img" aria-label=(self.title) {
                    @for (place, axis) in self.axes.iter().enumerate() {
                        line.grid x1=(x(place)) x2=(x(place)) y1=(y(0.0)) y2=(y(1.0)) {}
                        text x=(x(place)) y="14" text-anchor="middle" { (axis.name) }
                        (ends_of(axis, &heights[place], x(place), (y(1.0) - 6.0, y(0.0) + 15.0)))
                    }
                    @for &line in &order {
                        @let points = heights.iter().enumerate().map(|(axis, all)| format!("{:.1},{:.1}", x(axis), y(all[line])));
                        polyline.s0 style=(format!("stroke-dasharray: none; opacity: {:.2}", 0.12 + 0.88 * judged[line].powi(2)))
                            points=(points.collect::<Vec<_>>().join(" ")) {
                            title { (self.axes.iter().map(|a| format!("{} {}", a.name, a.values[line])).collect::<Vec<_>>().join(", ")) }
                        }
                    }
                } }
            }
        }
    }
}

/// What stands at the upper and the lower end of an axis.
fn ends_of(axis: &Axis, heights: &[f64], x: f64, (above, below): (f64, f64)) -> Markup {
    let at = |wanted: &dyn Fn(f64, f64) -> bool| {
        let mut best = 0;
        for (place, &height) in heights.iter().enumerate() {
            if wanted(height, heights[best]) {
                best = place;
            }
        }
        axis.values.get(best).cloned().unwrap_or_default()
    };
    let (top, bottom) = (at(&|a, b| a > b), at(&|a, b| a < b));
    html! {
        text x=(x) y=(above) text-anchor="middle" { (short(&top)) }
        @if top != bottom { text x=(x) y=(below) text-anchor="middle" { (short(&bottom)) } }
    }
}

/// A number with four digits, any other text as it is.
fn short(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(x) if value.len() > 7 && x.abs() < 1e-2 => format!("{x:.1e}"),
        Ok(x) if value.len() > 7 => format!("{x:.4}"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, values: &[&str]) -> Axis {
        Axis {
            name: name.into(),
            values: values.iter().map(|&v| v.to_owned()).collect(),
        }
    }

    #[test]
    fn values_lie_by_size_by_logarithm_or_by_order() {
        let of = |values: &[&str]| heights(&axis("", values).values);
        assert_eq!(of(&["1", "2", "3"]), [0.0, 0.5, 1.0]);
        let log = of(&["0.0001", "0.01", "1"]);
        assert!((log[1] - 0.5).abs() < 1e-12, "{log:?}");
        assert_eq!(of(&["b", "a", "c"]), [0.5, 0.0, 1.0]);
        assert_eq!(of(&["7", "7"]), [0.5, 0.5]);
    }

    #[test]
    fn a_line_a_trial_the_best_on_top() {
        let axes = [
            axis("<d>", &["8", "16", "32"]),
            axis("AUC", &["0.7", "0.9", "0.8"]),
        ];
        let svg = Parallel {
            title: "Trials",
            axes: &axes,
        }
        .svg()
        .into_string();
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("&lt;d&gt;") && !svg.contains("NaN"), "{svg}");
        let best = svg.find("16, AUC 0.9").unwrap();
        assert!(svg.find("8, AUC 0.7").unwrap() < best && svg.find("32, AUC 0.8").unwrap() < best);
        assert_eq!(
            Parallel {
                title: "",
                axes: &axes[..1]
            }
            .svg()
            .into_string(),
            ""
        );
    }
}
