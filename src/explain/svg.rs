//! Explanations as drawings: attention as heat maps, contributions as bars. SVG without a script, that reads on light and on dark,
//! by itself or in a page.

use maud::{Markup, PreEscaped, html};

use super::attention::Attention;
use crate::page::numbers::place;

/// The colours; class names begin with `x-`, so that they meet no others in a page.
const STYLE: &str = include_str!("svg.css");

/// Left of a map or a bar, and above a map: names of fields.
const NAMES: f64 = 112.0;
const TOP: f64 = 112.0;
/// Between maps: room for a slanted name.
const GAP: f64 = 56.0;
/// A cell of a map of few fields, and of many.
const CELL: f64 = 16.0;
const SMALL_CELL: f64 = 11.0;
const FEW: usize = 20;
/// Characters of a name that there is room for.
const SHOWN: usize = 16;
/// A bar's line, and the length of the longest bar.
const LINE: f64 = 20.0;
const BAR: f64 = 320.0;
/// For a bar's number, and for a heading.
const NUMBER: f64 = 70.0;
const HEADING: f64 = 44.0;

/// What is drawn in a rectangle of its own.
#[derive(Debug, Clone)]
pub struct Drawing {
    width: f64,
    height: f64,
    /// What is in it, for those who cannot see it.
    label: String,
    body: Markup,
}

impl Drawing {
    /// The text of an SVG file, which may stand in a page as it is. Every text in it is escaped.
    pub fn svg(&self) -> String {
        self.named(Some("http://www.w3.org/2000/svg")).into_string()
    }

    /// The same for a page only, which needs no name of what it is.
    pub fn inline(&self) -> Markup {
        self.named(None)
    }

    fn named(&self, space: Option<&str>) -> Markup {
        let (width, height) = (place(self.width), place(self.height));
        html! {
            svg xmlns=[space] viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
                role="img" aria-label=(self.label)
            {
                style { (PreEscaped(STYLE)) }
                rect.x-back width=(width) height=(height) {}
                (self.body)
            }
        }
    }

    /// Drawings below each other.
    pub fn stacked(parts: &[Drawing]) -> Drawing {
        let tops = parts.iter().scan(0.0, |top, part| {
            let own = *top;
            *top += part.height;
            Some(own)
        });
        let labels: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
        Drawing {
            width: parts.iter().map(|part| part.width).fold(0.0, f64::max),
            height: parts.iter().map(|part| part.height).sum(),
            label: labels.join("; "),
            body: html! {
                @for (part, top) in parts.iter().zip(tops) {
                    g transform=(format!("translate(0 {})", place(top))) { (part.body) }
                }
            },
        }
    }
}

/// A heat map for each head, the heads of a layer side by side and the layers below each other: the rows are the fields that look,
/// the columns those looked at. One scale for all.
pub fn heat_maps(fields: &[String], attention: &Attention) -> Drawing {
    heat_maps_up_to(fields, attention, attention.greatest())
}

/// The same with full colour for a given weight, so that drawings of several rows can be compared.
pub fn heat_maps_up_to(fields: &[String], attention: &Attention, most: f32) -> Drawing {
    let cell = if fields.len() <= FEW {
        CELL
    } else {
        SMALL_CELL
    };
    let side = cell * fields.len() as f64;
    let (across, down) = (NAMES + side + GAP, TOP + side);
    let even = 1.0 / fields.len().max(1) as f64;
    let legend = format!(
        "Each row is a field that looks, each column a field looked at. Full colour is {most:.3}; even attention would be {even:.3}."
    );
    let maps = (0..attention.layers())
        .flat_map(|layer| (0..attention.heads()).map(move |head| (layer, head)));
    Drawing {
        width: (across * attention.heads() as f64).max(680.0) + 16.0,
        height: HEADING + down * attention.layers() as f64 + 24.0,
        label: "attention by layer and head".into(),
        body: html! {
            text.x-text.x-head x="12" y="20" { "Attention by layer and head" }
            text.x-text.x-faint x="12" y="38" { (legend) }
            @for (layer, head) in maps {
                @let corner = (across * head as f64, HEADING + down * layer as f64);
                g transform=(format!("translate({} {})", place(corner.0), place(corner.1))) {
                    (Map { fields, cell, most, name: format!("layer {}, head {}", layer + 1, head + 1) }.of(attention.head(layer, head)))
                }
            }
        },
    }
}

