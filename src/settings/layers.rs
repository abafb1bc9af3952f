//! One layer of settings over another, as TOML.

use toml::{Table, Value};

use crate::error::{Error, Result};

/// Overrides `base` with `over`, whose every key must exist in `base`; `path` stands before its keys in messages.
pub(super) fn merge(base: &mut Table, over: Table, path: &str) -> Result<()> {
    for (key, value) in over {
        let full = format!("{path}{key}");
        match (base.get_mut(&key), value) {
            (None, _) => return Err(unknown(base, &full)),
            (Some(Value::Table(base)), Value::Table(over)) => {
                merge(base, over, &format!("{full}."))?
            }
            (Some(slot), value) => *slot = fitted(slot, value),
        }
    }
    Ok(())
}

/// A whole number where a fraction is expected is meant as one: `dropout = 0`.
fn fitted(slot: &Value, value: Value) -> Value {
    match (slot, value) {
        (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
        (_, value) => value,
    }
}

/// Sets the setting at `key`, which must exist, to what `text` says.
pub(super) fn set_one(table: &mut Table, key: &str, text: &str) -> Result<()> {
    if key == "preset" || key == "protocol" {
        let what = format!("is no setting of its own: give it as --{key} {text}");
        return Err(Error::config(key, what));
    }
    // A value is TOML; a bare word is a text.
    let value = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let (sections, last) = match key.rsplit_once('.') {
        None => (vec![], key),
        Some((sections, last)) => (sections.split('.').collect(), last),
    };
    let mut at = table;
    for section in sections {
        if !at.get(section).is_some_and(Value::is_table) {
            return Err(unknown(at, key));
        }
        let Some(Value::Table(inner)) = at.get_mut(section) else {
            return Err(unknown(&Table::new(), key));
        };
        at = inner;
    }
    match at.get_mut(last) {
        None | Some(Value::Table(_)) => Err(unknown(at, key)),
        Some(slot) => {
            *slot = fitted(slot, value);
            Ok(())
        }
    }
}

fn unknown(table: &Table, key: &str) -> Error {
    let keys: Vec<_> = table.keys().map(String::as_str).collect();
    Error::config(
        key,
        format!(
            "there is no such setting; expected one of {}",
            keys.join(", ")
        ),
    )
}
