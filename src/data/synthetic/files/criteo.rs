//! The layout of Criteo's display advertising challenge: label, 13 integers, 26 hashed categories, separated by tabs, no
//! header, an empty field for a missing value.
//!
//! The model behind the labels: the logit is the sum of
//!
//! - what some categories are worth each ([`MAIN`]),
//! - what some integers are worth, in proportion to their logarithm, with a worth of their own for zero and missing ([`SLOPES`]),
//! - what pairs of fields are worth together ([`PAIRS`]): nothing on average over either, so that only a model that combines
//!   fields can know.

use super::maths::{effect, exp, mix32, pair_effect, push_hex, push_number, sigmoid, spread};
use super::rows::Rows;
use super::zipf::{Law, Zipf};
use crate::data::synthetic::draw::Draw;

const INTEGERS: usize = 13;
const CATEGORIES: usize = 26;

/// The shares of rows in which the columns of a group are missing, all at once. This and the other figures of the columns
/// are measured on the 10,000 rows of the challenge that the AutoInt authors published with their code, rounded.
const MISSING: [f64; 11] = [
    0.0, 0.448, 0.204, 0.198, 0.049, 0.251, 0.774, 0.036, 0.133, 0.450, 0.818,
];

/// An integer column: its group in [`MISSING`]; the shares of zero and of -1 among its values; mean and standard deviation
/// of the logarithm of the others.
struct Integer {
    /// Which group of columns are missing together.
    missing: usize,
    /// The share of zeros among the values that are there.
    zero: f64,
    /// The share of -1 among them.
    negative: f64,
    /// Of the logarithm of the others.
    mean: f64,
    /// Of the same.
    deviation: f64,
}

const fn integer(missing: usize, zero: f64, negative: f64, mean: f64, deviation: f64) -> Integer {
    Integer {
        missing,
        zero,
        negative,
        mean,
        deviation,
    }
}

const INTEGER: [Integer; INTEGERS] = [
    integer(1, 0.475, 0.0, 1.15, 1.07),
    integer(0, 0.179, 0.098, 2.71, 2.20),
    integer(2, 0.008, 0.0, 2.04, 1.46),
    integer(3, 0.071, 0.0, 1.60, 1.07),
    integer(4, 0.017, 0.0, 7.33, 2.83),
    integer(5, 0.063, 0.0, 3.75, 1.71),
    integer(4, 0.253, 0.0, 1.80, 1.39),
    integer(0, 0.118, 0.0, 2.15, 1.15),
    integer(4, 0.032, 0.0, 3.64, 1.71),
    integer(1, 0.502, 0.0, 0.10, 0.27),
    integer(4, 0.265, 0.0, 0.68, 0.84),
    integer(6, 0.736, 0.0, 0.63, 0.89),
    integer(3, 0.062, 0.0, 1.76, 1.17),
];

/// A category: its group in [`MISSING`], and the law of its values.
const fn category(
    missing: usize,
    vocabulary: u32,
    top: f64,
    eighths: u8,
    shift: u16,
) -> (usize, Law) {
    let law = Law {
        vocabulary,
        top,
        eighths,
        shift,
    };
    (missing, law)
}

/// Vocabularies are those of the whole challenge; the share of the first value is the sample's; exponent and shift are
/// fitted so that 10,000 rows have about the sample's distinct values and shares of its first 3 to 100 ones.
const CATEGORY: [(usize, Law); CATEGORIES] = [
    category(0, 1_460, 0.500, 15, 0),
    category(0, 583, 0.123, 16, 16),
    category(7, 10_131_227, 0.049, 8, 0),
    category(7, 2_202_608, 0.076, 9, 2),
    category(0, 305, 0.666, 20, 0),
    category(8, 24, 0.530, 24, 0),
    category(0, 12_517, 0.011, 10, 64),
    category(0, 633, 0.589, 18, 0),
    category(0, 3, 0.887, 24, 0),
    category(0, 93_145, 0.276, 10, 32),
    category(0, 5_683, 0.020, 12, 64),
    category(7, 8_351_593, 0.049, 8, 0),
    category(0, 3_194, 0.022, 11, 32),
    category(0, 27, 0.363, 22, 0),
    category(0, 14_992, 0.019, 13, 64),
    category(7, 5_461_306, 0.049, 9, 4),
    category(0, 10, 0.430, 9, 0),
    category(0, 5_652, 0.051, 14, 32),
    category(9, 2_173, 0.601, 10, 2),
    category(9, 4, 0.362, 16, 0),
    category(7, 7_046_547, 0.049, 9, 4),
    category(10, 18, 0.526, 24, 0),
    category(0, 15, 0.452, 14, 0),
    category(7, 286_181, 0.078, 10, 2),
    category(9, 105, 0.328, 18, 0),
    category(9, 142_572, 0.082, 9, 2),
];

/// Categories (from 0) and the standard deviation of what their values are worth.
const MAIN: [(usize, f64); 12] = [
    (0, 0.25),
    (1, 0.35),
    (2, 0.30),
    (5, 0.30),
    (6, 0.30),
    (10, 0.30),
    (13, 0.35),
    (16, 0.40),
    (17, 0.35),
    (19, 0.30),
    (22, 0.30),
    (25, 0.30),
];
/// Integers (from 0) and what one standard deviation of their logarithm is worth.
const SLOPES: [(usize, f64); 7] = [
    (0, 0.25),
    (1, 0.10),
    (4, -0.25),
    (5, -0.35),
    (6, 0.35),
    (10, 0.35),
    (12, -0.20),
];
/// Pairs of categories (from 0) and the standard deviation of what their values are worth together.
const PAIRS: [(usize, usize, f64); 6] = [
    (16, 22, 0.45),
    (1, 13, 0.45),
    (0, 16, 0.35),
    (10, 5, 0.45),
    (17, 24, 0.40),
    (6, 1, 0.40),
];
/// Values of a category that behave alike in a pair: rare values can be learnt from what they share with common ones only
/// up to a point, so there are few kinds.
const KINDS: u32 = 6;
/// With it about a quarter of the labels is positive, as in the challenge (25.6 %).
const OFFSET: f64 = -1.48;

