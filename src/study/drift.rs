//! Fields whose values come with other shares in the test rows than in training: the population stability index ([`crate::metrics::psi`]).

use super::columns::{Column, Columns};
use super::finding::{Finding, Grave};
use super::frequent::frequent;
use crate::data::dataset::SplitName;
use crate::error::Result;
use crate::metrics::psi::{by_chance, psi};

/// The frequent values that are looked at one by one; the others are one.
const FREQUENT: usize = 30;

/// What the index, less what chance makes of it, is said to mean from: a shift, and a large one.
const SHIFT: f64 = 0.1;
const LARGE: f64 = 0.25;

/// Looks at every field.
pub fn check(columns: &Columns<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for column in &columns.all {
        let index = index(column, columns);
        if let Some(index) = index.filter(|index| *index > SHIFT) {
            found.push(Finding {
                grave: if index > LARGE { Grave::Warning } else { Grave::Note },
                check: "drift from training to test",
                field: column.name.clone(),
                what: format!("has a population stability index of {index:.2} (from .1 on a shift, from .25 on a large one)"),
                advice: "expected of a split in time; otherwise the parts are not drawn from the same rows".into(),
            });
        }
    }
    Ok(found)
}

fn index(column: &Column, columns: &Columns<'_>) -> Option<f64> {
    let count = |split| {
        let mut counts = vec![0u64; column.end];
        for &row in columns.rows(split) {
            counts[column.codes[row as usize] as usize] += 1;
        }
        counts
    };
    let (train, test) = (count(SplitName::Train), count(SplitName::Test));
    let of_codes = (0..).zip(train.iter().copied());
    let own = frequent(of_codes, FREQUENT);
    let binned = |counts: &[u64]| {
        let mut bins: Vec<u64> = own.iter().map(|&code| counts[code as usize]).collect();
        let rest = counts.iter().sum::<u64>() - bins.iter().sum::<u64>();
        bins.push(rest);
        bins
    };
    let (train, test) = (binned(&train), binned(&test));
    // Few rows always look moved.
    Some(psi(&train, &test)? - by_chance(&train, &test)?)
}
