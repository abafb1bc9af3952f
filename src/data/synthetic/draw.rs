//! Draws from a seeded generator that are the same on every machine.
//!
//! Only the raw words of ChaCha8 are used, with additions, multiplications and comparisons on them: no logarithm or
//! power of the platform, and none of the distributions of `rand`, whose values may change between its versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// One stream of draws.
pub(super) struct Draw {
    generator: ChaCha8Rng,
}

impl Draw {
    /// The stream number `stream` of `seed`. Each part of the data draws from its own, so that a change in one part
    /// leaves the others as they were.
    pub(super) fn new(seed: u64, stream: u64) -> Draw {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Draw { generator }
    }

    /// 64 random bits.
    pub(super) fn word(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `0.0..1.0`, in steps of 2^-53.
    pub(super) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.generator.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `0..bound` (0 when `bound` is 0), by the high half of a product; its bias is below `bound / 2^64`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.generator.next_u64()) * bound as u128;
        (product >> 64) as usize
    }

    /// About normal with mean 0 and variance 1: the sum of twelve uniform draws, less their mean (Irwin-Hall), which
    /// needs no logarithm and never exceeds 6.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// True with the given probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items, each with the same chance; `None` when there is none.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// The positions `0..count` in random order (Fisher-Yates).
    pub(super) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// Positions drawn with given weights.
pub(super) struct Weighted {
    /// Sums of the weights up to and including each position.
    sums: Vec<f64>,
}

impl Weighted {
    /// The weights of the positions `0..`; at least one, all positive.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Weighted {
        let mut sum = 0.0;
        let sums = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Weighted {
            sums: sums.collect(),
        }
    }

    /// A position, drawn with its weight.
    pub(super) fn pick(&self, draw: &mut Draw) -> usize {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let aim = draw.unit() * total;
        let at = self.sums.partition_point(|&sum| sum <= aim);
        // Rounding may put the aim on the total itself.
        at.min(self.sums.len().saturating_sub(1))
    }

    /// Cuts `whole` into one whole share per position, in proportion to the weights; the shares sum to `whole`.
    pub(super) fn shares(&self, whole: usize) -> Vec<usize> {
        let total = self.sums.last().copied().unwrap_or(1.0);
        let mut given = 0;
        let share = |&sum: &f64| {
            let upto = (whole as f64 * (sum / total)) as usize;
            let share = upto.saturating_sub(given);
            given += share;
            share
        };
        self.sums.iter().map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_they_should() {
        let mut draw = Draw::new(7, 0);
        let count = 20_000;
        let normals: Vec<f64> = (0..count).map(|_| draw.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(count);
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / f64::from(count);
        // Four standard errors: 1/sqrt(20000) and sqrt(2/20000).
        assert!(mean.abs() < 0.029, "{mean}");
        assert!((variance - 1.0).abs() < 0.04, "{variance}");
        let hits = (0..count).filter(|_| draw.chance(0.3)).count();
        assert!((5_740..=6_260).contains(&hits), "{hits}");
    }

    #[test]
    fn below_stays_below_and_reaches_every_number() {
        let mut draw = Draw::new(7, 1);
        let mut seen = [0; 5];
        (0..1000).for_each(|_| seen[draw.below(5)] += 1);
        assert!(seen.iter().all(|&count| count > 140), "{seen:?}");
        assert_eq!(draw.below(0), 0);
    }

    #[test]
    fn a_permutation_holds_every_position_once() {
        let mut order = Draw::new(7, 2).permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn weights_are_kept_by_draws_and_by_shares() {
        let weighted = Weighted::new([1.0, 2.0, 5.0]);
        let mut draw = Draw::new(7, 3);
        let mut seen = [0_i32; 3];
        (0..8000).for_each(|_| seen[weighted.pick(&mut draw)] += 1);
        for (count, expected) in seen.into_iter().zip([1000, 2000, 5000]) {
            assert!((count - expected).abs() < 200, "{seen:?}");
        }
        assert_eq!(weighted.shares(80), [10, 20, 50]);
        assert_eq!(weighted.shares(83).iter().sum::<usize>(), 83);
    }

    #[test]
    fn streams_of_a_seed_differ() {
        assert_ne!(Draw::new(7, 0).unit(), Draw::new(7, 1).unit());
        assert_eq!(Draw::new(7, 1).unit(), Draw::new(7, 1).unit());
    }
}
