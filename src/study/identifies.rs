//! Fields that know another: from the value of one the value of the other follows, as [`Contingency`] tells it.
//!
//! A field with almost a value a row would know every other by chance, so a field is only looked at that has ten rows a value or more.

use rayon::prelude::*;

use super::columns::{Column, Columns};
use super::contingency::Contingency;
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;

/// From here on one field is told to know the other.
pub const FOLLOWS: f64 = 0.95;

/// Fewer rows a value say nothing.
pub const ROWS_A_VALUE: usize = 10;

/// Rows looked at, evenly spaced.
const MOST_ROWS: usize = 500_000;

/// Looks at every pair of fields, both ways.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let train = columns.rows(SplitName::Train);
    let every = train.len().div_ceil(MOST_ROWS).max(1);
    let rows: Vec<u32> = train.iter().copied().step_by(every).collect();
    let fields = &columns.all;
    let pairs: Vec<(usize, usize)> = (0..fields.len())
        .flat_map(|a| (a + 1..fields.len()).map(move |b| (a, b)))
        .collect();
    let found: Vec<Vec<(usize, usize, f64)>> = pairs
        .into_par_iter()
        .map(|(a, b)| {
            let [forth, back] = follows(&fields[a], &fields[b], &rows);
            let both = [(a, b, forth), (b, a, back)];
            let told = both.map(|(a, b, share)| Some((a, b, share.filter(|s| *s > FOLLOWS)?)));
            told.into_iter().flatten().collect()
        })
        .collect();
    let mut found = found.concat();
    found.sort_unstable_by_key(|&(a, b, _)| (a, b));
    let finding = |(a, b, share): (usize, usize, f64)| Finding {
        grave: Grave::Note,
        check: "field that knows another",
        field: fields[a].name.clone(),
        what: format!(
            "tells {:.1} % of what `{}` says",
            100.0 * share,
            fields[b].name
        ),
        advice: format!(
            "leaving `{}` out loses little; together they cost twice",
            fields[b].name
        ),
    };
    Ok(found.into_iter().map(finding).collect())
}

/// How much of `b` follows from `a`, and of `a` from `b`; none where it says nothing.
fn follows(a: &Column, b: &Column, rows: &[u32]) -> [Option<f64>; 2] {
    let codes = |column: &Column| -> Vec<u32> {
        rows.iter().map(|&row| column.codes[row as usize]).collect()
    };
    let table = Contingency::of(&codes(a), &codes(b));
    let (of_a, of_b) = table.values();
    let says = |values: usize| values * ROWS_A_VALUE <= rows.len();
    [
        table.follows().filter(|_| says(of_a)),
        table.followed().filter(|_| says(of_b)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(codes: Vec<u32>) -> Column {
        Column {
            name: String::new(),
            end: codes.iter().max().map_or(0, |&most| most as usize + 1),
            codes,
            bounds: None,
        }
    }

    #[test]
    fn by_hand() {
        let rows: Vec<u32> = (0..120).collect();
        let four = column(rows.iter().map(|row| row % 4).collect());
        let two = column(rows.iter().map(|row| row % 2).collect());
        let other = column(rows.iter().map(|row| row / 60).collect());
        // Of four values two follow; of two, half of what four say (ln 2 of ln 4).
        assert!((follows(&four, &two, &rows)[0].unwrap() - 1.0).abs() < 1e-12);
        assert!((follows(&four, &two, &rows)[1].unwrap() - 0.5).abs() < 1e-12);
        assert!(follows(&two, &other, &rows)[0].unwrap().abs() < 1e-12);
        // A value a row knows everything, which says nothing; so does a constant.
        assert_eq!(follows(&column(rows.clone()), &two, &rows)[0], None);
        assert_eq!(follows(&two, &column(vec![7; 120]), &rows)[0], None);
    }
}
