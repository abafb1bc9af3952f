//! `/openapi.json`: the description beside this file, and what only the models know: which columns a row has, what can be set,
//! filtered by and compared. With several models, what they have in common.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::data::encode::rows::needed;
use crate::data::source::columns::ColumnRef;
use crate::recommend::ask::settable;
use crate::serve::served::Served;

/// OpenAPI 3.1.
const STATIC: &str = include_str!("openapi.json");

/// The description for these models.
pub fn openapi(models: &[Arc<Served>]) -> String {
    let Ok(mut all) = serde_json::from_str::<Value>(STATIC) else {
        return STATIC.to_owned();
    };
    let schemas = &mut all["components"]["schemas"];
    let each = |of: &dyn Fn(&Served) -> Value| {
        let mut values = models.iter().map(|model| of(model));
        let first = values.next().unwrap_or_default();
        // What not all have in common stays as general as it is.
        values.all(|other| other == first).then_some(first)
    };
    let named: [(&str, &dyn Fn(&Served) -> Value); 6] = [
        ("Row", &|model| row(model, true)),
        ("ExactRow", &|model| row(model, false)),
        ("Set", &|model| {
            texts(model, |model| {
                let ranker = model.ranker().ok()?;
                Some(settable(ranker.catalogue(), ranker.scorer().schema()))
            })
        }),
        ("Profile", &|model| {
            texts(model, |model| {
                let users = &model.ranker().ok()?.catalogue().users;
                Some(
                    users
                        .columns
                        .iter()
                        .map(|column| column.name.as_str())
                        .collect(),
                )
            })
        }),
        ("Filter", &|model| {
            texts(model, |model| {
                let items = &model.ranker().ok()?.catalogue().items;
                Some(
                    items
                        .columns
                        .iter()
                        .map(|column| column.name.as_str())
                        .collect(),
                )
            })
        }),
        (
            "Field",
            &|model| json!({"type": "string", "enum": model.scorer().schema().field_names()}),
        ),
    ];
    for (name, of) in named {
        if let Some(schema) = each(of) {
            schemas[name] = schema;
        }
    }
    all.to_string()
}

/// Texts by name, of names that a model knows.
fn texts<'m>(model: &'m Served, names: impl Fn(&'m Served) -> Option<Vec<&'m str>>) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
    if let Some(names) = names(model) {
        schema["propertyNames"] = json!({"enum": names});
    }
    schema
}

/// A raw row: the columns that the model needs, and others or not.
fn row(model: &Served, others: bool) -> Value {
    let schema = model.scorer().schema();
    let columns = needed(schema, None);
    let numeric = |column: &ColumnRef| {
        let mut users = schema
            .fields
            .iter()
            .filter(|field| field.sources().contains(column));
        users.any(|field| field.is_number())
    };
    let of = |column: &ColumnRef| {
        let kind = if numeric(column) { "Number" } else { "Cell" };
        let reference = format!("#/components/schemas/{kind}");
        (column.to_string(), json!({"$ref": reference}))
    };
    let properties: Map<String, Value> = columns.iter().map(of).collect();
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    json!({"type": "object", "required": names, "properties": properties, "additionalProperties": others})
}
