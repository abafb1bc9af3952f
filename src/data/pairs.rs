//! Rows that nobody has: somebody's row with another item in it.
//!
//! A field belongs to the item when all rows of an item have the same value in it; with another item it takes that item's value, and every
//! other field keeps the row's. (Found by looking, on the encoded rows: nobody has to say which fields are an item's.)

use super::batch::Batch;
use super::dataset::{Dataset, FieldView};
use super::numbers::end;
use super::store::column::View;

/// The items of a data set, and which fields are theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// By the number of the item ([`Dataset::items`]): the first row that has it.
    rows: Vec<u32>,
    /// By field: whether it belongs to the item.
    fields: Vec<bool>,
}

impl Items {
    /// Looks at all rows; nothing is there when the data have no items.
    pub fn of(data: &Dataset) -> Items {
        let items = data.items();
        let mut rows = vec![u32::MAX; end(items)];
        for (row, &item) in items.iter().enumerate() {
            let first = &mut rows[item as usize];
            *first = (*first).min(row as u32);
        }
        let fields = (0..data.schema().fields.len())
            .map(|place| belongs(data.field(place), items, &rows))
            .collect();
        Items { rows, fields }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether any field tells items apart.
    pub fn is_told_apart(&self) -> bool {
        self.fields.contains(&true)
    }

    /// Whether a field belongs to the item.
    pub fn has_field(&self, place: usize) -> bool {
        self.fields.get(place) == Some(&true)
    }
}

impl Dataset {
    /// As [`Dataset::gather`] of `rows`, row i with the item `others[i]` (by its number) in place of its own; none: with its own. The
    /// labels are those of the rows, 0 with another item.
    ///
    /// # Panics
    /// When a row or an item is none of the data's, or the lengths differ.
    pub fn gather_pairs(
        &self,
        rows: &[u32],
        others: &[Option<u32>],
        items: &Items,
        batch: &mut Batch,
    ) {
        assert_eq!(rows.len(), others.len(), "one item a row");
        let of_item: Vec<u32> = rows
            .iter()
            .zip(others)
            .map(|(&row, other)| other.map_or(row, |item| items.rows[item as usize]))
            .collect();
        self.gather_by(batch, rows, |place| match items.has_field(place) {
            true => &of_item,
            false => rows,
        });
        for (label, other) in batch.labels.iter_mut().zip(others) {
            if other.is_some() {
                *label = 0.0;
            }
        }
    }
}

/// Whether every row has the same value of a field as the first row of its item.
fn belongs(field: FieldView<'_>, items: &[u32], first: &[u32]) -> bool {
    let pairs = || {
        let rows = items.iter().enumerate();
        rows.map(|(row, &item)| (row, first[item as usize] as usize))
    };
    match field {
        FieldView::Number(numbers) => {
            pairs().all(|(row, first)| numbers[row].to_bits() == numbers[first].to_bits())
        }
        FieldView::One(codes) => match codes {
            View::U8(codes) => pairs().all(|(row, first)| codes[row] == codes[first]),
            View::U16(codes) => pairs().all(|(row, first)| codes[row] == codes[first]),
            View::U32(codes) => pairs().all(|(row, first)| codes[row] == codes[first]),
            View::F32(_) => false,
        },
        FieldView::Mean { starts, codes } => {
            let list = |row: usize| starts[row] as usize..starts[row + 1] as usize;
            match codes {
                View::U8(codes) => pairs().all(|(a, b)| codes[list(a)] == codes[list(b)]),
                View::U16(codes) => pairs().all(|(a, b)| codes[list(a)] == codes[list(b)]),
                View::U32(codes) => pairs().all(|(a, b)| codes[list(a)] == codes[list(b)]),
                View::F32(_) => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;

    fn data(protocol: &str) -> Dataset {
        let protocol = protocols::named(protocol).unwrap();
        let source = Source::Synthetic { rows: Some(400) };
        source.encode(Some(&protocol), Target::Anywhere).unwrap()
    }

    #[test]
    fn fields_of_the_movie_are_found_and_no_others() {
        let data = data("course");
        let items = Items::of(&data);
        let fields = data.schema().fields.iter().enumerate();
        let own: Vec<&str> = fields
            .filter(|(place, _)| items.has_field(*place))
            .map(|(_, field)| field.name.as_str())
            .collect();
        for name in ["movie_id", "movie_decade", "movie_year", "genre1"] {
            assert!(own.contains(&name), "{own:?}");
        }
        for name in ["user_id", "gender", "age", "zip", "rating_month"] {
            assert!(!own.contains(&name), "{own:?}");
        }
        assert!(items.is_told_apart() && !items.is_empty());
    }

    /// The row with another item has that item's fields and the row's others, also where a field has several values.
    #[test]
    fn a_pair_is_made_of_two_rows() {
        let data = data("recbole");
        let items = Items::of(&data);
        let (row, other) = (3u32, 200u32);
        let item = data.items()[other as usize];
        assert_ne!(item, data.items()[row as usize]);
        let (mut pair, mut own, mut others) =
            (Batch::default(), Batch::default(), Batch::default());
        data.gather_pairs(&[row, row], &[None, Some(item)], &items, &mut pair);
        data.gather(&[row, row], &mut own);
        data.gather(&[row, other], &mut others);
        for (place, field) in pair.fields.iter().enumerate() {
            let expected = match items.has_field(place) {
                true => &others.fields[place],
                false => &own.fields[place],
            };
            assert_eq!(field, expected, "{}", data.schema().fields[place].name);
        }
        assert_eq!(pair.labels, [f32::from(data.labels()[row as usize]), 0.0]);
    }
}
