//! JSON lines: one object a row.
//!
//! A column is a key, or the way to one in nested objects, `user.age`. Numbers keep the text they are written with; `true` and
//! `false` are those texts; `null` and a key that is not there are missing; a list of such values is a multi-valued cell.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::value::RawValue;

use super::cells::{LIST, close_list};
use super::layout::{Encoding, Layout};
use super::lines::{Line, each_line};
use super::text::{Blocks, Cut};
use crate::error::{Error, Result};

/// An object whose values are not looked at yet.
type Object<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

/// Picks keys out of objects.
pub(super) struct Json {
    /// The selected columns: each a key, or the way to one with dots between.
    keys: Vec<String>,
}

impl Line for Json {
    const FORMAT: &'static str = "JSON lines";

    fn new(columns: &[String]) -> Result<Json> {
        Ok(Json {
            keys: columns.to_vec(),
        })
    }

    fn parse(&self, line: &str, cells: &mut [String]) -> Result<(), String> {
        let object: Object<'_> = parsed(line)?;
        for (key, cell) in self.keys.iter().zip(cells) {
            if let Some(value) = find(&object, key)? {
                put(value.get(), cell).map_err(|what| format!("key `{key}` {what}"))?;
            }
        }
        Ok(())
    }
}

fn parsed(line: &str) -> Result<Object<'_>, String> {
    serde_json::from_str(line).map_err(|error| {
        let what = error.to_string();
        // The line is told beside it.
        let what = what
            .split(" at line 1 ")
            .next()
            .unwrap_or_default()
            .to_owned();
        format!("is no JSON object: {what} (column {})", error.column())
    })
}

/// The value of a key; one with dots may be the way through nested objects.
fn find<'a>(object: &Object<'a>, key: &str) -> Result<Option<&'a RawValue>, String> {
    if let Some(value) = object.get(key) {
        return Ok(Some(value));
    }
    let Some((first, rest)) = key.split_once('.') else {
        return Ok(None);
    };
    match object.get(first) {
        Some(inner) if inner.get().starts_with('{') => find(&parsed(inner.get())?, rest),
        _ => Ok(None),
    }
}

/// Puts the text of a value into a cell.
fn put(value: &str, cell: &mut String) -> Result<(), String> {
    match value.as_bytes().first() {
        Some(b'n') | None => {}
        Some(b'"') => {
            let text: Cow<'_, str> = serde_json::from_str(value).map_err(|e| e.to_string())?;
            cell.push_str(&text);
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(value).map_err(|e| e.to_string())?;
            let (start, count) = (cell.len(), list.len());
            for (place, value) in list.into_iter().enumerate() {
                if value.get().starts_with('[') {
                    return Err("is a list of lists, expected one of texts or numbers".into());
                }
                if place > 0 {
                    cell.push(LIST);
                }
                put(value.get(), cell)?;
            }
            close_list(cell, start, count);
        }
        Some(b'{') => {
            return Err("is an object, expected a text, a number or a list; name what is in it as `key.inner`".into());
        }
        Some(_) => cell.push_str(value),
    }
    Ok(())
}

/// One object with all its keys, nested ones with dots, in the order of their names, and the texts that the cells of a row would have.
///
/// # Errors
/// When it is none, or a value is no cell.
pub fn object(text: &str) -> Result<Vec<(String, String)>, String> {
    let object: Object<'_> =
        serde_json::from_str(text).map_err(|error| format!("is no JSON object: {error}"))?;
    let mut keys = BTreeSet::new();
    collect(&object, "", &mut keys, 0);
    let cell = |key: String| {
        let mut cell = String::new();
        if let Some(value) = find(&object, &key)? {
            put(value.get(), &mut cell).map_err(|what| format!("key `{key}` {what}"))?;
        }
        Ok((key, cell))
    };
    keys.into_iter().map(cell).collect()
}

/// The keys of the first rows, nested ones with dots, in the order of their names.
///
/// # Errors
/// When a file cannot be read, or none of the rows is an object.
pub fn keys(files: &[PathBuf], layout: &Layout, rows: usize) -> Result<Vec<String>> {
    let encoding = layout.encoding.unwrap_or(Encoding::Utf8);
    let mut blocks = Blocks::of_files(files, Cut::Lines, encoding);
    let (mut all, mut seen) = (BTreeSet::new(), 0);
    let mut wrong = None;
    while let Some(block) = blocks.next_block()? {
        for (number, line) in each_line(&block).take(rows - seen) {
            seen += 1;
            let object = std::str::from_utf8(line)
                .map_err(|e| e.to_string())
                .and_then(|line| {
                    let object = parsed(line)?;
                    collect(&object, "", &mut all, 0);
                    Ok(())
                });
            if let Err(what) = object {
                wrong.get_or_insert(Error::line(&block.file, number, what));
            }
        }
        if seen == rows {
            break;
        }
    }
    match (all.is_empty(), wrong) {
        (true, Some(error)) => Err(error),
        _ => Ok(all.into_iter().collect()),
    }
}

/// Objects deeper than this are no columns.
const DEEPEST: usize = 4;

fn collect(object: &Object<'_>, path: &str, all: &mut BTreeSet<String>, depth: usize) {
    for (key, value) in object {
        let name = format!("{path}{key}");
        match value.get().starts_with('{') && depth < DEEPEST {
            true => {
                if let Ok(inner) = parsed(value.get()) {
                    collect(&inner, &format!("{name}."), all, depth + 1);
                }
            }
            false => {
                all.insert(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str, keys: &[&str]) -> Result<Vec<String>, String> {
        let keys: Vec<String> = keys.iter().map(|k| (*k).to_owned()).collect();
        let mut cells = vec![String::new(); keys.len()];
        Json::new(&keys).unwrap().parse(line, &mut cells)?;
        Ok(cells)
    }

    #[test]
    fn values_keep_their_text() {
        let line = r#"{"a": 1.0, "b": "é\n\"", "c": null, "d": true, "u": {"age": 12345678901234567890}, "l": ["x|y", 2, null], "u.x": 7}"#;
        let keys = ["a", "b", "c", "d", "u.age", "l", "u.x", "gone", "a.b"];
        let expected = [
            "1.0",
            "é\n\"",
            "",
            "true",
            "12345678901234567890",
            "x|y\u{1f}2\u{1f}",
            "7",
            "",
            "",
        ];
        assert_eq!(cells(line, &keys).unwrap(), expected);
    }

    #[test]
    fn an_object_has_its_keys_in_order() {
        let text = "{\"b\": 1.0,\n\"a\": null, \"u\": {\"age\": \"7\"}}";
        let cells = object(text).unwrap();
        let cells: Vec<_> = cells.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(cells, [("a", ""), ("b", "1.0"), ("u.age", "7")]);
        assert!(object("{\n1").unwrap_err().contains("line 2"));
        assert!(object("{\"a\": [[1]]}").unwrap_err().contains("key `a`"));
    }

    #[test]
    fn what_is_no_row_is_told() {
        let refused = |line: &str, key: &str| cells(line, &[key]).unwrap_err();
        assert!(refused("[1]", "a").contains("is no JSON object"));
        assert!(refused("{\"a\": 1", "a").contains("column 7"));
        assert!(refused("{\"a\": NaN}", "a").contains("is no JSON object"));
        assert!(refused("{\"a\": {\"b\": 1}}", "a").contains("key `a` is an object"));
        assert!(refused("{\"a\": [[1]]}", "a").contains("list of lists"));
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        // Values are looked at one level at a time.
        assert!(refused(&deep, "a").contains("list of lists"));
    }
}
