//! Rows in which one field is made unknown: what the model says without it is what the field was worth.

use crate::data::batch::{Batch, FieldBatch};
use crate::data::gather::scaled_row;

/// The B rows of a batch, each F times: row `r * F + f` is row r with field f unknown, so its table row 0 (`offsets[f]`, see
/// [`Schema::offsets`](crate::data::schema::Schema::offsets)); a list of values becomes that one row, a number a missing one.
pub fn ablated(batch: &Batch, offsets: &[usize]) -> Batch {
    let count = batch.fields.len();
    let fields = batch.fields.iter().zip(offsets).enumerate();
    let fields = fields.map(|(own, (field, &offset))| Plan { own, count }.of(field, offset as u32));
    Batch {
        rows: batch.rows * count,
        fields: fields.collect(),
        labels: Vec::new(),
        weights: Vec::new(),
    }
}

/// Where the rows of one field come from.
struct Plan {
    /// The field's number.
    own: usize,
    /// F
    count: usize,
}

impl Plan {
    fn of(&self, field: &FieldBatch, unknown: u32) -> FieldBatch {
        match field {
            FieldBatch::One { ids } => FieldBatch::One {
                ids: self.repeated(ids, unknown),
            },
            FieldBatch::Scaled { ids, values } => {
                let (id, value) = scaled_row(unknown, f32::NAN);
                FieldBatch::Scaled {
                    ids: self.repeated(ids, id),
                    values: self.repeated(values, value),
                }
            }
            FieldBatch::Mean { starts, ids } => {
                let (starts, ids) = self.lists(starts, ids, unknown);
                FieldBatch::Mean { starts, ids }
            }
            FieldBatch::Sum { starts, ids } => {
                let (starts, ids) = self.lists(starts, ids, unknown);
                FieldBatch::Sum { starts, ids }
            }
        }
    }

    /// Every value F times, once replaced.
    fn repeated<T: Copy>(&self, values: &[T], unknown: T) -> Vec<T> {
        let of =
            |value: T| (0..self.count).map(move |f| if f == self.own { unknown } else { value });
        values.iter().flat_map(|&value| of(value)).collect()
    }

    /// Every list F times, once replaced.
    fn lists(&self, starts: &[u32], ids: &[u32], unknown: u32) -> (Vec<u32>, Vec<u32>) {
        let (mut all_starts, mut all) = (vec![0], Vec::new());
        for bounds in starts.windows(2) {
            for f in 0..self.count {
                match f == self.own {
                    true => all.push(unknown),
                    false => all.extend_from_slice(&ids[bounds[0] as usize..bounds[1] as usize]),
                }
                all_starts.push(all.len() as u32);
            }
        }
        (all_starts, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_loses_each_field_once() {
        let batch = Batch {
            rows: 2,
            fields: vec![
                FieldBatch::One { ids: vec![1, 2] },
                FieldBatch::Scaled {
                    ids: vec![4, 3],
                    values: vec![0.5, 1.0],
                },
                FieldBatch::Mean {
                    starts: vec![0, 2, 3],
                    ids: vec![6, 7, 6],
                },
            ],
            labels: vec![1.0, 0.0],
            weights: vec![],
        };
        let ablated = ablated(&batch, &[0, 3, 5, 9]);
        assert_eq!((ablated.rows, ablated.labels.len()), (6, 0));
        let expected = [
            FieldBatch::One {
                ids: vec![0, 1, 1, 0, 2, 2],
            },
            FieldBatch::Scaled {
                ids: vec![4, 3, 4, 3, 3, 3],
                values: vec![0.5, 1.0, 0.5, 1.0, 1.0, 1.0],
            },
            FieldBatch::Mean {
                starts: vec![0, 2, 4, 5, 6, 7, 8],
                ids: vec![6, 7, 6, 7, 5, 6, 6, 5],
            },
        ];
        assert_eq!(ablated.fields, expected);
    }
}
