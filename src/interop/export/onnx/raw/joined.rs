//! Columns of joined tables: the model's own copy of the table, from a key to a text, or at once to what the field makes of it.

use super::super::embedding::Coded;
use super::super::graph::{Attribute, Graph};
use super::columns::{Columns, Joined};
use crate::data::encode::value::Encoded;
use crate::data::protocol::field::Pooling;
use crate::data::schema::{Field, FieldKind};
use crate::error::{Error, Result};

/// The texts of a table's column for the rows' keys; empty without a match, and where a text is one of `missing`.
pub(super) fn text(graph: &mut Graph, joined: &Joined<'_>, keys: &str, missing: &[&str]) -> String {
    let texts = places(joined).map(|place| text_of(joined, Some(place), missing));
    let attributes = [
        Attribute::Texts("keys_strings", joined.table.keys().collect()),
        Attribute::Texts("values_strings", texts.collect()),
        Attribute::Text("default_string", ""),
    ];
    graph.node_ml("LabelEncoder", &[keys], &attributes)
}

/// A field whose one column is a table's: every key's value is encoded here, so that it can be of any kind.
pub(super) fn coded(
    graph: &mut Graph,
    columns: &mut Columns<'_>,
    field: &Field,
    joined: Joined<'_>,
) -> Result<Coded> {
    let keys = columns.key(graph, joined.key)?;
    let missing: Vec<&str> = columns.missing().collect();
    let encoded = places(&joined).map(Some).chain([None]).map(|place| {
        let encoded = field.encode_text(text_of(&joined, place, &missing));
        encoded.map(|(encoded, _)| encoded)
    });
    let encoded: Vec<Encoded> = encoded.collect::<Result<_, _>>().map_err(Error::Data)?;
    let texts = Attribute::Texts("keys_strings", joined.table.keys().collect());
    let (known, none) = encoded.split_at(joined.table.len());
    Ok(match field.kind {
        FieldKind::Categorical => {
            let code = |one: &Encoded| one.codes().first().map_or(0, |&code| i64::from(code));
            let codes = Attribute::Ints("values_int64s", known.iter().map(code).collect());
            let none = Attribute::Int("default_int64", none.first().map_or(0, code));
            Coded::One(graph.node_ml("LabelEncoder", &[&keys], &[texts, codes, none]))
        }
        FieldKind::Numeric => {
            let number = |one: &Encoded| match one {
                Encoded::Number(number) => *number,
                Encoded::Code(_) | Encoded::Codes(_) => f32::NAN,
            };
            let numbers = Attribute::Floats("values_floats", known.iter().map(number).collect());
            let none = Attribute::Float("default_float", f32::NAN);
            Coded::Number(graph.node_ml("LabelEncoder", &[&keys], &[texts, numbers, none]))
        }
        FieldKind::MultiValued => {
            let places = (0..known.len() as i64).collect();
            let places = Attribute::Ints("values_int64s", places);
            let none = Attribute::Int("default_int64", known.len() as i64);
            let place = graph.node_ml("LabelEncoder", &[&keys], &[texts, places, none]);
            let lists = lists(graph, &encoded);
            Coded::Several {
                codes: graph.node("Gather", &[&lists, &place], &[]),
                mean: field.pooling == Pooling::Mean,
            }
        }
    })
}

fn text_of<'s>(joined: &Joined<'s>, place: Option<u32>, missing: &[&str]) -> &'s str {
    match joined.table.text(joined.column, place) {
        text if missing.contains(&text) => "",
        text => text,
    }
}

fn places(joined: &Joined<'_>) -> std::ops::Range<u32> {
    0..joined.table.len() as u32
}

/// The codes of every key, filled up with -1.
fn lists(graph: &mut Graph, encoded: &[Encoded]) -> String {
    let longest = encoded
        .iter()
        .map(|one| one.codes().len())
        .max()
        .unwrap_or(0);
    let padded = encoded.iter().flat_map(|one| {
        let codes = one.codes().iter().map(|&code| i64::from(code));
        codes.chain(std::iter::repeat(-1)).take(longest)
    });
    let padded: Vec<i64> = padded.collect();
    graph.ints(&[encoded.len(), longest], &padded)
}