/// One heat map.
struct Map<'a> {
    fields: &'a [String],
    cell: f64,
    /// The weight of full colour.
    most: f32,
    name: String,
}

impl Map<'_> {
    /// The weights are `[F, F]`.
    fn of(&self, weights: &[f32]) -> Markup {
        let side = place(self.cell * self.fields.len() as f64);
        let at = |number: usize| self.cell * number as f64;
        let rows = self
            .fields
            .iter()
            .zip(weights.chunks(self.fields.len().max(1)));
        html! {
            text.x-text x="12" y="16" { (self.name) }
            rect.x-frame x=(place(NAMES)) y=(place(TOP)) width=(side) height=(side) {}
            @for (number, field) in self.fields.iter().enumerate() {
                @let (x, y) = (NAMES + at(number) + self.cell * 0.7, TOP - 6.0);
                text.x-text transform=(format!("translate({} {}) rotate(-60)", place(x), place(y))) { (short(field)) }
                @let y = TOP + at(number) + self.cell * 0.75;
                text.x-text x=(place(NAMES - 6.0)) y=(place(y)) text-anchor="end" { (short(field)) }
            }
            @for (i, (from, row)) in rows.enumerate() {
                @for (j, (to, &weight)) in self.fields.iter().zip(row).enumerate() {
                    rect.x-cell x=(place(NAMES + at(j))) y=(place(TOP + at(i))) width=(place(self.cell)) height=(place(self.cell))
                        fill-opacity=(format!("{:.3}", share(weight, self.most)))
                    {
                        title { (self.name) ": " (clean(from)) " -> " (clean(to)) " " (format!("{weight:.4}")) }
                    }
                }
            }
        }
    }
}

/// A bar for each field, the longest first. Where a value is below 0, the bars begin in the middle.
pub fn bars(title: &str, fields: &[String], values: &[f32]) -> Drawing {
    let most = greatest(values.iter().map(|value| value.abs()));
    let signed = values.iter().any(|&value| value < 0.0);
    let (zero, length) = match signed {
        true => (NAMES + BAR / 2.0, BAR / 2.0),
        false => (NAMES, BAR),
    };
    let mut lines: Vec<(&String, f32)> = fields.iter().zip(values.iter().copied()).collect();
    lines.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let bottom = HEADING + LINE * lines.len() as f64;
    Drawing {
        width: NAMES + BAR + NUMBER,
        height: bottom + 16.0,
        label: clean(title),
        body: html! {
            text.x-text.x-head x="12" y="20" { (clean(title)) }
            @for (number, &(field, value)) in lines.iter().enumerate() {
                @let y = HEADING - 8.0 + LINE * number as f64;
                @let width = share(value.abs(), most) * length;
                @let (class, x) = if value < 0.0 { ("x-down", zero - width) } else { ("x-up", zero) };
                text.x-text x=(place(NAMES - 6.0)) y=(place(y + 12.0)) text-anchor="end" { (short(field)) }
                rect class=(class) x=(place(x)) y=(place(y + 2.0)) width=(place(width)) height=(place(LINE - 6.0)) {
                    title { (clean(field)) " " (format!("{value:.4}")) }
                }
                text.x-text x=(place(NAMES + BAR + 8.0)) y=(place(y + 12.0)) { (format!("{value:.4}")) }
            }
            line.x-frame x1=(place(zero)) x2=(place(zero)) y1=(place(HEADING - 8.0)) y2=(place(bottom - 8.0)) {}
        },
    }
}

/// The greatest of values that are numbers, at least 0.
fn greatest(values: impl Iterator<Item = f32>) -> f32 {
    values.filter(|value| value.is_finite()).fold(0.0, f32::max)
}

