//! The most floating-point operations a second that one core can do on an instruction set: what a kernel is held against.

use std::hint::black_box;
use std::time::Instant;

use autoint::simd::{Isa, Kernel, Simd};

/// Chains of fused multiply-adds that do not wait for each other: two units of four cycles' latency need eight.
const CHAINS: usize = 12;

/// Runs `rounds` multiply-adds on every chain; gives their sum, so that none can be left out, and the operations done.
struct Chains {
    rounds: usize,
}

impl Kernel for Chains {
    type Output = (f32, f64);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (f32, f64) {
        // The values stay near 2: neither overflow nor denormals.
        let (factor, more) = (s.splat(black_box(0.5)), s.splat(black_box(1.0)));
        let mut chains = [s.splat(black_box(1.5)); CHAINS];
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = s.mul_add(*chain, factor, more);
            }
        }
        let mut sum = s.splat(0.0);
        for chain in chains {
            sum = s.add(sum, chain);
        }
        let done = 2 * CHAINS * S::LANES * self.rounds;
        (s.reduce_sum(sum), done as f64)
    }
}

/// FLOP/s, the best of several tries: what disturbs can only slow down.
pub fn flops(isa: Isa) -> f64 {
    let mut best = 0.0f64;
    for _ in 0..20 {
        let start = Instant::now();
        let (sum, done) = isa.run(Chains { rounds: 200_000 });
        let seconds = start.elapsed().as_secs_f64();
        assert!(black_box(sum).is_finite());
        best = best.max(done / seconds);
    }
    best
}
