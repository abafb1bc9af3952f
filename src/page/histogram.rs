//! A histogram of two groups as inline SVG: the share of each group's rows in every bin from 0 to 1.

use maud::{Markup, html};

use super::numbers::place;
use super::scale::Scale;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 40.0;

/// The rows of a group.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// In the legend.
    pub name: &'a str,
    /// How many rows lie in each of the bins, which are equally wide.
    pub rows: &'a [usize],
}

/// The drawing of up to two groups; nothing when neither has a row. `below` stands below the axis.
pub fn histogram(title: &str, below: &str, groups: &[Group<'_>]) -> Markup {
    let shares: Vec<Vec<f64>> = groups.iter().map(|group| shares(group.rows)).collect();
    let all = shares.iter().flatten().copied();
    let (Some(scale), true) = (
        Scale::around(all.chain([0.0])),
        groups
            .iter()
            .any(|group| group.rows.iter().any(|&rows| rows > 0)),
    ) else {
        return html! {};
    };
    let x = |value: f64| LEFT + value * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - scale.share(value) * (HEIGHT - TOP - BOTTOM);
    html! {
        figure {
            figcaption { (title) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
                @for (value, text) in scale.lines() {
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place(y(value))) y2=(place(y(value))) {}
                    text x=(LEFT - 6.0) y=(place(y(value) + 4.0)) text-anchor="end" { (text) }
                }
                @for (value, text) in Scale::unit().lines() {
                    text x=(place(x(value))) y=(HEIGHT - BOTTOM + 16.0) text-anchor="middle" { (text) }
                }
                text x=(place(x(0.5))) y=(HEIGHT - 6.0) text-anchor="middle" { (below) }
                @for (number, (group, shares)) in groups.iter().zip(&shares).enumerate() {
                    @let class = format!("s{number}");
                    text class=(class) x=(LEFT + 220.0 * number as f64) y="16" { (group.name) " (" (group.rows.iter().sum::<usize>()) " rows)" }
                    polyline class=(class) points=(steps(shares, &x, &y)) {}
                }
            }
        }
    }
}

fn shares(rows: &[usize]) -> Vec<f64> {
    let all = rows.iter().sum::<usize>().max(1) as f64;
    rows.iter().map(|&rows| rows as f64 / all).collect()
}

/// The outline: up from the axis, along every bin, and down again.
fn steps(shares: &[f64], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let bins = shares.len().max(1) as f64;
    let corners = shares.iter().enumerate().flat_map(|(bin, &share)| {
        let ends = [bin as f64 / bins, (bin + 1) as f64 / bins];
        ends.map(|end| (end, share))
    });
    let corners = [(0.0, 0.0)].into_iter().chain(corners).chain([(1.0, 0.0)]);
    let places = corners.map(|(across, up)| format!("{},{}", place(x(across)), place(y(up))));
    places.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_drawn_by_its_own_shares() {
        let groups = [
            Group {
                name: "positive",
                rows: &[0, 1, 3],
            },
            Group {
                name: "negative",
                rows: &[50, 50, 0],
            },
        ];
        let svg = histogram("scores", "probability", &groups).into_string();
        assert!(svg.contains("positive (4 rows)") && svg.contains("negative (100 rows)"));
        // Shares up to .75 in steps of .2: the axis ends at .8; the last bin of the first group is at 28 + (1 - .75 / .8) * 172.
        assert!(svg.contains("436.0,38.8 628.0,38.8 628.0,200.0"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 2);
        let none = [Group {
            name: "positive",
            rows: &[0, 0],
        }];
        assert_eq!(histogram("scores", "", &none).into_string(), "");
    }
}