/// A value as a part of the greatest, 0 to 1.
fn share(value: f32, most: f32) -> f64 {
    match value.is_finite() && most > 0.0 {
        true => (f64::from(value) / f64::from(most)).clamp(0.0, 1.0),
        false => 0.0,
    }
}

/// A name without what XML has no way to write.
fn clean(name: &str) -> String {
    let legal = |c: char| !c.is_control() && c != '\u{fffe}' && c != '\u{ffff}';
    name.chars()
        .map(|c| if legal(c) { c } else { '\u{fffd}' })
        .collect()
}

/// A name that fits.
fn short(name: &str) -> String {
    let name = clean(name);
    match name.char_indices().nth(SHOWN - 1) {
        Some((end, _)) if name.chars().count() > SHOWN => format!("{}\u{2026}", &name[..end]),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn attention() -> Attention {
        Attention::new(1, 2, vec![0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0.0, 1.0])
    }

    #[test]
    fn a_cell_is_as_strong_as_its_weight() {
        let svg = heat_maps(&names(&["a", "b"]), &attention()).svg();
        assert_eq!(svg.matches("x-cell\"").count(), 8);
        for (opacity, count) in [("0.750", 2), ("0.250", 2), ("0.500", 2), ("1.000", 1)] {
            let found = svg.matches(&format!("fill-opacity=\"{opacity}\"")).count();
            assert_eq!(found, count, "{opacity}");
        }
        assert!(svg.contains("layer 2, head 1: b -&gt; a 0.0000"), "{svg}");
        assert!(svg.contains("even attention would be 0.500"));
        assert!(svg.contains("prefers-color-scheme: dark"));
        assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\""));
    }

    #[test]
    fn names_are_escaped_and_cannot_break_out() {
        let bad = names(&["<script>alert(1)</script>", "a\"&\u{0}\u{1b}"]);
        let parts = [
            heat_maps(&bad, &attention()),
            bars("</text><script>\u{7}", &bad, &[1.0, -1.0]),
        ];
        let svg = Drawing::stacked(&parts).svg();
        assert!(!svg.contains("<script") && !svg.contains("\"&\""), "{svg}");
        assert!(svg.contains("&lt;script&gt;") && svg.contains("a&quot;&amp;\u{fffd}\u{fffd}"));
        let controls = |c: char| c.is_control() && c != '\n';
        assert!(!svg.contains(controls));
        // Opened as often as closed: nothing is left to HTML's mercy.
        for tag in ["svg", "g", "text", "rect", "title", "style", "line"] {
            let opened =
                svg.matches(&format!("<{tag}>")).count() + svg.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn bars_are_in_order_and_on_their_side() {
        let svg = bars("worth", &names(&["a", "b", "c"]), &[0.5, -2.0, 1.0]).svg();
        let at = |text: &str| svg.find(text).unwrap();
        assert!(at("-2.0000") < at(">1.0000") && at(">1.0000") < at(">0.5000"));
        let longest = format!("x-down\" x=\"{NAMES:.1}\"");
        assert!(svg.contains(&longest), "{svg}");
        // All above 0: they begin at the left and fill the width.
        let svg = bars("worth", &names(&["a", "b"]), &[0.5, 2.0]).svg();
        assert!(svg.contains(&format!("width=\"{BAR:.1}\"")) && !svg.contains("\"x-down\""));
    }

    #[test]
    fn what_is_no_number_or_not_there_can_be_drawn() {
        let nothing = [
            heat_maps(&[], &Attention::new(0, 0, vec![])),
            bars("none", &[], &[]),
            bars("none", &names(&["a", "b"]), &[f32::NAN, f32::INFINITY]),
        ];
        let svg = Drawing::stacked(&nothing).svg();
        for attribute in ["=\"NaN", "=\"inf", "=\"-"] {
            assert!(!svg.contains(attribute), "{attribute}: {svg}");
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        assert_eq!(short("user_id"), "user_id");
        assert_eq!(short("éééééééééééééééé"), "éééééééééééééééé");
        assert_eq!(short("ééééééééééééééééé"), "ééééééééééééééé\u{2026}");
    }
}
