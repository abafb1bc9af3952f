//! Texts become codes: vocabularies as `ai.onnx.ml.LabelEncoder`, with the unknown row as default.

use super::super::graph::{Attribute, Graph};
use crate::data::schema::{Encoding, Field};
use crate::data::vocab::{UNKNOWN, Vocabulary};

/// The code of a categorical field's text, int64 `[rows]`; the texts of several columns are one value together, joined by `&`.
pub(super) fn one(graph: &mut Graph, field: &Field, texts: &[String]) -> String {
    let text = match texts {
        [one] => one.clone(),
        several => {
            let separator = graph.text("&");
            let joined = several.iter().cloned().reduce(|left, right| {
                let left = graph.node("StringConcat", &[&left, &separator], &[]);
                graph.node("StringConcat", &[&left, &right], &[])
            });
            joined.unwrap_or_default()
        }
    };
    encode(graph, field, &text, i64::from(UNKNOWN))
}

/// The codes of a multi-valued field's texts, int64 `[rows, n]`, -1 where there is no value.
pub(super) fn several(graph: &mut Graph, field: &Field, texts: &[String]) -> String {
    let lists = texts.iter().map(|text| {
        let separator = [Attribute::Text("delimiter", field.separator())];
        let values = graph.node_of_two("StringSplit", &[text], &separator);
        encode(graph, field, &values, -1)
    });
    let lists: Vec<String> = lists.collect();
    match &lists[..] {
        [one] => one.clone(),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            graph.node("Concat", &several, &[Attribute::Int("axis", 1)])
        }
    }
}

/// The codes of texts of any shape, `empty` being that of the empty text.
fn encode(graph: &mut Graph, field: &Field, texts: &str, empty: i64) -> String {
    let nothing = Vocabulary::default();
    let vocabulary = match &field.encoding {
        Encoding::Vocabulary(vocabulary) => vocabulary,
        // Refused before.
        _ => &nothing,
    };
    let keys: Vec<&str> = std::iter::once("").chain(vocabulary.texts()).collect();
    let codes = std::iter::once(empty).chain(1..keys.len() as i64).collect();
    let attributes = [
        Attribute::Texts("keys_strings", keys),
        Attribute::Ints("values_int64s", codes),
        Attribute::Int("default_int64", i64::from(UNKNOWN)),
    ];
    graph.node_ml("LabelEncoder", &[texts], &attributes)
}
