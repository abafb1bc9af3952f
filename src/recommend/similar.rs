//! Values whose embedding points in nearly the same direction: cosine similarity in the field's own table rows.

use serde::Serialize;

use crate::data::catalogue::Catalogue;
use crate::data::schema::{Encoding, Schema};
use crate::data::source::columns::told;
use crate::error::{Error, Result};
use crate::model::parts::embedding::TABLE;
use crate::score::Scorer;

/// A value near another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour {
    /// A text of the field's vocabulary.
    pub value: String,
    /// -1 to 1.
    pub cosine: f32,
}

/// The field that tells items apart.
///
/// # Errors
/// When the model has none, as under a protocol without item ids.
pub fn item_field<'s>(schema: &'s Schema, catalogue: &Catalogue) -> Result<&'s str> {
    let name = &catalogue.items.name;
    let is = |field: &&crate::data::schema::Field| matches!(&field.sources()[..], [one] if one.to_string() == *name);
    let field = schema.fields.iter().find(is);
    field.map(|field| field.name.as_str()).ok_or_else(|| {
        Error::Data(format!(
            "the model has no field of `{name}` alone, so items have no embedding of their own; --field and --value compare others"
        ))
    })
}

/// The `top` values nearest to `value` in the embeddings of a field, the nearest first.
///
/// # Errors
/// When the model has no embeddings, no such field or value, or the field's rows have no texts (hash buckets, numbers).
pub fn similar(
    scorer: &Scorer<'_>,
    field: &str,
    value: &str,
    top: usize,
) -> Result<Vec<Neighbour>> {
    let schema = scorer.schema();
    let Some(place) = schema.fields.iter().position(|f| f.name == field) else {
        let there = told(field, &schema.field_names());
        return Err(Error::Data(format!(
            "the model has no field `{field}`; there {there}"
        )));
    };
    let Encoding::Vocabulary(vocabulary) = &schema.fields[place].encoding else {
        return Err(Error::Data(format!(
            "field `{field}` has no list of values, so none is near another"
        )));
    };
    let code = vocabulary.code(value);
    if code == 0 {
        return Err(Error::Data(format!(
            "the model does not know the value {value:?} of `{field}`"
        )));
    }
    let first = schema.offsets()[place];
    let embeddings = Embeddings::of(scorer)?;
    let of = |code: u32| embeddings.row(first + code as usize);
    let mine = of(code);
    let codes = (1..=vocabulary.len() as u32).filter(|&other| other != code);
    let mut near: Vec<(f32, u32)> = codes
        .map(|other| (cosine(mine, of(other)), other))
        .collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    near.sort_unstable_by(order);
    near.truncate(top);
    let neighbour = |(cosine, code)| Neighbour {
        value: vocabulary.text(code).unwrap_or_default().to_owned(),
        cosine,
    };
    Ok(near.into_iter().map(neighbour).collect())
}

/// The embedding table of a model.
pub(super) struct Embeddings<'s> {
    /// Numbers of a row.
    dim: usize,
    /// The rows of one field.
    numbers: &'s [f32],
}

impl<'s> Embeddings<'s> {
    /// Finds it: a model may also have a table of other weights, or that one alone.
    ///
    /// # Errors
    /// When the model has none.
    pub fn of(scorer: &'s Scorer<'_>) -> Result<Embeddings<'s>> {
        let tables = &scorer.runtime().tape().layout().tables;
        let place = tables
            .iter()
            .position(|table| table.name.rsplit('.').next() == Some(TABLE));
        let missing = || {
            Error::Data(
                "the model has one weight per value and no embeddings, so no value is near another"
                    .into(),
            )
        };
        let place = place.ok_or_else(missing)?;
        Ok(Embeddings {
            dim: tables[place].dim,
            numbers: &scorer.parameters().tables[place],
        })
    }

    /// The embedding of a table row.
    pub fn row(&self, row: usize) -> &'s [f32] {
        &self.numbers[row * self.dim..(row + 1) * self.dim]
    }
}

/// The cosine of the angle between two vectors; 0 when one of them is zero.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms == 0.0 { 0.0 } else { dot(a, b) / norms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_is_that_of_the_angle() {
        assert_eq!(cosine(&[3.0, 4.0], &[3.0, 4.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[1.0, 0.0], &[-5.0, 0.0]), -1.0);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
    }
}
