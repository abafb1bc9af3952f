//! Coverage@k: the share of the catalogue that stands in at least one user's first k.
//!
//! ```text
//! coverage@k = | union over users of their first k items | / items of the catalogue
//! ```
//!
//! The "aggregate diversity" of Adomavicius and Kwon (TKDE 2012) as a share; "catalog coverage" in Ge et al., "Beyond Accuracy", RecSys
//! 2010. Range 0..1: k / items where everyone gets the same list. Undefined (`None`) without items or with k = 0.

use super::items::Lists;
use super::metric::{Cut, Metric, Of, metric};

/// Its entry in the list.
pub const METRIC: Metric = metric(
    "coverage",
    "share of the catalogue that stands in anyone's first k",
    true,
    Of::Items(coverage),
)
.at(Cut::Any);

/// The coverage of the lists.
pub fn coverage(lists: &Lists, k: usize) -> Option<f64> {
    let mut found = vec![false; lists.known.len()];
    for &item in lists.tops(k).flatten() {
        if let Some(place) = found.get_mut(item as usize) {
            *place = true;
        }
    }
    let covered = found.iter().filter(|&&found| found).count();
    (!found.is_empty() && k > 0).then(|| covered as f64 / found.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let lists = Lists {
            items: vec![vec![0, 1, 2], vec![1, 0, 3]],
            known: vec![9; 8],
            ..Lists::default()
        };
        assert_eq!(coverage(&lists, 2), Some(2.0 / 8.0));
        assert_eq!(coverage(&lists, 3), Some(4.0 / 8.0));
        assert_eq!(coverage(&lists, 0), None);
        assert_eq!(coverage(&Lists::default(), 1), None);
    }
}
