//! How unequal users (items) are: how many have few rows, and how much the busiest have.
//!
//! The tail is `how many have k rows or more`, which on logarithmic axes is a line for a power law and needs no bins (Clauset, Shalizi & Newman,
//! "Power-Law Distributions in Empirical Data", SIAM Review 2009). The Gini coefficient of n rising counts x_i is
//! `2 sum i x_i / (n sum x_i) - (n + 1) / n`: 0 when all have as many, near 1 when one has all.

/// Points of a tail, about.
const POINTS: f64 = 150.0;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// How many users (items) there are.
    pub who: usize,
    /// Rows of whoever has fewest, at least 1.
    pub least: u64,
    /// Rows of the one in the middle; of two, the upper.
    pub median: u64,
    /// Rows over users (items).
    pub mean: f64,
    /// Rows of the busiest.
    pub most: u64,
    /// The share of all rows that the busiest 1 % (at least one) have.
    pub of_busiest: f64,
    /// See the module: 0 to below 1.
    pub gini: f64,
    /// Rows, and how many have as many or more; both fall or rise strictly.
    pub tail: Vec<(u64, u64)>,
}

impl Activity {
    /// Of a number a row that tells whose it is, from 0 without gaps; none without rows.
    pub fn of(whose: &[u32]) -> Option<Activity> {
        let end = whose.iter().max().map_or(0, |&most| most as usize + 1);
        let mut counts = vec![0u64; end];
        for &who in whose {
            counts[who as usize] += 1;
        }
        counts.retain(|&rows| rows > 0);
        counts.sort_unstable();
        let (&least, &most) = (counts.first()?, counts.last()?);
        let (n, all) = (counts.len(), whose.len() as f64);
        let busiest = n.div_ceil(100);
        let weighted: f64 = (1..)
            .zip(&counts)
            .map(|(i, &x)| f64::from(i) * x as f64)
            .sum();
        Some(Activity {
            who: n,
            least,
            median: counts[n / 2],
            mean: all / n as f64,
            most,
            of_busiest: counts[n - busiest..].iter().sum::<u64>() as f64 / all,
            gini: 2.0 * weighted / (n as f64 * all) - (n as f64 + 1.0) / n as f64,
            tail: tail(&counts),
        })
    }
}

/// Of rising counts.
fn tail(counts: &[u64]) -> Vec<(u64, u64)> {
    let most = counts.last().copied().unwrap_or(1) as f64;
    // Points nearer than this cannot be told apart.
    let apart = most.ln() / POINTS;
    let mut points: Vec<(u64, u64)> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    let mut at = 0;
    for same in counts.chunk_by(|a, b| a == b) {
        let rows = same.first().copied().unwrap_or(0);
        let last = at + same.len() == counts.len();
        if (rows as f64).ln() - before >= apart || last {
            before = (rows as f64).ln();
            points.push((rows, (counts.len() - at) as u64));
        }
        at += same.len();
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows by user: 1, 1, 2, 6.
    #[test]
    fn by_hand() {
        let whose = [0, 1, 2, 2, 3, 3, 3, 3, 3, 3];
        let activity = Activity::of(&whose).unwrap();
        assert_eq!((activity.who, activity.least, activity.most), (4, 1, 6));
        assert_eq!((activity.median, activity.mean), (2, 2.5));
        assert_eq!(activity.of_busiest, 0.6);
        // 2 (1 + 2 + 6 + 24) / (4 10) - 5/4 = 0.4.
        assert!((activity.gini - 0.4).abs() < 1e-12, "{}", activity.gini);
        assert_eq!(activity.tail, [(1, 4), (2, 2), (6, 1)]);
        assert_eq!(Activity::of(&[]), None);
        let equal = Activity::of(&[0, 1, 2, 3]).unwrap();
        assert!(equal.gini.abs() < 1e-12);
        assert_eq!(equal.tail, [(1, 4)]);
    }

    #[test]
    fn a_long_tail_has_few_points_and_both_ends() {
        let whose: Vec<u32> = (0..1500u32)
            .flat_map(|who| vec![who; who as usize + 1])
            .collect();
        let tail = Activity::of(&whose).unwrap().tail;
        assert!((100..=152).contains(&tail.len()), "{}", tail.len());
        assert_eq!((tail[0], tail[tail.len() - 1]), ((1, 1500), (1500, 1)));
        assert!(tail.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1));
    }
}
