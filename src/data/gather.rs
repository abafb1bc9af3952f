//! Picking rows of the encoded columns into a [`Batch`].

use super::batch::{Batch, FieldBatch};
use super::dataset::{Dataset, FieldView};
use super::protocol::field::Pooling;
use super::schema::{FieldKind, FieldSpec, Schema};
use super::store::column::View;

impl Dataset {
    /// Fills `batch` with the given rows, in that order: ids of global table rows, values, labels, and weights when the
    /// data have them.
    ///
    /// Vectors keep their memory from call to call: once they have seen the largest batch, nothing is allocated.
    ///
    /// # Panics
    /// When a row is not below [`Dataset::rows`]; the rows of [`Dataset::split`] always are.
    pub fn gather(&self, rows: &[u32], batch: &mut Batch) {
        self.gather_by(batch, rows, |_| rows);
    }

    /// As [`Dataset::gather`], the values of field number `place` being those of the rows `of(place)`, as many as `rows`.
    pub(super) fn gather_by<'r>(
        &self,
        batch: &mut Batch,
        rows: &[u32],
        of: impl Fn(usize) -> &'r [u32],
    ) {
        reset(self.schema(), batch);
        batch.rows = rows.len();
        let labels = self.labels();
        batch
            .labels
            .extend(rows.iter().map(|&row| f32::from(labels[row as usize])));
        if let weights @ [_, ..] = self.weights() {
            let weights = rows.iter().map(|&row| weights[row as usize]);
            batch.weights.extend(weights);
        }
        for (place, field) in batch.fields.iter_mut().enumerate() {
            let (offset, rows) = (self.offset(place), of(place));
            match (self.field(place), field) {
                (FieldView::One(codes), FieldBatch::One { ids }) => match codes {
                    View::U8(codes) => one(codes, offset, rows, ids),
                    View::U16(codes) => one(codes, offset, rows, ids),
                    View::U32(codes) => one(codes, offset, rows, ids),
                    View::F32(_) => {}
                },
                (FieldView::Number(numbers), FieldBatch::Scaled { ids, values }) => {
                    scaled(numbers, offset, rows, ids, values);
                }
                (
                    FieldView::Mean { starts, codes },
                    FieldBatch::Mean { starts: ends, ids } | FieldBatch::Sum { starts: ends, ids },
                ) => match codes {
                    View::U8(codes) => mean(starts, codes, offset, rows, ends, ids),
                    View::U16(codes) => mean(starts, codes, offset, rows, ends, ids),
                    View::U32(codes) => mean(starts, codes, offset, rows, ends, ids),
                    View::F32(_) => {}
                },
                // `reset` made the variants after the same schema that the columns were resolved with.
                _ => {}
            }
        }
    }
}

fn one<T: Copy + Into<u32>>(codes: &[T], offset: u32, rows: &[u32], ids: &mut Vec<u32>) {
    ids.extend(rows.iter().map(|&row| offset + codes[row as usize].into()));
}

fn scaled(numbers: &[f32], offset: u32, rows: &[u32], ids: &mut Vec<u32>, values: &mut Vec<f32>) {
    let entries = rows
        .iter()
        .map(|&row| scaled_row(offset, numbers[row as usize]));
    for (id, value) in entries {
        ids.push(id);
        values.push(value);
    }
}

fn mean<T: Copy + Into<u32>>(
    starts: &[u32],
    codes: &[T],
    offset: u32,
    rows: &[u32],
    ends: &mut Vec<u32>,
    ids: &mut Vec<u32>,
) {
    for &row in rows {
        let list = starts[row as usize] as usize..starts[row as usize + 1] as usize;
        ids.extend(codes[list].iter().map(|&code| offset + code.into()));
        ends.push(ids.len() as u32);
    }
}

/// The id and the value of a number: table row 1 of its field scaled by it, or row 0 as it is when the number is missing.
pub(crate) fn scaled_row(offset: u32, number: f32) -> (u32, f32) {
    if number.is_nan() {
        (offset, 1.0)
    } else {
        (offset + 1, number)
    }
}

/// Empties a batch and gives it one field of the right variant per field of the schema, keeping memory where variants agree.
pub(crate) fn reset(schema: &Schema, batch: &mut Batch) {
    batch.rows = 0;
    batch.labels.clear();
    batch.weights.clear();
    batch.fields.truncate(schema.fields.len());
    for (place, field) in schema.fields.iter().enumerate() {
        let reusable = batch
            .fields
            .get_mut(place)
            .is_some_and(|old| empty_if_of(field, old));
        if !reusable {
            let fresh = fresh(field);
            match batch.fields.get_mut(place) {
                Some(old) => *old = fresh,
                None => batch.fields.push(fresh),
            }
        }
    }
}

