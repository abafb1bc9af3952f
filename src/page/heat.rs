//! A square of numbers from 0 to 1, the higher the stronger the colour: a table, so that every number can be read.

use maud::{Markup, html};

/// The lower half of a square, without its diagonal.
#[derive(Debug, Clone, Copy)]
pub struct Heat<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// Of the rows, and of the columns in the same order.
    pub names: &'a [String],
    /// Row `i` has those of columns 0 to `i - 1`; none where there is nothing to tell.
    pub rows: &'a [Vec<Option<f64>>],
}

impl Heat<'_> {
    /// The table, or nothing when there are fewer than two names.
    pub fn html(&self) -> Markup {
        let Some((_, columns)) = self.names.split_last().filter(|_| self.names.len() > 1) else {
            return html! {};
        };
        html! {
            div.wide { table.heat {
                caption { (self.title) }
                thead { tr { th {} @for name in columns { th scope="col" { span { (name) } } } } }
                tbody { @for (name, row) in self.names.iter().zip(self.rows).skip(1) {
                    tr {
                        th scope="row" { (name) }
                        @for value in row { (cell(*value)) }
                    }
                } }
            } }
        }
    }
}

fn cell(value: Option<f64>) -> Markup {
    let Some(value) = value else {
        return html! { td { "–" } };
    };
    // `.07`, as numbers from 0 to 1 are read in a narrow cell.
    let text = format!("{value:.2}");
    html! {
        td style=(format!("--heat: {:.0}%", 60.0 * value.clamp(0.0, 1.0))) { (text.strip_prefix('0').unwrap_or(&text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_one_cell() {
        let names = ["<a>", "b", "c"].map(str::to_owned);
        let rows = [vec![], vec![Some(0.5)], vec![None, Some(1.0)]];
        let heat = Heat {
            title: "Pairs",
            names: &names,
            rows: &rows,
        };
        let page = heat.html().into_string();
        assert_eq!(page.matches("<td").count(), 3);
        assert_eq!(page.matches("<tr").count(), 3);
        assert!(page.contains("--heat: 30%\">.50<"), "{page}");
        assert!(
            page.contains("<td>–</td>") && page.contains(">1.00<"),
            "{page}"
        );
        assert!(
            page.contains("&lt;a&gt;") && !page.contains("<a>"),
            "{page}"
        );
        let one = Heat {
            names: &names[..1],
            ..heat
        };
        assert_eq!(one.html().into_string(), "");
    }
}
