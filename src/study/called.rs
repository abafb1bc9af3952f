//! What people call the values of a field.

use crate::data::dataset::Dataset;
use crate::data::schema::{Encoding, Field};
use crate::page::numbers::short;

/// What people call a code of a field; code 0, which is unknown or missing, has no name.
pub fn code_called(data: &Dataset, field: &Field, code: u32) -> String {
    match &field.encoding {
        Encoding::Vocabulary(vocabulary) => {
            let text = vocabulary.text(code).unwrap_or_default();
            let column = match &field.sources()[..] {
                [column] => column.to_string(),
                _ => field.name.clone(),
            };
            data.schema().protocol.called(&column, text).to_owned()
        }
        Encoding::Buckets(_) => format!("bucket {code}"),
        Encoding::Quantiles(bounds) => {
            let at = code as usize;
            let below = at.checked_sub(2).and_then(|place| bounds.get(place));
            between(below.copied(), bounds.get(at.wrapping_sub(1)).copied())
        }
        _ => code.to_string(),
    }
}

/// What people call a part of numbers, with the bounds between parts; from 1 on, 0 is a missing number.
pub fn part_called(field: &Field, bounds: &[f32], code: usize) -> String {
    let raw = |place: Option<usize>| {
        let bound = *bounds.get(place?)?;
        Some(field.untransformed(bound).unwrap_or(f64::from(bound)))
    };
    between(raw(code.checked_sub(2)), raw(code.checked_sub(1)))
}

/// The numbers from one bound on, below another.
fn between(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (None, None) => "any".into(),
        (None, Some(high)) => format!("below {}", short(high)),
        (Some(low), None) => format!("from {}", short(low)),
        (Some(low), Some(high)) => format!("{} to {}", short(low), short(high)),
    }
}
