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
            (Some(slot), value) => *slot = fitted(slot, value, &full)?,
        }
    }
    Ok(())
}

/// A value of the slot's type. A whole number where a fraction is expected is meant as one: `dropout = 0`.
fn fitted(slot: &Value, value: Value, key: &str) -> Result<Value> {
    let fits = match (slot, &value) {
        (Value::Float(_), Value::Integer(whole)) => return Ok(Value::Float(*whole as f64)),
        (Value::Integer(_), Value::Integer(whole)) => *whole >= 0,
        (Value::Array(_), Value::Array(items)) => {
            let whole = |item: &Value| item.as_integer().is_some_and(|whole| whole >= 0);
            items.iter().all(whole)
        }
        (slot, value) => slot.same_type(value),
    };
    if fits {
        return Ok(value);
    }
    let expected = match slot {
        // TOML's integers are signed.
        Value::Integer(_) => "a whole number from 0 to 9223372036854775807",
        Value::Float(_) => "a number, such as 0.001 or 1e-3",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of whole numbers, such as [64, 32]",
        Value::Table(_) => "a section of settings",
        Value::String(_) | Value::Datetime(_) => "a text in quotes",
    };
    let got = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Err(Error::config(
        key,
        format!("expected {expected}, got `{got}`"),
    ))
}

/// Sets the setting at `key`, which must exist, to what `text` says.
pub(super) fn set_one(table: &mut Table, key: &str, text: &str) -> Result<()> {
    if key == "preset" || key == "protocol" {
        let what = format!("is no setting of its own: give it as --{key} {text}");
        return Err(Error::config(key, what));
    }
    // A value is TOML; a bare word is a text, unless it is a number that TOML writes otherwise (`NaN`).
    let value = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"));
    let word = |slot: &Value| match text.parse() {
        Ok(number) if slot.is_float() => Value::Float(number),
        _ => Value::String(text.to_owned()),
    };
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
            let value = value.unwrap_or_else(|| word(slot));
            *slot = fitted(slot, value, key)?;
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
