//! The population stability index: how far one distribution over bins has moved from another.
//!
//! ```text
//! p_b = (m_b + 1/2) / (m + B/2)      q_b = (n_b + 1/2) / (n + B/2)      PSI = sum_b (q_b - p_b) ln(q_b / p_b)
//! ```
//!
//! over B bins with m_b of the m old and n_b of the n new values. It is the symmetric Kullback-Leibler divergence (Jeffreys'),
//! known by this name from credit scoring (Siddiqi, "Credit Risk Scorecards", 2006, who reads below .1 as stable and above .25 as
//! moved). The halves keep an empty bin from making it infinite.
//!
//! Few values always look moved: where nothing has changed, PSI (n m / (n + m)) follows a chi-squared distribution with B - 1
//! degrees of freedom (Yurdakul, "Statistical Properties of Population Stability Index", 2018), so its mean is
//! `(B - 1) (1 / n + 1 / m)`. Look at [`by_chance`] beside it.

/// The index of counts by bin; none when one side has nothing or the numbers of bins differ.
pub fn psi(old: &[u64], new: &[u64]) -> Option<f64> {
    let (m, n) = totals(old, new)?;
    let bins = old.len() as f64;
    let share = |count: u64, all: f64| (count as f64 + 0.5) / (all + bins / 2.0);
    let parts = old.iter().zip(new).map(|(&before, &after)| {
        let (p, q) = (share(before, m), share(after, n));
        (q - p) * (q / p).ln()
    });
    Some(parts.sum())
}

/// What the index is on average where nothing has changed; none as for [`psi`].
pub fn by_chance(old: &[u64], new: &[u64]) -> Option<f64> {
    let (m, n) = totals(old, new)?;
    Some((old.len() - 1) as f64 * (1.0 / n + 1.0 / m))
}

fn totals(old: &[u64], new: &[u64]) -> Option<(f64, f64)> {
    let (m, n): (u64, u64) = (old.iter().sum(), new.iter().sum());
    (old.len() == new.len() && m > 0 && n > 0).then_some((m as f64, n as f64))
}

#[cfg(test)]
mod tests {
    use ndarray_rand::rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// With numpy: p = (np.array([50, 30, 20]) + .5) / 101.5, q likewise of [20, 30, 50]; ((q - p) * np.log(q / p)).sum().
    #[test]
    fn against_another_language() {
        let index = psi(&[50, 30, 20], &[20, 30, 50]).unwrap();
        assert!((index - 0.532_935_044).abs() < 1e-8, "{index}");
        // An empty bin stays finite: p = [10.5, .5] / 11, q = [.5, 10.5] / 11.
        let apart = psi(&[10, 0], &[0, 10]).unwrap();
        assert!((apart - 2.0 * (10.0 / 11.0) * 21f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn equal_shares_have_not_moved_and_nothing_is_undefined() {
        assert!(psi(&[500, 500], &[50_000, 50_000]).unwrap() < 1e-9);
        assert_eq!(psi(&[0, 0], &[1, 1]), None);
        assert_eq!(psi(&[1, 1], &[0, 0]), None);
        assert_eq!(psi(&[1], &[1, 2]), None);
        assert_eq!(by_chance(&[], &[]), None);
    }

    /// Twenty bins, 400 values against 1,000, two hundred times: the mean is that of the theory.
    #[test]
    fn by_chance_is_the_mean_where_nothing_has_changed() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |values: usize| {
            let mut bins = [0u64; 20];
            (0..values).for_each(|_| bins[random.random_range(0..20)] += 1);
            bins
        };
        let (mut sum, mut expected) = (0.0, 0.0);
        for _ in 0..200 {
            let (old, new) = (draw(1_000), draw(400));
            sum += psi(&old, &new).unwrap();
            expected += by_chance(&old, &new).unwrap();
        }
        assert!((sum / expected - 1.0).abs() < 0.1, "{}", sum / expected);
    }
}