/// What tells effects of integers and of pairs from those of categories.
const OF_INTEGER: u32 = 100;
const OF_PAIR: u32 = 200;
const OF_KIND: u32 = 300;

/// The value of an integer column, as the model sees it.
#[derive(Clone, Copy)]
enum Whole {
    Missing,
    Zero,
    /// Always -1.
    Negative,
    /// How far the logarithm is from its mean, in standard deviations.
    Positive(f64),
}

/// The generator.
pub(super) struct Criteo {
    laws: Vec<Zipf>,
}

/// The values of a row.
struct Row {
    integers: [Whole; INTEGERS],
    /// Ranks; `None` when missing.
    categories: [Option<u32>; CATEGORIES],
}

impl Criteo {
    pub(super) fn new() -> Criteo {
        let laws = CATEGORY.iter().map(|&(_, law)| Zipf::new(law)).collect();
        Criteo { laws }
    }

    fn draw(&self, draw: &mut Draw) -> Row {
        let missing = MISSING.map(|share| draw.chance(share));
        let integers = std::array::from_fn(|at| whole(&INTEGER[at], &missing, draw));
        let mut categories = [None; CATEGORIES];
        for ((place, law), (group, _)) in categories.iter_mut().zip(&self.laws).zip(&CATEGORY) {
            if !missing[*group] {
                *place = Some(law.pick(draw));
            }
        }
        Row {
            integers,
            categories,
        }
    }
}

fn whole(column: &Integer, missing: &[bool], draw: &mut Draw) -> Whole {
    if missing[column.missing] {
        return Whole::Missing;
    }
    let aim = draw.unit();
    if aim < column.zero {
        Whole::Zero
    } else if aim < column.zero + column.negative {
        Whole::Negative
    } else {
        Whole::Positive(spread(draw.word()))
    }
}

impl Row {
    fn logit(&self) -> f64 {
        let main = MAIN.iter().map(|&(at, scale)| {
            let value = self.categories[at].map_or(u32::MAX, |rank| rank);
            scale * effect(at as u32, value)
        });
        let slopes = SLOPES.iter().map(|&(at, slope)| match self.integers[at] {
            Whole::Positive(z) => slope * z,
            Whole::Zero => -slope,
            Whole::Negative => -1.5 * slope,
            Whole::Missing => slope * effect(OF_INTEGER, at as u32),
        });
        let pairs = (OF_PAIR..)
            .zip(&PAIRS)
            .map(|(key, &(a, b, scale))| scale * pair_effect(key, self.kind(a), self.kind(b)));
        OFFSET + main.sum::<f64>() + slopes.sum::<f64>() + pairs.sum::<f64>()
    }

    /// Which values a category's value behaves like in pairs: the few common ones are kinds of their own.
    fn kind(&self, at: usize) -> u32 {
        match self.categories[at] {
            None => KINDS,
            Some(rank) if rank < KINDS => rank,
            Some(rank) => mix32(rank ^ ((OF_KIND + at as u32) << 16)) % KINDS,
        }
    }
}

impl Rows for Criteo {
    fn header(&self) -> &'static str {
        ""
    }

    fn row(&self, _: u64, draw: &mut Draw, line: &mut Vec<u8>) -> f64 {
        let row = self.draw(draw);
        let probability = sigmoid(row.logit());
        line.push(b'0' + u8::from(draw.chance(probability)));
        for (column, value) in INTEGER.iter().zip(row.integers) {
            line.push(b'\t');
            match value {
                Whole::Missing => {}
                Whole::Zero => line.push(b'0'),
                Whole::Negative => line.extend_from_slice(b"-1"),
                Whole::Positive(z) => {
                    let value = exp(column.mean + column.deviation * z);
                    push_number(line, (value + 0.5).max(1.0) as u64);
                }
            }
        }
        for (at, value) in (0..).zip(row.categories) {
            line.push(b'\t');
            if let Some(rank) = value {
                push_hex(line, hashed(at, rank));
            }
        }
        line.push(b'\n');
        probability
    }
}

/// The hash that a value is written as: different for each rank of a column.
fn hashed(column: u32, rank: u32) -> u32 {
    mix32(rank ^ mix32(column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_column_are_written_differently() {
        let mut all: Vec<u32> = (0..100_000).map(|rank| hashed(2, rank)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 100_000);
        assert_ne!(hashed(2, 5), hashed(3, 5));
    }

    #[test]
    fn a_missing_group_is_missing_as_a_whole() {
        let criteo = Criteo::new();
        let mut draw = Draw::new(1, 0);
        for _ in 0..200 {
            let row = criteo.draw(&mut draw);
            let none = [18, 19, 24, 25].map(|at| row.categories[at].is_none());
            assert!(none.iter().all(|&n| n == none[0]));
            assert_eq!(
                matches!(row.integers[0], Whole::Missing),
                matches!(row.integers[9], Whole::Missing)
            );
        }
    }
}
