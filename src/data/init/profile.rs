//! The statistics of one column of a sample.

use std::collections::HashSet;

use super::lists::{self, List};
use super::sample::{Place, SampleColumn};

/// Texts that people and programs write for a value that is not there, beside the empty one.
const MARKERS: [&str; 15] = [
    "NA", "N/A", "n/a", "na", "#N/A", "null", "NULL", "Null", "None", "none", "nan", "NaN", "\\N",
    "?", "-",
];

/// A column at a glance. Missing values (empty, or a marker where `markers` names it) count in `missing` alone.
#[derive(Debug, Clone)]
pub struct Profile {
    /// As the header has it, or the program's own.
    pub name: String,
    /// Rows of the sample, those without a value included.
    pub rows: u64,
    /// Rows of the sample without a value.
    pub missing: u64,
    /// Distinct values.
    pub distinct: usize,
    /// Values that occur once.
    pub once: usize,
    /// About how many rows of the whole input there are for each value.
    pub rows_a_value: f64,
    /// The most frequent values, the first of equally frequent ones first.
    pub examples: Vec<String>,
    /// Markers that stand for missing values here: all else is numbers, or a yes and a no.
    pub markers: Vec<String>,
    /// Of the values that are numbers; `None` when none is.
    pub numbers: Option<Numbers>,
    /// Of the values that are not.
    pub odd: Option<Odd>,
    /// Characters of a value, on average over distinct ones.
    pub length: f64,
    /// Words of a value, on average over distinct ones.
    pub words: f64,
    /// When cells hold several values.
    pub list: Option<List>,
}

/// The values that are numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Rows of the sample with a number.
    pub rows: u64,
    /// Different numbers, however they are written.
    pub distinct: usize,
    /// Whether all are whole.
    pub whole: bool,
    /// The least of them; all are finite.
    pub min: f64,
    /// The greatest of them.
    pub max: f64,
    /// Of the absolute values, over rows.
    pub median: f64,
    /// Rows with a negative one.
    pub negative: u64,
    /// Whether one number is written in two ways, such as 1 and 1.0.
    pub two_ways: bool,
}

/// The values that are no numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// Rows of the sample with such a value.
    pub rows: u64,
    /// Different texts.
    pub distinct: usize,
    /// The first, and where it is.
    pub first: String,
    /// `file:line`, or the row's number where there is no file.
    pub place: String,
    /// Whether each would be a number with a decimal point in place of its comma.
    pub commas: bool,
}

/// A number as encoding reads one; `None` for any other text.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

/// How often each text of a column occurs.
pub(super) fn counts(column: &SampleColumn) -> Vec<u64> {
    let mut counts = vec![0; column.texts.len()];
    for &code in &column.codes {
        counts[code as usize] += 1;
    }
    counts
}

/// Whether a text stands for a missing value in every column.
pub(super) fn is_marker(text: &str) -> bool {
    MARKERS.contains(&text)
}

impl Profile {
    /// Looks at a column. `of` is about how many rows the whole input has.
    pub fn of(column: &SampleColumn, places: &[Place], of: u64) -> Profile {
        let counts = counts(column);
        let all = || {
            column
                .texts
                .iter()
                .map(String::as_str)
                .zip(counts.iter().copied())
        };
        let markers = markers(all().map(|(text, _)| text));
        let is_value = |text: &str| !text.is_empty() && !markers.iter().any(|m| m == text);
        let values: Vec<(&str, u64)> = all().filter(|(text, _)| is_value(text)).collect();
        let rows = column.codes.len() as u64;
        let present: u64 = values.iter().map(|(_, n)| n).sum();
        let distinct = values.len();
        let mean = |of: fn(&str) -> usize| {
            let sum: usize = values.iter().map(|(text, _)| of(text)).sum();
            sum as f64 / distinct.max(1) as f64
        };
        Profile {
            name: column.name.clone(),
            rows,
            missing: rows - present,
            distinct,
            once: values.iter().filter(|(_, n)| *n == 1).count(),
            rows_a_value: rows_a_value(&values, rows, of),
            examples: examples(&values),
            numbers: Numbers::of(&values),
            odd: Odd::of(column, &values, places),
            length: mean(|text| text.chars().count()),
            words: mean(|text| text.split_whitespace().count()),
            list: lists::find(&values),
            markers,
        }
    }

