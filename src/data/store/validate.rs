//! What the numbers of a store must satisfy, so that reading rows can neither fail nor mislead.

use super::column::View;
use crate::data::dataset::{Dataset, FieldView, SplitName};
use crate::data::schema::{Encoding, Field};
use crate::data::split::check_disjoint;

/// Checks every column's content: codes below the size of their vocabulary, starts that rise, labels of 0 and 1, probabilities,
/// disjoint splits. The directory is resolved already.
pub(crate) fn check(data: &Dataset) -> Result<(), String> {
    for (place, field) in data.schema().fields.iter().enumerate() {
        check_field(field, data.field(place))
            .map_err(|what| format!("field `{}` {what}", field.name))?;
    }
    if data.labels().iter().any(|&label| label > 1) {
        return Err("has a label that is neither 0 nor 1".into());
    }
    let rows = data.rows() as u32;
    for (name, groups) in [("user", data.users()), ("item", data.items())] {
        if groups.iter().any(|&group| group >= rows) {
            return Err(format!("has a {name} number beyond its {rows} rows"));
        }
    }
    let positive = |weight: &f32| weight.is_finite() && *weight > 0.0;
    if !data.weights().iter().all(positive) {
        return Err("has a weight that is not a number above 0".into());
    }
    let probabilities = data.true_probability().unwrap_or_default();
    if probabilities.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err("has a true probability outside 0..1".into());
    }
    check_disjoint(rows, SplitName::ALL.map(|name| data.split(name)))
}

fn check_field(field: &Field, view: FieldView<'_>) -> Result<(), String> {
    match view {
        FieldView::One(codes) => check_codes(field, codes),
        FieldView::Number(numbers) => {
            let range = match field.encoding {
                Encoding::MinMax { .. } => 0.0..=1.0,
                Encoding::Standard { .. } => -10.0..=10.0,
                _ => f32::MIN..=f32::MAX,
            };
            let good = |x: &f32| x.is_nan() || range.contains(x);
            match numbers.iter().all(good) {
                true => Ok(()),
                false => Err(format!("has a number outside {range:?}")),
            }
        }
        FieldView::Mean { starts, codes } => {
            check_codes(field, codes)?;
            // Strictly: a missing value is one code 0, no list is empty.
            let rising = starts.windows(2).all(|pair| pair[0] < pair[1]);
            let ends = (starts.first(), starts.last().map(|&end| end as usize));
            if !rising || ends != (Some(&0), Some(codes.len())) {
                return Err("has lists that do not follow one another".into());
            }
            Ok(())
        }
    }
}

fn check_codes(field: &Field, codes: View<'_>) -> Result<(), String> {
    let rows = field.encoding.table_rows();
    match codes.max() {
        Some(max) if max as usize >= rows => Err(format!(
            "has code {max}, but its vocabulary ends at {}",
            rows - 1
        )),
        _ => Ok(()),
    }
}
