//! MRR@k: one over the rank of the first positive.
//!
//! ```text
//! MRR@k = 1 / (rank of the first positive, from 1)   if that is at most k, else 0
//! ```
//!
//! The reported number is the mean over users with at least one positive (Voorhees, "The TREC-8 Question Answering Track Report", 1999).
//! Range 0..1.

use super::metric::Metric;
use super::ranking::Ranked;

/// Its entry in the list.
pub const METRIC: Metric = Metric::list(
    "mrr",
    "one over the rank of the first positive, if among the first k",
    mrr_at,
);

/// MRR@k of one user's list. `None` without a positive or with k = 0.
pub fn mrr_at(ranked: Ranked<'_>, k: usize) -> Option<f64> {
    let first = ranked.hits(k).next();
    let value = first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
    (ranked.positives > 0 && k > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let of = |labels: &[u8], k| mrr_at(Ranked::whole(labels), k);
        assert_eq!(of(&[0, 0, 1, 1], 3), Some(1.0 / 3.0));
        assert_eq!(of(&[0, 0, 1, 1], 2), Some(0.0));
        assert_eq!(of(&[1, 1], 10), Some(1.0));
        assert_eq!((of(&[0], 5), of(&[1], 0)), (None, None));
    }
}
