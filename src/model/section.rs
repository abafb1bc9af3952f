//! A part's section of a configuration: its settings, or `false` for a part that is not there.
//!
//! ```toml
//! [model]
//! cross = false
//! [model.mlp]
//! hidden = [128, 128]
//! ```

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// Writes a section.
///
/// # Errors
/// Those of the format.
pub fn serialize<T: Serialize, S: Serializer>(
    section: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match section {
        None => serializer.serialize_bool(false),
        Some(settings) => settings.serialize(serializer),
    }
}

/// Reads a section, which must be there: without it nobody knows whether the part is.
///
/// # Errors
/// When it is neither `false` nor all settings of the part.
pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Section(PhantomData))
}

struct Section<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Section<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings of a part of the model, or false")
    }

    fn visit_bool<E: Error>(self, there: bool) -> Result<Option<T>, E> {
        match there {
            false => Ok(None),
            true => Err(E::custom(
                "expected the settings of a part of the model, or false, got true",
            )),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
