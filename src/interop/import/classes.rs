//! Which value has which row of a foreign table: `classes.json`, an object with a list of texts a field, in the order of the rows.
//!
//! ```json
//! {"user_id": ["1", "10", "100"], "gender": ["F", "M"]}
//! ```

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::data::protocol::Protocol;
use crate::data::schema::{Encoding, Field, FieldKind, Schema};
use crate::data::vocab::Vocabulary;
use crate::error::{Error, Result};

/// Fields in the order of their rows in the table, each with its values in the order of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(pub Vec<(String, Vec<String>)>);

impl Classes {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is not of that form.
    pub fn read(path: &Path) -> Result<Classes> {
        let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
        Classes::of_bytes(path, &bytes)
    }

    /// The same of a file's bytes; `path` is for messages.
    ///
    /// # Errors
    /// When they are not of that form.
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Classes> {
        serde_json::from_slice(bytes).map_err(|error| {
            let what = format!(
                "expected an object with a list of texts for each field, as data/export_classes.py writes it, got: {error}"
            );
            Error::file(path, what)
        })
    }

    /// The values of a schema.
    ///
    /// # Errors
    /// When a field has no list of values.
    pub fn of_schema(schema: &Schema) -> Result<Classes> {
        let texts = |field: &Field| match &field.encoding {
            Encoding::Vocabulary(vocabulary) if field.kind == FieldKind::Categorical => {
                let texts = vocabulary.texts().map(str::to_owned).collect();
                Ok((field.name.clone(), texts))
            }
            _ => Err(only_categorical(&field.name)),
        };
        let all: Result<Vec<_>> = schema.fields.iter().map(texts).collect();
        Ok(Classes(all?))
    }

    /// How many values each field has.
    pub fn counts(&self) -> Vec<u64> {
        self.0.iter().map(|(_, texts)| texts.len() as u64).collect()
    }
}

fn only_categorical(field: &str) -> Error {
    Error::Data(format!(
        "field `{field}` is not one of plain values: a model is imported with categorical fields alone, without hash buckets or transforms"
    ))
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Classes, D::Error> {
        deserializer.deserialize_map(Ordered)
    }
}

/// Keeps the order of the fields, which is that of the table's rows.
struct Ordered;

impl<'de> Visitor<'de> for Ordered {
    type Value = Classes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of texts for each field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Classes, A::Error> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        while let Some(entry) = map.next_entry::<String, Vec<String>>()? {
            all.push(entry);
        }
        Ok(Classes(all))
    }
}

/// What rows are encoded with: the protocol's fields with these values.
///
/// # Errors
/// When they are other fields, in another order, or values that no vocabulary can have.
pub fn schema_of(classes: &Classes, protocol: Protocol) -> Result<Schema> {
    let theirs: Vec<&str> = classes.0.iter().map(|(name, _)| name.as_str()).collect();
    let ours: Vec<&str> = protocol.fields.iter().map(|f| f.name.as_str()).collect();
    if theirs != ours {
        let what = format!(
            "the classes are of the fields {}, and protocol `{}` has {}: expected the same, in the same order (it is that of the table's rows)",
            theirs.join(", "),
            protocol.name,
            ours.join(", ")
        );
        return Err(Error::Data(what));
    }
    let field = |(spec, (name, texts)): (_, &(String, Vec<String>))| {
        let vocabulary = Vocabulary::new(texts)
            .map_err(|what| Error::Data(format!("field `{name}` of the classes: {what}")))?;
        Ok(Field {
            spec,
            encoding: Encoding::Vocabulary(vocabulary),
        })
    };
    let specs = protocol.fields.iter().cloned();
    let fields: Result<Vec<Field>> = specs.zip(&classes.0).map(field).collect();
    let schema = Schema {
        fields: fields?,
        protocol,
        tables: Default::default(),
    };
    let plain = |field: &&Field| field.kind != FieldKind::Categorical;
    if let Some(field) = schema.fields.iter().find(plain) {
        return Err(only_categorical(&field.name));
    }
    schema.check()?;
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;

    fn read(text: &str) -> Result<Classes> {
        Classes::of_bytes(Path::new("c.json"), text.as_bytes())
    }

    #[test]
    fn fields_keep_their_order_and_values_theirs() {
        let classes = read(r#"{"b": ["2", "10"], "a": []}"#).unwrap();
        assert_eq!(classes.0[0], ("b".into(), vec!["2".into(), "10".into()]));
        assert_eq!(classes.counts(), [2, 0]);
        for wrong in ["", "[]", r#"{"a": [1]}"#, r#"{"a": "x"}"#, r#"{"a": ["x"]"#] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("data/export_classes.py"), "{error}");
        }
    }

    #[test]
    fn codes_are_the_places_in_the_lists_and_one_more() {
        let protocol = protocols::named("course").unwrap();
        let names: Vec<String> = protocol.fields.iter().map(|f| f.name.clone()).collect();
        let texts = ["2", "10"].map(str::to_owned).to_vec();
        let mut classes = Classes(names.iter().map(|n| (n.clone(), texts.clone())).collect());
        let schema = schema_of(&classes, protocol.clone()).unwrap();
        assert_eq!(Classes::of_schema(&schema).unwrap(), classes);
        let Encoding::Vocabulary(vocabulary) = &schema.fields[3].encoding else {
            panic!("no vocabulary");
        };
        assert_eq!(
            ["2", "10", "3"].map(|text| vocabulary.code(text)),
            [1, 2, 0]
        );

        let refused = |classes: &Classes| {
            schema_of(classes, protocol.clone())
                .unwrap_err()
                .to_string()
        };
        classes.0[1].1.push("10".into());
        assert!(refused(&classes).contains("field `movie_id`"));
        classes.0[1].1[2] = String::new();
        assert!(refused(&classes).contains("empty text"));
        classes.0[1].1.pop();
        classes.0.swap(0, 1);
        assert!(refused(&classes).contains("same order"));
        let paper = protocols::named("paper").unwrap();
        let of_paper = paper.fields.iter().map(|f| (f.name.clone(), texts.clone()));
        let error = schema_of(&Classes(of_paper.collect()), paper.clone()).unwrap_err();
        assert!(error.to_string().contains("categorical"), "{error}");
    }
}
