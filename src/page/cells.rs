//! A matrix of signed numbers as coloured cells: the further from 0, the stronger the colour; one colour for each sign.

use maud::{Markup, html};

use super::numbers::{place, short};

/// The side of a cell, and what stands left of the cells.
const CELL: f64 = 14.0;
const NAMES: f64 = 112.0;

/// A matrix, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// A name a line; lines behind the last name have none.
    pub names: &'a [String],
    /// Row-major.
    pub values: &'a [f32],
    /// Numbers of a line.
    pub columns: usize,
    /// The size of full colour.
    pub most: f32,
}

impl Cells<'_> {
    /// The drawing, or nothing of no numbers.
    pub fn html(&self) -> Markup {
        if self.values.is_empty() || self.columns == 0 {
            return html! {};
        }
        let lines = self.values.len().div_ceil(self.columns);
        let left = if self.names.is_empty() { 0.0 } else { NAMES };
        let (width, height) = (left + CELL * self.columns as f64, CELL * lines as f64);
        html! {
            figure {
                figcaption { (self.title) }
                div.drawn.wide { svg.cells width=(place(width)) height=(place(height))
                    viewBox=(format!("0 0 {} {}", place(width), place(height))) role="img" aria-label=(self.title)
                {
                    @for (line, values) in self.values.chunks(self.columns).enumerate() {
                        @let top = CELL * line as f64;
                        @if let Some(name) = self.names.get(line) {
                            text x=(place(left - 6.0)) y=(place(top + 11.0)) text-anchor="end" { (name) }
                        }
                        @for (column, &value) in values.iter().enumerate() {
                            (self.cell(left + CELL * column as f64, top, value))
                        }
                    }
                } }
            }
        }
    }

    fn cell(&self, x: f64, y: f64, value: f32) -> Markup {
        let class = if value < 0.0 { "s1" } else { "s0" };
        let strength = match value.is_finite() && self.most > 0.0 {
            true => (value.abs() / self.most).min(1.0),
            false => 0.0,
        };
        html! {
            rect class=(class) x=(place(x)) y=(place(y)) width=(place(CELL)) height=(place(CELL)) fill-opacity=(format!("{strength:.2}")) {
                title { (short(f64::from(value))) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_have_colours_and_sizes_strength() {
        let cells = Cells {
            title: "<x>",
            names: &["<a>".to_owned()],
            values: &[0.5, -1.0, 0.0, f32::NAN],
            columns: 2,
            most: 1.0,
        };
        let page = cells.html().into_string();
        assert_eq!(page.matches("<rect").count(), 4);
        for part in [
            "class=\"s0\" x=\"112.0\" y=\"0.0\" width=\"14.0\" height=\"14.0\" fill-opacity=\"0.50\"><title>0.5<",
            "class=\"s1\" x=\"126.0\" y=\"0.0\" width=\"14.0\" height=\"14.0\" fill-opacity=\"1.00\"><title>-1<",
            "&lt;a&gt;",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<a>") && !page.contains("<x>"), "{page}");
        let none = Cells {
            values: &[],
            ..cells
        };
        assert_eq!(none.html().into_string(), "");
    }
}
