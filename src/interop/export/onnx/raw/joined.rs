//! Fields of one column of a joined table: from its key at once to what the field makes of the column's text.

use super::super::embedding::Coded;
use super::super::graph::{Attribute, Graph};
use super::columns::Columns;
use super::table::{Joined, places, text_of};
use crate::data::encode::value::Encoded;
use crate::data::protocol::field::Pooling;
use crate::data::schema::{Field, FieldKind};
use crate::error::{Error, Result};

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
