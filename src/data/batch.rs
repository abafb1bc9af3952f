//! A batch: what one training step or one request hands to the model.

/// The rows of one step. Ids are rows of the model's embedding tables, the offset of the field already added.
///
/// ```
/// use autoint::data::batch::{Batch, FieldBatch};
///
/// // Two rows of two fields: a user (table rows 0 to 2), and a list of tags (table rows 3 to 5).
/// let user = FieldBatch::One { ids: vec![1, 2] };
/// let tags = FieldBatch::Mean { starts: vec![0, 2, 3], ids: vec![4, 5, 3] };
/// // The first row has two tags, each of which counts a half.
/// assert_eq!(tags.bag(0).collect::<Vec<_>>(), [(4, 0.5), (5, 0.5)]);
/// let batch = Batch { rows: 2, fields: vec![user, tags], labels: vec![1.0, 0.0], weights: vec![] };
/// assert_eq!(batch.ids().collect::<Vec<_>>(), [1, 2, 4, 5, 3]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The number of rows, B.
    pub rows: usize,
    /// One entry a field, in the order of the schema.
    pub fields: Vec<FieldBatch>,
    /// `[B]`, 0 or 1 (any number in between is allowed); empty at inference.
    pub labels: Vec<f32>,
    /// `[B]`; empty means 1 for every row.
    pub weights: Vec<f32>,
}

impl Batch {
    /// The table rows that are looked up, field by field.
    pub fn ids(&self) -> impl Iterator<Item = u32> + Send + '_ {
        self.fields.iter().flat_map(|field| field.ids()).copied()
    }
}

/// One field's part of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldBatch {
    /// A categorical field: one table row a sample, `[B]`.
    One {
        /// `[B]`
        ids: Vec<u32>,
    },
    /// A numeric field: `value * table[id]`; a missing value is the unknown row with value 1.
    /// `ids` and `values` are `[B]`.
    Scaled {
        /// `[B]`; the field's second table row, or the unknown one where the number is missing.
        ids: Vec<u32>,
        /// `[B]`, transformed; 1 where the number is missing.
        values: Vec<f32>,
    },
    /// A multi-valued field: the mean of the rows `ids[starts[row]..starts[row + 1]]`; `starts` is `[B + 1]`.
    /// No sample's list is empty (a missing value is the unknown row).
    Mean {
        /// `[B + 1]`, from 0, rising.
        starts: Vec<u32>,
        /// `[starts[B]]`, row after row.
        ids: Vec<u32>,
    },
    /// As [`FieldBatch::Mean`], with the sum of the rows.
    Sum {
        /// `[B + 1]`, from 0, rising.
        starts: Vec<u32>,
        /// `[starts[B]]`, row after row.
        ids: Vec<u32>,
    },
}

impl FieldBatch {
    /// The table rows that are looked up, sample by sample.
    pub fn ids(&self) -> &[u32] {
        match self {
            FieldBatch::One { ids }
            | FieldBatch::Scaled { ids, .. }
            | FieldBatch::Mean { ids, .. }
            | FieldBatch::Sum { ids, .. } => ids,
        }
    }

    /// The same, to be changed.
    pub fn ids_mut(&mut self) -> &mut [u32] {
        match self {
            FieldBatch::One { ids }
            | FieldBatch::Scaled { ids, .. }
            | FieldBatch::Mean { ids, .. }
            | FieldBatch::Sum { ids, .. } => ids,
        }
    }

    /// Appends rows of another batch's field of the same variant; of another variant, nothing.
    pub fn append(&mut self, from: &FieldBatch, rows: impl Iterator<Item = usize>) {
        match (self, from) {
            (FieldBatch::One { ids }, FieldBatch::One { ids: from }) => {
                ids.extend(rows.map(|row| from[row]));
            }
            (
                FieldBatch::Scaled { ids, values },
                FieldBatch::Scaled {
                    ids: from,
                    values: scales,
                },
            ) => {
                for row in rows {
                    ids.push(from[row]);
                    values.push(scales[row]);
                }
            }
            (
                FieldBatch::Mean { starts, ids },
                FieldBatch::Mean {
                    starts: from_starts,
                    ids: from,
                },
            )
            | (
                FieldBatch::Sum { starts, ids },
                FieldBatch::Sum {
                    starts: from_starts,
                    ids: from,
                },
            ) => {
                for row in rows {
                    let list = from_starts[row] as usize..from_starts[row + 1] as usize;
                    ids.extend_from_slice(&from[list]);
                    starts.push(ids.len() as u32);
                }
            }
            _ => {}
        }
    }

    /// The table rows of a sample and what each is multiplied by: the embedding is their weighted sum.
    pub fn bag(&self, row: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (ids, scale) = match self {
            FieldBatch::One { ids } => (&ids[row..=row], 1.0),
            FieldBatch::Scaled { ids, values } => (&ids[row..=row], values[row]),
            FieldBatch::Mean { starts, ids } => {
                let ids = &ids[starts[row] as usize..starts[row + 1] as usize];
                (ids, 1.0 / ids.len() as f32)
            }
            FieldBatch::Sum { starts, ids } => {
                let ids = &ids[starts[row] as usize..starts[row + 1] as usize];
                (ids, 1.0)
            }
        };
        ids.iter().map(move |&id| (id, scale))
    }
}
