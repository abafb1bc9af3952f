//! Dropout masks from a counter-based generator: the mask of a unit is a function of (seed, step, row, unit) and of nothing
//! else, so any thread can draw any part of it in any order.
//!
//! The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

use crate::simd::{Kernel, MAX_LANES, Simd};

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

/// [`philox`] on sixteen counters that differ in their first word: plain loops over lanes, which become vector instructions
/// when they are compiled for an instruction set that has them.
#[inline(always)]
fn philox_lanes(first: [u32; MAX_LANES], rest: [u32; 3], key: [u32; 2]) -> [[u32; MAX_LANES]; 4] {
    let mut counter = [
        first,
        [rest[0]; MAX_LANES],
        [rest[1]; MAX_LANES],
        [rest[2]; MAX_LANES],
    ];
    let mut key = key;
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(0x9E37_79B9);
            key[1] = key[1].wrapping_add(0xBB67_AE85);
        }
        let [c0, c1, c2, c3] = counter;
        for lane in 0..MAX_LANES {
            let a = u64::from(c0[lane]) * 0xD251_1F53;
            let b = u64::from(c2[lane]) * 0xCD9E_8D57;
            counter[0][lane] = (b >> 32) as u32 ^ c1[lane] ^ key[0];
            counter[1][lane] = b as u32;
            counter[2][lane] = (a >> 32) as u32 ^ c3[lane] ^ key[1];
            counter[3][lane] = a as u32;
        }
    }
    counter
}

/// A number in [0, 1) from three words; used for test data and other places that want noise without state.
pub fn uniform(a: u32, b: u32, c: u32) -> f32 {
    (philox([c, b, 0, 0], [a, 0])[0] >> 8) as f32 / (1 << 24) as f32
}

/// How the masks of one op in one step are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Masks {
    /// The probability with which a unit is dropped, below 1.
    pub rate: f32,
    /// The run's seed and the step.
    pub draw: Draw,
    /// Tells the masks of different ops of one step apart.
    pub op: u32,
}

impl Masks {
    fn key(self) -> [u32; 2] {
        [self.draw.seed as u32, (self.draw.seed >> 32) as u32]
    }

    /// A word below this drops its unit: rate * 2^32, exact enough at f64.
    fn threshold(self) -> u32 {
        (f64::from(self.rate) * f64::from(u32::MAX)) as u32
    }

    /// What a word makes of its unit: 0 or 1 / (1 - rate) ("inverted" dropout, Srivastava et al. 2014, section 10).
    #[inline(always)]
    fn factor(self, word: u32) -> f32 {
        if word < self.threshold() {
            0.0
        } else {
            1.0 / (1.0 - self.rate)
        }
    }

    /// The mask of one row of a batch, the definition of all others: one call of the generator serves four units.
    pub fn of_row(self, row: usize, units: usize) -> Vec<f32> {
        let quads = (0..units.div_ceil(4) as u32)
            .flat_map(|quad| philox([row as u32, quad, self.draw.step, self.op], self.key()));
        quads.take(units).map(|word| self.factor(word)).collect()
    }
}

/// Fills the mask of a shard.
#[derive(Debug)]
pub struct FillMask<'a> {
    /// How it is drawn.
    pub masks: Masks,
    /// `[blocks, units, BLOCK]`: 0 or 1 / (1 - rate).
    pub mask: &'a mut [f32],
    /// Units that are dropped apart from each other.
    pub units: usize,
    /// The number that the shard's first row has in its step.
    pub first_row: usize,
}

impl Kernel for FillMask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Masks { draw, op, .. } = self.masks;
        let key = self.masks.key();
        for (block, mask) in self
            .mask
            .chunks_exact_mut(self.units * MAX_LANES)
            .enumerate()
        {
            let mut rows = [0; MAX_LANES];
            for (lane, row) in rows.iter_mut().enumerate() {
                *row = (self.first_row + block * MAX_LANES + lane) as u32;
            }
            for (quad, units) in mask.chunks_mut(4 * MAX_LANES).enumerate() {
                let words = philox_lanes(rows, [quad as u32, draw.step, op], key);
                for (unit, words) in units.chunks_exact_mut(MAX_LANES).zip(&words) {
                    for lane in 0..MAX_LANES {
                        unit[lane] = self.masks.factor(words[lane]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

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
    fn a_block_is_its_rows_on_every_instruction_set_and_the_rate_is_right() {
        let masks = Masks {
            rate: 0.3,
            draw: Draw {
                seed: 7 << 32 | 5,
                step: 3,
            },
            op: 1,
        };
        for isa in Isa::available() {
            for units in [1, 4, 50, 51] {
                let mut mask = vec![f32::NAN; 2 * units * MAX_LANES];
                isa.run(FillMask {
                    masks,
                    mask: &mut mask,
                    units,
                    first_row: 32,
                });
                for (block, mask) in mask.chunks_exact(units * MAX_LANES).enumerate() {
                    for lane in 0..MAX_LANES {
                        let of_row = masks.of_row(32 + block * MAX_LANES + lane, units);
                        let of_lane = mask.iter().skip(lane).step_by(MAX_LANES);
                        assert!(of_lane.eq(&of_row), "{} {units}", isa.name());
                    }
                }
            }
        }
        let whole: Vec<f32> = (0..64).flat_map(|row| masks.of_row(row, 50)).collect();
        let dropped = whole.iter().filter(|&&m| m == 0.0).count() as f64;
        let n = whole.len() as f64;
        let deviation = (0.3f64 * 0.7 / n).sqrt();
        assert!((dropped / n - 0.3).abs() < 4.0 * deviation);
        let kept = |m: &f32| *m == 0.0 || (*m - 1.0 / 0.7).abs() < 1e-6;
        assert!(whole.iter().all(kept));
    }
}
