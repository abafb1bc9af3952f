//! Pairs of fields that carry each other: Cramer's V without what chance makes of it, see [`crate::study::contingency`].
//!
//! A field is looked at that has two values and ten rows a value; of a list the first value is, of a number in which of fifty parts it lies.

use rayon::prelude::*;

use crate::data::dataset::Dataset;
use crate::study::columns::Column;
use crate::study::contingency::Contingency;
use crate::study::identifies::{FOLLOWS, ROWS_A_VALUE};

/// Rows looked at, evenly spaced: V is then within about .005.
const MOST_ROWS: usize = 200_000;
/// Fields looked at; the pairs grow with their square.
const MOST_FIELDS: usize = 40;

/// All pairs of the first fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// Rows that were looked at.
    pub rows: usize,
    /// The fields that were looked at.
    pub names: Vec<String>,
    /// Fields that were not, as there are too many.
    pub left_out: usize,
    /// Field `i` with each before it; none where one has too many values, or one alone.
    pub v: Vec<Vec<Option<f64>>>,
    /// Pairs of which the second follows from the first, and how much of it, in the order of the fields.
    pub follow: Vec<(usize, usize, f64)>,
}

/// What a pair says: V, and how much of the second follows from the first, and of the first from the second.
type Pair = (Option<f64>, Option<f64>, Option<f64>);

impl Pairs {
    /// Looks at all pairs.
    pub fn of(data: &Dataset) -> Pairs {
        let fields = data.schema().fields.len();
        let looked_at = fields.min(MOST_FIELDS);
        let every = data.rows().div_ceil(MOST_ROWS).max(1);
        // A whole column at a time: all of them at once would grow with the rows.
        let columns: Vec<Vec<u32>> = (0..looked_at)
            .map(|place| {
                let codes = Column::of(data, place).codes;
                codes.into_iter().step_by(every).collect()
            })
            .collect();
        let names = data.schema().fields.iter().take(looked_at);
        let pairs: Vec<(usize, usize)> = (0..looked_at)
            .flat_map(|b| (0..b).map(move |a| (b, a)))
            .collect();
        let found: Vec<Pair> = pairs
            .par_iter()
            .map(|&(b, a)| pair(&columns[b], &columns[a]))
            .collect();
        let mut all = Pairs {
            rows: data.rows().div_ceil(every),
            names: names.map(|field| field.name.clone()).collect(),
            left_out: fields - looked_at,
            v: vec![Vec::new(); looked_at],
            follow: Vec::new(),
        };
        for (&(b, a), (v, forth, back)) in pairs.iter().zip(found) {
            all.v[b].push(v);
            let told = [(b, a, forth), (a, b, back)];
            let told = told
                .into_iter()
                .filter_map(|(from, to, share)| Some((from, to, share.filter(|s| *s > FOLLOWS)?)));
            all.follow.extend(told);
        }
        all.follow.sort_unstable_by_key(|&(from, to, _)| (from, to));
        all
    }

    /// The pairs with the highest V, from `least` on.
    pub fn strongest(&self, least: f64) -> Vec<(usize, usize, f64)> {
        let rows = self.v.iter().enumerate();
        let all = rows.flat_map(|(b, row)| (0..).zip(row).map(move |(a, v)| (a, b, *v)));
        let known = all.filter_map(|(a, b, v)| Some((a, b, v.filter(|v| *v >= least)?)));
        let mut known: Vec<(usize, usize, f64)> = known.collect();
        known.sort_by(|x, y| y.2.total_cmp(&x.2).then((x.0, x.1).cmp(&(y.0, y.1))));
        known
    }
}

fn pair(a: &[u32], b: &[u32]) -> Pair {
    let table = Contingency::of(a, b);
    let (of_a, of_b) = table.values();
    let says = |values: usize| values * ROWS_A_VALUE <= a.len();
    (
        table.cramers_v().filter(|_| says(of_a) && says(of_b)),
        table.follows().filter(|_| says(of_a)),
        table.followed().filter(|_| says(of_b)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::encode::encode;
    use crate::data::protocol::FitOn;
    use crate::data::testing::{protocol, random_split, table};

    /// 8 users of 2 tags: the tag follows from the user; the weight is another number in every row, so nothing is said of it.
    #[test]
    fn what_follows_is_told_and_what_is_different_everywhere_is_not() {
        let rows: Vec<(String, String, String, u8)> = (0..400u32)
            .map(|row| {
                let user = row % 8;
                let tag = ["x", "y"][(user / 4) as usize];
                (
                    format!("u{user}"),
                    tag.into(),
                    row.to_string(),
                    5 - (row / 8 % 2) as u8 * 4,
                )
            })
            .collect();
        let mut rules = protocol(FitOn::All, random_split(1));
        let pairs = Pairs::of(&encode(&table(&rows), &rules).unwrap());
        assert_eq!((pairs.rows, pairs.left_out), (400, 0));
        assert_eq!(pairs.names, ["user", "tags", "weight"]);
        // As in the tests of the contingency: 8 and 2 values in 400 rows.
        let expected = ((399.0 - 7.0) / (399.0 - 1.0_f64)).sqrt();
        assert!((pairs.v[1][0].unwrap() - expected).abs() < 1e-12);
        // Fifty parts of eight rows each: too few rows a value.
        assert_eq!(pairs.v[2], [None, None]);
        rules.fields.swap(0, 2);
        let turned = Pairs::of(&encode(&table(&rows), &rules).unwrap());
        assert_eq!((&turned.v[1], turned.v[2][0]), (&vec![None], None));
        assert_eq!(turned.v[2][1], pairs.v[1][0]);
        let follow: Vec<(usize, usize)> = pairs.follow.iter().map(|f| (f.0, f.1)).collect();
        assert_eq!(follow, [(0, 1)]);
        assert_eq!(pairs.strongest(0.1).len(), 1);
        assert_eq!(pairs.strongest(1.1).len(), 0);
    }
}
