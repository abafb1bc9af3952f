//! Dropout masks from a counter-based generator: the mask of a unit is a function of (seed, step, row, unit) and of nothing
//! else, so any thread can draw any part of it in any order.
//!
//! The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

/// What identifies the masks of one training step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The run's seed.
    pub seed: u64,
    /// The optimiser step.
    pub step: u32,
}

/// Philox4x32-10: four random words from a counter and a key.
#[inline(always)]
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(0x9E37_79B9);
            key[1] = key[1].wrapping_add(0xBB67_AE85);
        }
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
    }
    counter
}

/// A number in [0, 1) from three words; used for test data and other places that want noise without state.
pub fn uniform(a: u32, b: u32, c: u32) -> f32 {
    (philox([c, b, 0, 0], [a, 0])[0] >> 8) as f32 / (1 << 24) as f32
}

/// Fills `mask` (`[units, rows]`) with 0 or 1 / (1 - rate) ("inverted" dropout, Srivastava et al. 2014, section 10).
///
/// `op` tells the masks of different ops of one step apart; `first_row` is the shard's first row in the batch.
pub fn fill_mask(mask: &mut [f32], rows: usize, rate: f32, draw: Draw, op: u32, first_row: usize) {
    let keep = 1.0 / (1.0 - rate);
    // A word below the threshold drops the unit: rate * 2^32, exact enough at f64.
    let threshold = (f64::from(rate) * f64::from(u32::MAX)) as u32;
    let key = [draw.seed as u32, (draw.seed >> 32) as u32];
    // One call of the generator serves four units of one row.
    for (quad, units) in mask.chunks_mut(4 * rows).enumerate() {
        for row in 0..rows {
            let counter = [(first_row + row) as u32, quad as u32, draw.step, op];
            let words = philox(counter, key);
            for (unit, word) in units.chunks_exact_mut(rows).zip(words) {
                unit[row] = if word < threshold { 0.0 } else { keep };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers distributed with Random123.
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn a_row_has_the_same_mask_in_any_shard_and_the_rate_is_right() {
        let draw = Draw { seed: 7, step: 3 };
        let (units, rows) = (50, 64);
        let mut whole = vec![0.0; units * rows];
        fill_mask(&mut whole, rows, 0.3, draw, 1, 0);
        let mut part = vec![0.0; units * 16];
        fill_mask(&mut part, 16, 0.3, draw, 1, 32);
        for unit in 0..units {
            let of_whole = &whole[unit * rows + 32..unit * rows + 48];
            assert_eq!(&part[unit * 16..unit * 16 + 16], of_whole);
        }
        let dropped = whole.iter().filter(|&&m| m == 0.0).count() as f64;
        let n = (units * rows) as f64;
        let deviation = (0.3f64 * 0.7 / n).sqrt();
        assert!((dropped / n - 0.3).abs() < 4.0 * deviation);
        assert!(
            whole
                .iter()
                .all(|&m| m == 0.0 || (m - 1.0 / 0.7).abs() < 1e-6)
        );
    }
}
