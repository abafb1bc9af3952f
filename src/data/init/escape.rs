//! Texts of unknown content, for TOML, its comments and the terminal.

use crate::data::source::columns::ColumnRef;

/// A TOML string: on one line whatever it holds.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A TOML array of strings, on one line when it is short.
pub(super) fn array(texts: &[String]) -> String {
    let all: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let line = all.join(", ");
    if line.len() <= 100 {
        return format!("[{line}]");
    }
    let lines = all
        .chunks(10)
        .map(|some| format!("    {},\n", some.join(", ")));
    format!("[\n{}]", lines.collect::<String>())
}

/// A reference to a column, as a TOML value.
pub(super) fn column(column: &ColumnRef) -> String {
    match column {
        ColumnRef::Number(number) => number.to_string(),
        ColumnRef::Name(name) => quoted(name),
    }
}

/// Characters shown of a value.
const SHOWN: usize = 40;

/// A value of the data, for a comment or a message: on one line, short, in quotes.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

/// A name, for a comment, a message or a table: on one line and short.
pub fn named(name: &str) -> String {
    let shown: String = name.chars().flat_map(plain).take(SHOWN + 1).collect();
    match shown.char_indices().nth(SHOWN) {
        None => shown,
        Some((end, _)) => format!("{}...", &shown[..end]),
    }
}

/// A message, which may quote what stands in the data: on one line, and not endless.
pub(super) fn line(text: &str) -> String {
    const MOST: usize = 300;
    let line: String = text.chars().flat_map(plain).take(MOST + 1).collect();
    match line.char_indices().nth(MOST) {
        None => line,
        Some((end, _)) => format!("{}...", &line[..end]),
    }
}

/// A number, for people.
pub(super) fn amount(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        small if small < 1e-3 => format!("{x:.3e}"),
        large if large >= 1e12 => format!("{x:.3e}"),
        _ if x.fract() == 0.0 => x.to_string(),
        _ => format!("{x:.3}"),
    }
}

fn plain(c: char) -> Box<dyn Iterator<Item = char>> {
    // `escape_debug` alone would also touch quotes.
    match c {
        '"' | '\'' => Box::new(std::iter::once(c)),
        c => Box::new(c.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_comes_back_from_toml(texts: Vec<String>) {
            let text = format!("all = {}\nn = 1", array(&texts));
            let table: toml::Table = toml::from_str(&text).unwrap();
            let back: Vec<&str> = table["all"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            prop_assert_eq!(back, texts);
        }

        #[test]
        fn no_text_breaks_out_of_a_comment(text: String) {
            let file = format!("# {} {}\nn = 1", shown(&text), named(&text));
            let table: toml::Table = toml::from_str(&file).unwrap();
            prop_assert_eq!(table.len(), 1);
            prop_assert!(named(&text).chars().count() <= SHOWN + 3);
        }
    }

    #[test]
    fn what_ends_a_line_is_seen() {
        assert_eq!(quoted("a\"\\\n\u{7f}é"), "\"a\\\"\\\\\\n\\u007Fé\"");
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
        assert_eq!(named("a\r\nb \"c\""), "a\\r\\nb \"c\"");
    }
}
