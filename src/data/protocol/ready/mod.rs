//! Schemas of well-known logs, ready to use.

use std::path::Path;

use super::{Protocol, file};
use crate::error::{Error, Result};

/// Each with its name.
const READY: [(&str, &str); 2] = [
    ("criteo", include_str!("criteo.toml")),
    ("avazu", include_str!("avazu.toml")),
];

/// The names that [`named`] knows.
pub const NAMES: [&str; 2] = [READY[0].0, READY[1].0];

/// The schema file called `name`, as a text that a user may keep and change.
pub fn text(name: &str) -> Option<&'static str> {
    READY
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The protocol called `name`; it names no files.
///
/// # Errors
/// For any other name; the message lists the known ones.
pub fn named(name: &str) -> Result<Protocol> {
    let text = text(name).ok_or_else(|| {
        let what = format!("`{name}` is unknown; known are {}", NAMES.join(", "));
        Error::config("schema", what)
    })?;
    file::parse(text, Path::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_schema_is_one() {
        let [criteo, avazu] = NAMES.map(|name| named(name).unwrap());
        assert_eq!((criteo.name.as_str(), criteo.fields.len()), ("criteo", 39));
        assert_eq!((avazu.name.as_str(), avazu.fields.len()), ("avazu", 23));
        assert!(
            named("movies")
                .unwrap_err()
                .to_string()
                .contains("criteo, avazu")
        );
    }
}
