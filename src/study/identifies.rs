//! Fields that know another: from the value of one the value of the other follows.
//!
//! ```text
//! follows(a -> b) = 1 - H(b | a) / H(b)      H: entropy over the training rows
//! ```
//!
//! Theil's uncertainty coefficient ("On the Estimation of Relationships Involving Qualitative Variables", American Journal of Sociology 1970): 1 when b follows
//! from a. A field with almost a value a row would know every other by chance, so a field is only looked at that has ten rows a value or more.

use rayon::prelude::*;

use super::columns::{Column, Columns};
use super::finding::{Finding, Grave};
use crate::data::dataset::SplitName;
use crate::error::Result;

/// From here on one field is told to know the other.
const FOLLOWS: f64 = 0.95;

/// Fewer rows a value say nothing.
const ROWS_A_VALUE: usize = 10;

/// Rows looked at, evenly spaced.
const MOST_ROWS: usize = 500_000;

/// Looks at every pair of fields, both ways.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let train = columns.rows(SplitName::Train);
    let every = train.len().div_ceil(MOST_ROWS).max(1);
    let rows: Vec<u32> = train.iter().copied().step_by(every).collect();
    let fields = &columns.all;
    let pairs: Vec<(usize, usize)> = (0..fields.len())
        .flat_map(|a| (0..fields.len()).map(move |b| (a, b)))
        .filter(|(a, b)| a != b)
        .collect();
    let found: Vec<Option<Finding>> = pairs
        .into_par_iter()
        .map(|(a, b)| {
            let share = follows(&fields[a], &fields[b], &rows)?;
            (share > FOLLOWS).then(|| Finding {
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
            })
        })
        .collect();
    Ok(found.into_iter().flatten().collect())
}

/// How much of `b` follows from `a`; none where it says nothing.
fn follows(a: &Column, b: &Column, rows: &[u32]) -> Option<f64> {
    let codes = |column: &Column| -> Vec<u32> {
        rows.iter().map(|&row| column.codes[row as usize]).collect()
    };
    let (of_a, of_b) = (codes(a), codes(b));
    let values = |codes: &[u32], end: usize| {
        let mut counts = vec![0u32; end];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        counts
            .into_iter()
            .filter(|&count| count > 0)
            .collect::<Vec<u32>>()
    };
    let (counts_a, counts_b) = (values(&of_a, a.end), values(&of_b, b.end));
    if counts_a.len() * ROWS_A_VALUE > rows.len() || counts_b.len() < 2 {
        return None;
    }
    let mut both: Vec<u64> = of_a
        .iter()
        .zip(&of_b)
        .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b))
        .collect();
    both.sort_unstable();
    let counts: Vec<u32> = both
        .chunk_by(|a, b| a == b)
        .map(|same| same.len() as u32)
        .collect();
    // H(b | a) = H(a, b) - H(a)
    let h_b = entropy(&counts_b);
    (h_b > 0.0).then(|| 1.0 - (entropy(&counts) - entropy(&counts_a)) / h_b)
}

fn entropy(counts: &[u32]) -> f64 {
    let all: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let part = |&count: &u32| {
        let share = f64::from(count) / all;
        -share * share.ln()
    };
    counts.iter().map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(codes: Vec<u32>) -> Column {
        Column {
            name: String::new(),
            end: codes.iter().max().map_or(0, |&most| most as usize + 1),
            codes,
            of_numbers: false,
        }
    }

    #[test]
    fn by_hand() {
        let rows: Vec<u32> = (0..120).collect();
        let four = column(rows.iter().map(|row| row % 4).collect());
        let two = column(rows.iter().map(|row| row % 2).collect());
        let other = column(rows.iter().map(|row| row / 60).collect());
        // Of four values two follow; of two, half of what four say (ln 2 of ln 4).
        assert!((follows(&four, &two, &rows).unwrap() - 1.0).abs() < 1e-12);
        assert!((follows(&two, &four, &rows).unwrap() - 0.5).abs() < 1e-12);
        assert!(follows(&two, &other, &rows).unwrap().abs() < 1e-12);
        // A value a row knows everything, which says nothing; so does a constant.
        assert_eq!(follows(&column(rows.clone()), &two, &rows), None);
        assert_eq!(follows(&two, &column(vec![7; 120]), &rows), None);
    }
}
