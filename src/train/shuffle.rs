//! The order of the training rows in an epoch.

use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator's stream for shuffling; initialisation uses others of the same seed.
const STREAM: u64 = 1 << 40;

/// Brings `order` into the order of an epoch: a Fisher-Yates shuffle of `rows`, drawn from (seed, epoch) alone, so any epoch
/// can be had without the ones before it.
pub fn shuffle(rows: &[u32], seed: u64, epoch: u64, order: &mut Vec<u32>) {
    order.clear();
    order.extend_from_slice(rows);
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(STREAM + epoch);
    for last in (1..order.len()).rev() {
        order.swap(last, below(&mut generator, last as u32 + 1) as usize);
    }
}

/// A number below `n`, without bias (Lemire, "Fast random integer generation in an interval", 2019).
fn below(generator: &mut ChaCha8Rng, n: u32) -> u32 {
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u64::from(generator.next_u32()) * u64::from(n);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_permutation_that_depends_on_seed_and_epoch() {
        let rows: Vec<u32> = (100..1100).collect();
        let drawn = |seed, epoch| {
            let mut order = Vec::new();
            shuffle(&rows, seed, epoch, &mut order);
            order
        };
        let first = drawn(1, 0);
        assert_eq!(first, drawn(1, 0));
        assert_ne!(first, drawn(1, 1));
        assert_ne!(first, drawn(2, 0));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, rows);
    }

    #[test]
    fn every_position_is_equally_likely() {
        let rows = [0, 1, 2, 3];
        let mut counts = [[0u32; 4]; 4];
        let mut order = Vec::new();
        for epoch in 0..4000 {
            shuffle(&rows, 3, epoch, &mut order);
            for (place, &row) in order.iter().enumerate() {
                counts[place][row as usize] += 1;
            }
        }
        // Binomial(4000, 1/4) has a deviation of 27.
        assert!(
            counts.iter().flatten().all(|&c| c.abs_diff(1000) < 130),
            "{counts:?}"
        );
    }
}
