//! How [`TileProduct`]s are made: by the processor, or in plain Rust.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx::Amx;
use super::tiles::TileProduct;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub enum Tiles {
    /// By the processor.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(Amx),
    /// As they are written here.
    Plain,
}

impl Tiles {
    /// By the processor, if it can.
    pub(super) fn detect() -> Tiles {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let Some(amx) = Amx::detect() {
            return Tiles::Amx(amx);
        }
        Tiles::Plain
    }

    /// Makes one.
    #[inline(always)]
    pub fn multiply(self, product: TileProduct<'_>) {
        if product.size.contains(&0) {
            return;
        }
        product.check();
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Tiles::Amx(amx) => amx.multiply(product),
            Tiles::Plain => product.plain(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::bf16::pair;
    use crate::simd::tiles::{Start, TILE, step};

    /// Any bits, or numbers of about the same size, whose sums round.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            1 => any::<u32>().prop_map(f32::from_bits),
            8 => -4.0f32..4.0,
            1 => (-4.0f32..4.0).prop_map(|x| x * 2f32.powi(-64)),
        ]
    }

    /// Numbers, over and over.
    fn filled(n: usize, from: &[f32]) -> Vec<f32> {
        (0..n)
            .map(|i| from[(i + i / from.len()) % from.len()])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        /// Sizes with rests in every direction, each kind of beginning, and strides with gaps, whose numbers stay as they were.
        #[test]
        fn the_processor_does_what_is_written_here(
            (m, full, rest, terms) in (1usize..70, 0usize..4, 1usize..17, 1usize..50),
            start in 0..3,
            gap in 0usize..3,
            numbers in prop::collection::vec(number(), 61),
        ) {
            let n = if full > 0 { TILE * full } else { rest };
            let (tiles, width) = (n.div_ceil(TILE), n.min(TILE));
            let pairs = |n: usize| -> Vec<f32> {
                let numbers = filled(2 * n, &numbers);
                numbers.chunks_exact(2).map(|two| pair(two[0], two[1])).collect()
            };
            let (a_row, b_row, c_row) = (terms + gap, width + gap, width + gap);
            let (a, b) = (pairs(m * a_row), pairs(tiles * terms * b_row));
            let (before, bias) = (filled(tiles * m * c_row, &numbers), filled(m, &numbers));
            let made = |how: Tiles| {
                let mut c = before.clone();
                how.multiply(TileProduct {
                    start: match start {
                        0 => Start::Zero,
                        1 => Start::Rows(&bias),
                        _ => Start::Result,
                    },
                    a: &a,
                    a_strides: [a_row, TILE],
                    b: &b,
                    b_strides: [b_row, terms * b_row],
                    c: &mut c,
                    c_strides: [c_row, m * c_row],
                    size: [m, n, terms],
                });
                c
            };
            let (plain, found) = (made(Tiles::Plain), made(Tiles::detect()));
            for i in 0..plain.len() {
                let (column, row, tile) = (i % c_row, i / c_row % m, i / c_row / m);
                let mut want = before[i];
                if column < width {
                    let first = match start {
                        0 => 0.0,
                        1 => bias[row],
                        _ => before[i],
                    };
                    let of_b: Vec<f32> =
                        (0..terms).map(|k| b[(tile * terms + k) * b_row + column]).collect();
                    let steps = a[row * a_row..][..terms].chunks(TILE).zip(of_b.chunks(TILE));
                    want = steps.fold(first, |sum, (a, b)| step(sum, a, b));
                }
                for got in [plain[i], found[i]] {
                    let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                    prop_assert!(same, "number {i}: {got:e} for {want:e}");
                }
            }
        }
    }

    /// Two rows of a, one step of them; b and c are always there.
    fn of_rows(a_row: usize) {
        Tiles::detect().multiply(TileProduct {
            start: Start::Zero,
            a: &[0.0; 32],
            a_strides: [a_row, TILE],
            b: &[0.0; 256],
            b_strides: [TILE, 0],
            c: &mut [0.0; 32],
            c_strides: [TILE, 0],
            size: [2, TILE, TILE],
        });
    }

    #[test]
    #[should_panic(expected = "33 numbers of 32")]
    fn a_product_of_numbers_that_are_not_there_is_refused() {
        of_rows(16);
        of_rows(17);
    }

    #[test]
    #[should_panic(expected = "numbers of 32")]
    fn so_is_one_whose_places_would_wrap_around() {
        of_rows(usize::MAX - 7);
    }
}
