//! Draws from a power law over many values, in constant time and with the same bits on every machine.
//!
//! Rank r (from 0) of the vocabulary is drawn in proportion to
//!
//! ```text
//! weight(r) = 1 / (r + 1 + shift)^(eighths / 8)        Zipf-Mandelbrot
//! ```
//!
//! but the first rank, whose share may be given: in click logs it is often far above the law of the others.
//!
//! The ranks are cut into cells: the first 256 one by one, after them stretches that grow with the rank (a 32nd of it), drawn
//! evenly within: a density that falls by 3 % is taken for flat. Cells are drawn by Walker's alias method. So ten million values need a
//! table of some 700 cells, two words of the generator and no power or logarithm of the platform: an eighth power is
//! multiplications and three square roots, which IEEE 754 rounds in one way only.

use super::super::draw::Draw;

/// Ranks with a cell of their own.
const SINGLE: u32 = 256;
/// The width of a later cell is its first rank through this.
const PART: u32 = 32;
/// 2^32: the words that `keep` is compared with are below it.
const WORDS: f64 = 4_294_967_296.0;

/// The law of one column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    /// Distinct values; at least one.
    pub(super) vocabulary: u32,
    /// The share of the first rank; 0 when it follows the law of the others.
    pub(super) top: f64,
    /// The exponent in eighths, 0 to 24.
    pub(super) eighths: u8,
    /// Flattens the first ranks.
    pub(super) shift: u16,
}

/// The table that ranks are drawn from.
pub(super) struct Zipf {
    /// By rank; each is drawn with its neighbours' share as Walker's method has it.
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    /// The first rank of the cell.
    first: u32,
    /// How many ranks it has, equally likely.
    width: u32,
    /// The cell that is meant by the words from `keep` on.
    alias: u32,
    /// Words below it mean this cell.
    keep: u32,
}

impl Zipf {
    pub(super) fn new(law: Law) -> Zipf {
        let mut cells = Vec::new();
        let mut weights = Vec::new();
        let mut first = 0;
        while first < law.vocabulary.max(1) {
            let grown = if first < SINGLE { 1 } else { first / PART };
            let width = grown.min(law.vocabulary.max(1) - first);
            let middle = f64::from(first) + 0.5 * f64::from(width - 1);
            let at = middle + 1.0 + f64::from(law.shift);
            weights.push(f64::from(width) / eighth_power(at, law.eighths));
            cells.push(Cell {
                first,
                width,
                alias: 0,
                keep: 0,
            });
            first += width;
        }
        raise_first(&mut weights, law.top);
        fill_aliases(&mut cells, weights);
        Zipf { cells }
    }

    /// A rank.
    pub(super) fn pick(&self, draw: &mut Draw) -> u32 {
        let word = draw.word();
        // High half: which cell; low half: itself or its alias.
        let at = ((word >> 32) * self.cells.len() as u64) >> 32;
        let mut cell = self.cells[at as usize];
        if word as u32 >= cell.keep {
            cell = self.cells[cell.alias as usize];
        }
        match cell.width {
            1 => cell.first,
            width => cell.first + draw.below(width as usize) as u32,
        }
    }
}

/// `base` to the power of `eighths / 8`, by multiplications and square roots only.
fn eighth_power(base: f64, eighths: u8) -> f64 {
    let power = (0..eighths).fold(1.0, |power, _| power * base);
    power.sqrt().sqrt().sqrt()
}

/// Gives the first weight the share `top` of the sum, if that is not 0 and there are others.
fn raise_first(weights: &mut [f64], top: f64) {
    if let [first, others @ ..] = weights
        && !others.is_empty()
        && top > 0.0
    {
        *first = others.iter().sum::<f64>() * top / (1.0 - top);
    }
}

/// Vose's construction: every cell with less than the mean weight gets the rest of its column from one with more.
fn fill_aliases(cells: &mut [Cell], mut weights: Vec<f64>) {
    let scale = weights.len() as f64 / weights.iter().sum::<f64>();
    weights.iter_mut().for_each(|weight| *weight *= scale);
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..weights.len()).partition(|&at| weights[at] < 1.0);
    // What is left over in the end is full up to rounding: it stands for itself.
    for (at, cell) in cells.iter_mut().enumerate() {
        (cell.alias, cell.keep) = (at as u32, u32::MAX);
    }
    while let (Some(less), Some(&more)) = (small.pop(), large.last()) {
        cells[less].alias = more as u32;
        cells[less].keep = (weights[less] * WORDS) as u32;
        weights[more] -= 1.0 - weights[less];
        if weights[more] < 1.0 {
            large.pop();
            small.push(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(law: Law, draws: usize) -> Vec<u32> {
        let zipf = Zipf::new(law);
        let mut draw = Draw::new(3, 1);
        let mut counts = vec![0; law.vocabulary as usize];
        (0..draws).for_each(|_| counts[zipf.pick(&mut draw) as usize] += 1);
        counts
    }

    #[test]
    fn shares_follow_the_law() {
        let law = Law {
            vocabulary: 5_000,
            top: 0.0,
            eighths: 9,
            shift: 2,
        };
        let draws = 400_000;
        let counts = counts(law, draws);
        let weight = |rank: usize| (rank as f64 + 3.0).powf(-9.0 / 8.0);
        let total: f64 = (0..5_000).map(weight).sum();
        for range in [
            0..1,
            1..2,
            9..10,
            50..60,
            255..258,
            1_000..1_200,
            4_000..5_000,
        ] {
            let share: f64 = range.clone().map(weight).sum::<f64>() / total;
            let seen: u32 = counts[range.clone()].iter().sum();
            let expected = share * draws as f64;
            let error = (f64::from(seen) - expected).abs();
            // Five standard errors and the cells' half per cent.
            assert!(
                error < 5.0 * expected.sqrt() + 0.005 * expected,
                "{range:?}: {seen}, {expected}"
            );
        }
    }

    #[test]
    fn the_first_rank_has_the_share_it_is_given() {
        let law = Law {
            vocabulary: 3,
            top: 0.887,
            eighths: 8,
            shift: 0,
        };
        let counts = counts(law, 100_000);
        assert!((88_200..=89_200).contains(&counts[0]), "{counts:?}");
        assert!(counts[2] > 3_000, "{counts:?}");
    }

    #[test]
    fn a_large_vocabulary_needs_a_small_table_and_reaches_its_last_value() {
        let law = Law {
            vocabulary: 10_131_227,
            top: 0.0,
            eighths: 8,
            shift: 0,
        };
        let zipf = Zipf::new(law);
        assert!(zipf.cells.len() < 700, "{}", zipf.cells.len());
        let last = zipf.cells.last().unwrap();
        assert_eq!(last.first + last.width, law.vocabulary);
        let single = Law {
            vocabulary: 1,
            top: 0.5,
            ..law
        };
        assert_eq!(Zipf::new(single).pick(&mut Draw::new(1, 1)), 0);
    }

    #[test]
    fn powers_of_eighths() {
        assert_eq!(eighth_power(16.0, 8), 16.0);
        assert_eq!(eighth_power(16.0, 12), 64.0);
        assert_eq!(eighth_power(7.0, 0), 1.0);
    }
}