/// Empties `field` when it is of the variant that `spec` asks for; says whether it was.
fn empty_if_of(spec: &FieldSpec, field: &mut FieldBatch) -> bool {
    let sum = spec.pooling == Pooling::Sum;
    match (spec.kind, field) {
        (FieldKind::Categorical, FieldBatch::One { ids }) => ids.clear(),
        (FieldKind::Numeric, FieldBatch::Scaled { ids, values }) => {
            ids.clear();
            values.clear();
        }
        (FieldKind::MultiValued, FieldBatch::Mean { starts, ids }) if !sum => {
            ids.clear();
            starts.clear();
            starts.push(0);
        }
        (FieldKind::MultiValued, FieldBatch::Sum { starts, ids }) if sum => {
            ids.clear();
            starts.clear();
            starts.push(0);
        }
        _ => return false,
    }
    true
}

fn fresh(spec: &FieldSpec) -> FieldBatch {
    match spec.kind {
        FieldKind::Categorical => FieldBatch::One { ids: vec![] },
        FieldKind::Numeric => FieldBatch::Scaled {
            ids: vec![],
            values: vec![],
        },
        FieldKind::MultiValued if spec.pooling == Pooling::Sum => FieldBatch::Sum {
            starts: vec![0],
            ids: vec![],
        },
        FieldKind::MultiValued => FieldBatch::Mean {
            starts: vec![0],
            ids: vec![],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    fn data() -> Dataset {
        let row = |user: &str, tags: &str, weight: &str, rating| {
            (user.to_owned(), tags.to_owned(), weight.to_owned(), rating)
        };
        let rows = [
            row("a", "x|y", "1", 5),
            row("b", "", "", 1),
            row("c", "y", "3", 4),
        ];
        encode(&table(&rows), &protocol(FitOn::All, random_split(1))).unwrap()
    }

    #[test]
    fn rows_come_in_the_order_asked_for_also_twice() {
        let mut batch = Batch::default();
        data().gather(&[2, 0, 2], &mut batch);
        assert_eq!((batch.rows, &batch.labels[..]), (3, &[1.0, 1.0, 1.0][..]));
        assert_eq!(batch.fields[0], FieldBatch::One { ids: vec![3, 1, 3] });
        let tags = FieldBatch::Mean {
            starts: vec![0, 1, 3, 4],
            ids: vec![6, 5, 6, 6],
        };
        assert_eq!(batch.fields[1], tags);
    }

    /// Where the memory of every vector of a batch lies.
    fn memory(batch: &Batch) -> Vec<usize> {
        let mut places = vec![batch.labels.as_ptr() as usize];
        for field in &batch.fields {
            places.extend(match field {
                FieldBatch::One { ids } => vec![ids.as_ptr() as usize],
                FieldBatch::Scaled { ids, values } => {
                    vec![ids.as_ptr() as usize, values.as_ptr() as usize]
                }
                FieldBatch::Mean { starts, ids } | FieldBatch::Sum { starts, ids } => {
                    vec![starts.as_ptr() as usize, ids.as_ptr() as usize]
                }
            });
        }
        places
    }

    #[test]
    fn a_warm_batch_keeps_its_memory_and_forgets_its_content() {
        let data = data();
        let mut batch = Batch::default();
        data.gather(&[0, 1, 2, 0], &mut batch);
        let before = memory(&batch);
        batch.weights.push(1.0);
        data.gather(&[1], &mut batch);
        data.gather(&[0, 2, 1, 0], &mut batch);
        assert_eq!(memory(&batch), before);
        let mut fresh = Batch::default();
        data.gather(&[0, 2, 1, 0], &mut fresh);
        assert_eq!(batch, fresh);
    }

    #[test]
    fn a_batch_of_another_schema_is_made_over() {
        let mut batch = Batch {
            fields: vec![
                FieldBatch::Mean {
                    starts: vec![7],
                    ids: vec![7]
                };
                5
            ],
            ..Batch::default()
        };
        let mut fresh = Batch::default();
        data().gather(&[1], &mut batch);
        data().gather(&[1], &mut fresh);
        assert_eq!(batch, fresh);
    }
}
