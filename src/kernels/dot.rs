//! The inner product of two stretches of columns, over all rows.

use super::{BLOCK, Column};
use crate::simd::{Kernel, Simd};

/// `sum over columns and rows of a * b`: each row's sum first, then the rows' from the first to the last, so that the number of lanes changes
/// nothing.
#[derive(Debug)]
pub struct Dot<'a> {
    /// Any number of columns.
    pub a: &'a [Column],
    /// As many.
    pub b: &'a [Column],
}

impl Kernel for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let mut sums: Column = [0.0; BLOCK];
        for lane in (0..BLOCK).step_by(S::LANES) {
            let mut sum = s.splat(0.0);
            for (a, b) in self.a.iter().zip(self.b) {
                sum = s.mul_add(s.load(a, lane), s.load(b, lane), sum);
            }
            s.store(sum, &mut sums, lane);
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    #[test]
    fn whole_numbers_are_exact() {
        let a: Vec<Column> = (0..3).map(|k| [k as f32; BLOCK]).collect();
        let b: Vec<Column> = (0..3)
            .map(|k| std::array::from_fn(|lane| (k + lane) as f32))
            .collect();
        // Over lanes l: 0 + 1 (1 + l) + 2 (2 + l) = 5 + 3 l; 16 * 5 + 3 * 120.
        for isa in Isa::available() {
            assert_eq!(isa.run(Dot { a: &a, b: &b }), 440.0, "{}", isa.name());
        }
    }
}
