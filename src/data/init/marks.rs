//! Whether whole numbers are marks after all: ids without a name that says so.
//!
//! Of an amount, numbers close to each other make the label about equally likely. Where many numbers differ from their neighbours by
//! more than chance would have it, each stands for something of its own.

use super::profile::number;
use super::sample::SampleColumn;

/// Rows that a number needs to be looked at.
const ROWS: u64 = 20;
/// Neighbours on each side.
const NEAR: usize = 2;
/// Deviations from the neighbours' rate that chance exceeds once in twenty times.
const DEVIATIONS: f64 = 2.0;

/// A number with its rows and how many of them are positive.
struct Rate {
    /// Rows of the sample that have it.
    rows: u64,
    positive: u64,
}

/// Whether the label's rates of neighbours differ as those of marks do.
pub(super) fn are_marks(column: &SampleColumn, labels: &[Option<bool>]) -> bool {
    let mut rates: Vec<(f64, Rate)> = Vec::new();
    let mut place_of = vec![None; column.texts.len()];
    for (place, text) in column.texts.iter().enumerate() {
        if let Some(x) = number(text) {
            place_of[place] = Some(rates.len());
            rates.push((
                x,
                Rate {
                    rows: 0,
                    positive: 0,
                },
            ));
        }
    }
    for (&code, label) in column.codes.iter().zip(labels) {
        if let (Some(place), Some(label)) = (place_of[code as usize], label) {
            rates[place].1.rows += 1;
            rates[place].1.positive += u64::from(*label);
        }
    }
    let all: u64 = rates.iter().map(|(_, rate)| rate.rows).sum();
    rates.retain(|(_, rate)| rate.rows >= ROWS);
    rates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let frequent: u64 = rates.iter().map(|(_, rate)| rate.rows).sum();
    let differ = (0..rates.len()).filter(|&at| differs(&rates, at)).count();
    // By chance one in twenty does.
    rates.len() >= 20 && 10 * frequent >= 8 * all && differ >= 8 && 4 * differ >= rates.len()
}

fn differs(rates: &[(f64, Rate)], at: usize) -> bool {
    let near = at.saturating_sub(NEAR)..(at + NEAR + 1).min(rates.len());
    let others = || {
        near.clone()
            .filter(|&other| other != at)
            .map(|n| &rates[n].1)
    };
    let sum = |of: fn(&Rate) -> u64| others().map(of).sum::<u64>() as f64;
    let (rows, positive) = (sum(|r| r.rows), sum(|r| r.positive));
    let own = &rates[at].1;
    let (own_rows, own_positive) = (own.rows as f64, own.positive as f64);
    let p = (positive + own_positive) / (rows + own_rows);
    let deviation = (p * (1.0 - p) * (1.0 / rows + 1.0 / own_rows)).sqrt();
    (own_positive / own_rows - positive / rows).abs() > DEVIATIONS * deviation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rate: impl Fn(usize) -> f64) -> bool {
        let (mut column, mut labels) = (SampleColumn::default(), Vec::new());
        column.texts = (0..60).map(|n| (7 * n).to_string()).collect();
        for row in 0..12_000_u64 {
            let code = (row * row + 3 * row) % 59;
            column.codes.push(code as u32);
            let random = xxhash_rust::xxh3::xxh3_64(&row.to_le_bytes()) as f64 / u64::MAX as f64;
            labels.push(Some(random < rate(code as usize)));
        }
        are_marks(&column, &labels)
    }

    #[test]
    fn ids_are_marks_and_amounts_are_not() {
        assert!(drawn(|code| 0.1 + 0.8 * ((code * 31 % 17) as f64 / 17.0)));
        assert!(!drawn(|_| 0.3));
        assert!(!drawn(|code| 0.1 + 0.8 * code as f64 / 60.0));
        // A zero that means something else.
        assert!(!drawn(|code| if code == 0 { 0.9 } else { 0.2 }));
        assert!(!are_marks(&SampleColumn::default(), &[]));
    }
}
