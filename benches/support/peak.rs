//! The most floating-point operations a second that one core can do on an instruction set, in a precision: what a kernel is held against.

use std::hint::black_box;
use std::time::Instant;

use autoint::simd::tiles::{Start, TILE, TileProduct};
use autoint::simd::{Aligned, Isa, Products, Simd, Term, Tiles};

/// Chains of multiply-adds that do not wait for each other: two units of four cycles' latency need eight, one of six needs six.
const CHAINS: usize = 12;

/// Runs `rounds` terms on every chain; gives their sum, so that none can be left out, and the operations done.
struct Chains {
    rounds: usize,
}

impl Products for Chains {
    type Output = (f32, f64);

    #[inline(always)]
    fn multiply<S: Simd, T: Term>(self, s: S) -> (f32, f64) {
        // Numbers between 0 and a million, as f32 and as pairs: neither overflow nor denormals.
        let one = s.splat(black_box(1.0));
        let (a, b) = if T::PAIRS {
            (s.pair(one, one), s.pair(one, one))
        } else {
            (one, one)
        };
        let mut chains = [s.splat(black_box(1.5)); CHAINS];
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = T::add(s, a, b, *chain);
            }
        }
        let mut sum = s.splat(0.0);
        for chain in chains {
            sum = s.add(sum, chain);
        }
        let products = if T::PAIRS { 2 } else { 1 };
        let done = 2 * products * CHAINS * S::LANES * self.rounds;
        (s.reduce_sum(sum), done as f64)
    }

    /// Four tiles of sums, whose factors stay in the nearest cache.
    fn multiply_in_tiles<S: Simd>(self, _: S, tiles: Tiles) -> (f32, f64) {
        let [a, mut c] = [2, 4].map(|tiles| Aligned::zeros(tiles * TILE * TILE));
        let terms = self.rounds;
        tiles.multiply(TileProduct {
            start: Start::Zero,
            a: black_box(&a),
            a_strides: [TILE, 0],
            b: black_box(&a),
            b_strides: [0, TILE],
            c: &mut c,
            c_strides: [TILE, 2 * TILE * TILE],
            size: [2 * TILE, 2 * TILE, terms],
        });
        (c[0], (4 * 2 * TILE * 2 * TILE * terms) as f64)
    }
}

/// FLOP/s, the best of several tries: what disturbs can only slow down.
pub fn flops(isa: Isa) -> f64 {
    let mut best = 0.0f64;
    for _ in 0..20 {
        let start = Instant::now();
        let (sum, done) = isa.multiply(Chains { rounds: 200_000 });
        let seconds = start.elapsed().as_secs_f64();
        assert!(black_box(sum).is_finite());
        best = best.max(done / seconds);
    }
    best
}
