//! Inputs of raw values: one a column, as `predict` takes them, and the nodes that encode them as the run does.
//!
//! Two things are said otherwise than in a file of text: a missing number is NaN, and neither the values of a list nor the keys of a
//! joined table have spaces around them (ONNX cannot trim). Times are numbers.

mod columns;
mod joined;
mod number;
mod table;
mod text;
mod time;

use self::columns::Columns;
use super::embedding::Coded;
use super::graph::Graph;
use crate::data::protocol::field::Pooling;
use crate::data::schema::{Encoding, Field, FieldKind, Schema};
use crate::error::{Error, Result};

/// Adds the inputs and the encoding of all fields.
///
/// # Errors
/// Names the field that ONNX cannot encode, with the reason.
pub(super) fn fields(graph: &mut Graph, schema: &Schema) -> Result<Vec<Coded>> {
    let mut columns = Columns::new(schema);
    let fields = schema.fields.iter().map(|field| {
        graph.scope(&field.name);
        coded(graph, &mut columns, field)
    });
    let all = fields.collect();
    graph.scope("");
    all
}

fn coded(graph: &mut Graph, columns: &mut Columns<'_>, field: &Field) -> Result<Coded> {
    let sources = field.sources();
    if let [one] = &sources[..]
        && let Some(joined) = columns.joined(one)
    {
        return joined::coded(graph, columns, field, joined);
    }
    refuse(field)?;
    if let Some(part) = field.part.and_then(time::part_of) {
        let column = columns.number(graph, &sources)?;
        let part = time::number(graph, part, &column);
        return Ok(match field.kind {
            FieldKind::Numeric => Coded::Number(number::transformed(graph, field, &part)),
            _ if field.is_number() => Coded::One(number::code(graph, field, &part)),
            _ => Coded::One(time::code(graph, field, &part)),
        });
    }
    match field.kind {
        FieldKind::MultiValued => {
            let texts = columns.texts(graph, &sources)?;
            Ok(Coded::Several {
                codes: text::several(graph, field, &texts),
                mean: field.pooling == Pooling::Mean,
            })
        }
        FieldKind::Numeric => {
            let number = columns.number(graph, &sources)?;
            Ok(Coded::Number(number::transformed(graph, field, &number)))
        }
        FieldKind::Categorical if field.is_number() => {
            let number = columns.number(graph, &sources)?;
            Ok(Coded::One(number::code(graph, field, &number)))
        }
        FieldKind::Categorical => {
            let texts = columns.texts(graph, &sources)?;
            Ok(Coded::One(text::one(graph, field, &texts)))
        }
    }
}

/// What ONNX has no operators for.
fn refuse(field: &Field) -> Result<()> {
    let what = match &field.encoding {
        _ if field.part.is_some_and(|part| time::part_of(part).is_none()) => {
            "is a part of a time that is written as text, which ONNX cannot read"
        }
        Encoding::Buckets(_) => "is hashed into buckets (XXH3), and ONNX has no such hash",
        _ => return Ok(()),
    };
    let name = &field.name;
    Err(Error::Data(format!(
        "field `{name}` {what}: export with --inputs codes, and encode the field where the model is called"
    )))
}
