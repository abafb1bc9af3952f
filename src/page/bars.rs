//! Values with their intervals, a line each: a table whose last column is drawn, so that it is read with and without eyes for drawings.

use maud::{Markup, html};

use super::numbers::place;

/// The drawing of a line, in its own units.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 20.0;
/// Room at both ends, so that a point is whole.
const MARGIN: f64 = 5.0;

/// A line of the table.
#[derive(Debug, Clone)]
pub struct Bar {
    /// The head of its line.
    pub name: String,
    /// What stands between the name and the drawing, one text a column of [`Bars::columns`].
    pub cells: Vec<String>,
    /// The value and its interval, low and high; none where there is nothing to draw.
    pub value: Option<[f64; 3]>,
    /// A remainder, drawn fainter.
    pub rest: bool,
}

/// A table of lines on one axis.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// The heads of the first column and of those of [`Bar::cells`].
    pub columns: &'a [&'a str],
    /// From top to bottom; without one there is no drawing.
    pub bars: &'a [Bar],
    /// Drawn as a line through all rows: the value of all together.
    pub mark: Option<f64>,
    /// Where the axis begins and ends; around all intervals where it is not given.
    pub axis: Option<(f64, f64)>,
    /// Whether bars grow from the axis' beginning, for amounts; points with intervals else.
    pub filled: bool,
    /// How the axis' ends are written.
    pub write: fn(f64) -> String,
}

impl Bars<'_> {
    /// The table, or nothing when there is no line.
    pub fn html(&self) -> Markup {
        if self.bars.is_empty() {
            return html! {};
        }
        let (low, high) = self.axis.unwrap_or_else(|| self.around());
        let x = |value: f64| {
            let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
            MARGIN + share * (WIDTH - 2.0 * MARGIN)
        };
        html! {
            div.wide { table.bars {
                caption { (self.title) }
                thead { tr { @for column in self.columns { th scope="col" { (column) } } th.ends aria-hidden="true" { div { span { ((self.write)(low)) } span { ((self.write)(high)) } } } } }
                tbody { @for bar in self.bars {
                    tr.rest[bar.rest] {
                        th scope="row" { (bar.name) }
                        @for cell in &bar.cells { td { (cell) } }
                        td.drawn aria-hidden="true" { (self.line(bar, &x)) }
                    }
                } }
            } }
        }
    }

    fn line(&self, bar: &Bar, x: &dyn Fn(f64) -> f64) -> Markup {
        let middle = HEIGHT / 2.0;
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                @if let Some(mark) = self.mark { line.mark x1=(place(x(mark))) x2=(place(x(mark))) y1="0" y2=(HEIGHT) {} }
                @if let Some([value, low, high]) = bar.value {
                    @if self.filled {
                        rect.s0 x=(place(MARGIN)) y="4" width=(place((x(value) - MARGIN).max(0.5))) height=(HEIGHT - 8.0) {}
                    } @else {
                        line.s0 x1=(place(x(low))) x2=(place(x(high))) y1=(middle) y2=(middle) {}
                        circle.s0 cx=(place(x(value))) cy=(middle) r="3.5" {}
                    }
                }
            }
        }
    }

    /// Bounds that hold all intervals and the mark, with a little room.
    fn around(&self) -> (f64, f64) {
        let values = self.bars.iter().filter_map(|bar| bar.value);
        let all = values.flatten().chain(self.mark);
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        match high > low {
            true => (low - 0.03 * (high - low), high + 0.03 * (high - low)),
            // One value alone lies in the middle; none leaves any axis.
            false if low.is_finite() => (low - 1.0, low + 1.0),
            false => (0.0, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: [f64; 3]) -> Bar {
        Bar {
            name: name.into(),
            cells: vec!["7".into()],
            value: Some(value),
            rest: false,
        }
    }

    fn html(bars: &[Bar], filled: bool) -> String {
        let columns = ["value", "rows"];
        let bars = Bars {
            title: "Rates",
            columns: &columns,
            bars,
            mark: Some(0.5),
            axis: Some((0.0, 1.0)),
            filled,
            write: |x| format!("{x:.1}"),
        };
        bars.html().into_string()
    }

    /// 0 lies at 5, 1 at 295.
    #[test]
    fn points_and_intervals_lie_where_they_should() {
        let page = html(
            &[bar("<b>", [0.2, 0.1, 0.4]), bar("c", [2.0, 1.0, 3.0])],
            false,
        );
        assert!(
            page.contains("&lt;b&gt;") && !page.contains("<b>"),
            "{page}"
        );
        assert!(page.contains(r#"x1="34.0" x2="121.0""#), "{page}");
        assert!(page.contains(r#"cx="63.0""#), "{page}");
        assert!(page.contains("<span>0.0</span><span>1.0</span>"), "{page}");
        // Beyond the axis is at its end.
        assert!(page.contains(r#"cx="295.0""#), "{page}");
        assert_eq!(page.matches(r#"class="mark" x1="150.0""#).count(), 2);
        let filled = html(&[bar("a", [0.5, 0.5, 0.5])], true);
        assert!(filled.contains(r#"width="145.0""#), "{filled}");
        assert_eq!(html(&[], false), "");
    }

    #[test]
    fn an_axis_is_found_around_anything() {
        let of = |values: &[[f64; 3]]| {
            let bars: Vec<Bar> = values.iter().map(|&value| bar("", value)).collect();
            let bars = Bars {
                title: "",
                columns: &[],
                bars: &bars,
                mark: None,
                axis: None,
                filled: false,
                write: |x| x.to_string(),
            };
            bars.around()
        };
        let (low, high) = of(&[[2.0, 1.0, 3.0], [4.0, 4.0, 5.0]]);
        assert!((low - 0.88).abs() < 1e-12 && (high - 5.12).abs() < 1e-12);
        assert_eq!(of(&[[2.0, 2.0, 2.0]]), (1.0, 3.0));
        assert_eq!(of(&[]), (0.0, 1.0));
    }
}
