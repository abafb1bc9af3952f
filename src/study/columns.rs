//! The fields as the checks see them: a code for each row, whatever the field is.

use super::parts::{bounds, part};
use crate::data::dataset::{Dataset, FieldView, SplitName};
use crate::data::numbers::end;
use crate::data::store::column::View;

/// Parts that numbers are put into, of about as many rows each.
const PARTS: usize = 50;

/// A field's codes.
#[derive(Debug)]
pub struct Column {
    /// As in the schema.
    pub name: String,
    /// One a row; of a field with several values, the first.
    pub codes: Vec<u32>,
    /// Above every code.
    pub end: usize,
    /// The bounds between parts of numbers, where the codes are such parts from 1 on and stand for no value of their own; code 0 is a missing
    /// number, and of another field what the vocabulary does not know.
    pub bounds: Option<Vec<f32>>,
}

impl Column {
    /// Reads field number `place`.
    pub fn of(data: &Dataset, place: usize) -> Column {
        Column::cut(data, place, PARTS)
    }

    /// The same, numbers being cut into so many parts.
    pub fn cut(data: &Dataset, place: usize, parts: usize) -> Column {
        let (codes, bounds) = match data.field(place) {
            FieldView::One(codes) => (codes_of(codes), None),
            FieldView::Number(numbers) => {
                let bounds = bounds(numbers.iter().copied(), parts);
                (in_parts(numbers, &bounds), Some(bounds))
            }
            FieldView::Mean { starts, codes } => (firsts(starts, &codes_of(codes)), None),
        };
        Column {
            name: data.schema().fields[place].name.clone(),
            end: end(&codes),
            codes,
            bounds,
        }
    }
}

/// All fields, and the rows of the parts.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Labels, users, items and the split are read from it.
    pub data: &'a Dataset,
    /// One a field, in the order of the schema.
    pub all: Vec<Column>,
}

impl<'a> Columns<'a> {
    /// Reads all fields.
    pub fn of(data: &'a Dataset) -> Columns<'a> {
        let all = (0..data.schema().fields.len()).map(|place| Column::of(data, place));
        Columns {
            data,
            all: all.collect(),
        }
    }

    /// The rows of a part.
    pub fn rows(&self, split: SplitName) -> &[u32] {
        self.data.split(split)
    }
}

fn codes_of(view: View<'_>) -> Vec<u32> {
    match view {
        View::U8(codes) => codes.iter().map(|&code| code.into()).collect(),
        View::U16(codes) => codes.iter().map(|&code| code.into()).collect(),
        View::U32(codes) => codes.to_vec(),
        View::F32(_) => Vec::new(),
    }
}

fn firsts(starts: &[u32], codes: &[u32]) -> Vec<u32> {
    let rows = starts.windows(2);
    rows.map(|pair| codes.get(pair[0] as usize).copied().unwrap_or(0))
        .collect()
}

/// The part of each number; 0 for a missing one.
fn in_parts(numbers: &[f32], bounds: &[f32]) -> Vec<u32> {
    let part = |x: &f32| match x.is_nan() {
        true => 0,
        false => 1 + part(bounds, *x) as u32,
    };
    numbers.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_into_parts_and_equal_ones_into_one() {
        let numbers: Vec<f32> = (0..1000).map(|x| x as f32).chain([f32::NAN]).collect();
        let in_parts = |numbers: &[f32]| in_parts(numbers, &bounds(numbers.iter().copied(), PARTS));
        let codes = in_parts(&numbers);
        assert_eq!((codes[0], codes[999], codes[1000]), (1, 50, 0));
        assert!(codes[..1000].is_sorted());
        assert_eq!(in_parts(&[3.0; 5]), [2; 5]);
        assert_eq!(firsts(&[0, 2, 3], &[7, 8, 9]), [7, 9]);
    }
}