    /// Rows with a value.
    pub fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// The numbers of a column that holds nothing else.
    pub fn only_numbers(&self) -> Option<&Numbers> {
        self.numbers.as_ref().filter(|_| self.odd.is_none())
    }

    /// Whether (nearly) every row has a value of its own, in the whole input too.
    pub fn is_unique(&self) -> bool {
        let present = self.present() as f64;
        self.present() > 10 && self.distinct as f64 >= 0.99 * present && self.rows_a_value < 1.2
    }
}

/// The markers of a column where all else is numbers, or few words such as yes and no.
fn markers<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let (mut markers, mut numbers, mut words) = (Vec::new(), 0, 0);
    for text in texts.filter(|text| !text.is_empty()) {
        match is_marker(text) {
            true => markers.push(text.to_owned()),
            false if number(text).is_some() => numbers += 1,
            false => words += 1,
        }
    }
    // `nan` reads as missing in any case.
    match numbers > 0 && words <= numbers / 10 {
        true => markers,
        false => Vec::new(),
    }
}

/// Each value's rows in the whole input: exactly, when the sample is all of it; else from how often two rows of the sample
/// agree. Of n rows drawn from N in which each value has m, n^2 (m - 1) / 2N pairs are expected to.
fn rows_a_value(values: &[(&str, u64)], rows: u64, of: u64) -> f64 {
    if rows >= of {
        let present: u64 = values.iter().map(|(_, n)| n).sum();
        return present as f64 / values.len().max(1) as f64;
    }
    let pairs: f64 = values
        .iter()
        .map(|&(_, n)| n as f64 * (n as f64 - 1.0) / 2.0)
        .sum();
    1.0 + 2.0 * of as f64 * pairs / (rows as f64 * rows as f64)
}

fn examples(values: &[(&str, u64)]) -> Vec<String> {
    const MOST: usize = 4;
    let mut best: Vec<(&str, u64)> = Vec::with_capacity(MOST + 1);
    for &(text, n) in values {
        let place = best.partition_point(|(_, other)| *other >= n);
        if place < MOST {
            best.insert(place, (text, n));
            best.truncate(MOST);
        }
    }
    best.into_iter().map(|(text, _)| text.to_owned()).collect()
}

impl Numbers {
    fn of(values: &[(&str, u64)]) -> Option<Numbers> {
        let parsed = values
            .iter()
            .filter_map(|&(text, n)| Some((number(text)?, n)));
        let mut parsed: Vec<(f64, u64)> = parsed.collect();
        let rows: u64 = parsed.iter().map(|(_, n)| n).sum();
        let (min, max) = parsed
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (x, _)| {
                (x.min(a), x.max(b))
            });
        let bits: HashSet<u64> = parsed.iter().map(|(x, _)| (x + 0.0).to_bits()).collect();
        let negative = parsed
            .iter()
            .filter(|(x, _)| *x < 0.0)
            .map(|(_, n)| n)
            .sum();
        let whole = parsed.iter().all(|(x, _)| x.fract() == 0.0);
        parsed.sort_unstable_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()));
        let mut before = 0;
        let middle = parsed.iter().find(|(_, n)| {
            before += n;
            2 * before >= rows
        });
        Some(Numbers {
            rows,
            distinct: bits.len(),
            whole,
            min,
            max,
            median: middle?.0.abs(),
            negative,
            two_ways: bits.len() < parsed.len(),
        })
    }
}

impl Odd {
    fn of(column: &SampleColumn, values: &[(&str, u64)], places: &[Place]) -> Option<Odd> {
        let odd: Vec<&(&str, u64)> = values
            .iter()
            .filter(|(text, _)| number(text).is_none())
            .collect();
        let texts: HashSet<&str> = odd.iter().map(|(text, _)| *text).collect();
        // Codes are in the order of their first row.
        let first = odd.first()?.0;
        let code = column.texts.iter().position(|text| text == first)? as u32;
        let row = column.codes.iter().position(|&c| c == code)?;
        Some(Odd {
            rows: odd.iter().map(|(_, n)| n).sum(),
            distinct: texts.len(),
            first: first.to_owned(),
            place: places.get(row)?.told(),
            commas: odd
                .iter()
                .all(|(text, _)| number(&text.replacen(',', ".", 1)).is_some()),
        })
    }
}
