//! The two metrics of the AutoInt course projects, kept to the letter so that numbers compare with theirs.
//!
//! ```text
//! course NDCG    = round5( sum over hits at ranks i = 0..9 of 1/ln(i + 2)  /  sum over ranks i = 0..P-1 of 1/ln(i + 2) )
//! course HitRate = round5( hits among the first ten rows / P )
//! ```
//!
//! P is the user's number of positives, round5 rounds to five decimals like Python's `round`, and the reported number
//! is the mean over users with at least one positive. Against the standard definitions:
//!
//! - The ideal of the NDCG runs over **all** positives while the gain stops at ten, so a perfect ranking stays below 1
//!   for a user with more than ten. (The natural logarithm cancels.) [`ndcg_at`](super::ndcg::ndcg_at) cuts both.
//! - The "HitRate" is recall@10, rounded; [`hit_at`](super::hit::hit_at) is a hit rate.
//!
//! Range 0..1. Undefined (`None`) without a positive.

use super::metric::{Cut, Metric};
use super::ranking::Ranked;

/// Its entry in the list.
pub const HITRATE: Metric = Metric::list(
    "course_hitrate",
    "the course's HitRate, a recall",
    course_hitrate,
)
.at(Cut::Only(10));

/// Its entry in the list.
pub const NDCG: Metric = Metric::list(
    "course_ndcg",
    "the course's NDCG, its ideal not cut at ten",
    course_ndcg,
)
.at(Cut::Only(10));

/// The course's NDCG of one user's list (its k is 10). `None` without a positive.
pub fn course_ndcg(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let ideal: f64 = (0..ranked.positives).map(discount).sum();
    let gain: f64 = ranked.hits(k).map(discount).sum();
    (ideal > 0.0).then(|| round5(gain / ideal))
}

/// The course's "HitRate" (a recall) of one user's list (its k is 10). `None` without a positive.
pub fn course_hitrate(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let hits = ranked.hits(k).count() as f64;
    (ranked.positives > 0).then(|| round5(hits / ranked.positives as f64))
}

/// What a positive at `rank` (from 0) is worth.
fn discount(rank: usize) -> f64 {
    1.0 / ((rank + 2) as f64).ln()
}

/// Rounds to five decimals like Python's `round(x, 5)`: by the exact value of the double, exact halves (1/64 =
/// 0.015625) to even.
fn round5(x: f64) -> f64 {
    let scaled = x * 1e5;
    let half = scaled - scaled.floor() == 0.5;
    // The product itself is rounded; only at a seeming half can that matter, and the exact remainder tells.
    let remainder = if half { x.mul_add(1e5, -scaled) } else { 0.0 };
    let rounded = if remainder > 0.0 {
        scaled.ceil()
    } else if remainder < 0.0 {
        scaled.floor()
    } else {
        scaled.round_ties_even()
    };
    rounded / 1e5
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // 1/ln 2 = 1.442695, 1/ln 3 = .910239, 1/ln 4 = .721348.
        // Positives at ranks 1 and 2: (.910239 + .721348) / (1.442695 + .910239) = .693426: .69343.
        assert_eq!(course_ndcg(Ranked::whole(&[0, 1, 1]), 10), Some(0.69343));
        // Two of three: .66667.
        let ten_rows_then_one = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(
            course_hitrate(Ranked::whole(&ten_rows_then_one), 10),
            Some(0.66667)
        );
    }

    #[test]
    fn perfect_stays_below_one_beyond_ten_positives() {
        assert_eq!(
            (
                course_ndcg(Ranked::whole(&[1; 10]), 10),
                course_hitrate(Ranked::whole(&[1; 10]), 10)
            ),
            (Some(1.0), Some(1.0))
        );
        // Eleven positives, all ranked first. In binary logarithms: ten ranks are worth 4.543559, the eleventh
        // 1/log2 12 = .278943: 4.543559 / 4.822502 = .942158. HitRate 10/11 = .909091.
        assert_eq!(course_ndcg(Ranked::whole(&[1; 11]), 10), Some(0.94216));
        assert_eq!(course_hitrate(Ranked::whole(&[1; 11]), 10), Some(0.90909));
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(
            (
                course_ndcg(Ranked::whole(&[]), 10),
                course_hitrate(Ranked::whole(&[]), 10)
            ),
            (None, None)
        );
        assert_eq!(
            (
                course_ndcg(Ranked::whole(&[0, 0]), 10),
                course_hitrate(Ranked::whole(&[0]), 10)
            ),
            (None, None)
        );
    }

    #[test]
    fn exact_halves_go_to_even() {
        // Python: round(1/64, 5) = .01562, round(3/64, 5) = .04688.
        assert_eq!((round5(1.0 / 64.0), round5(3.0 / 64.0)), (0.01562, 0.04688));
    }

    proptest! {
        #[test]
        fn rounds_like_decimal_printing(step in 0u32..100_000, ulps in -2i64..3, any in 0.0f64..1.0) {
            // Printing is exact with ties to even, as Python's `round`. First numbers at and next to a half, then any.
            let half = (f64::from(step) + 0.5) / 1e5;
            let near = f64::from_bits((half.to_bits() as i64 + ulps) as u64);
            for x in [near, any] {
                prop_assert_eq!(round5(x), format!("{x:.5}").parse::<f64>().unwrap());
            }
        }
    }
}
