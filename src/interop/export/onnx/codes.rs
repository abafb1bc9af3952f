//! Inputs of encoded values: one a field, with its name.

use super::embedding::Coded;
use super::graph::{DType, Graph};
use crate::data::protocol::field::Pooling;
use crate::data::schema::{FieldKind, Schema};

/// Adds the inputs of all fields.
pub(super) fn fields(graph: &mut Graph, schema: &Schema) -> Vec<Coded> {
    let fields = schema.fields.iter().map(|field| {
        let name = field.name.clone();
        match field.kind {
            FieldKind::Categorical => {
                graph.input(&name, DType::Int64, None);
                Coded::One(name)
            }
            FieldKind::Numeric => {
                graph.input(&name, DType::Float, None);
                Coded::Number(name)
            }
            FieldKind::MultiValued => {
                graph.input(&name, DType::Int64, Some(&format!("values of {name}")));
                Coded::Several {
                    codes: name,
                    mean: field.pooling == Pooling::Mean,
                }
            }
        }
    });
    fields.collect()
}
