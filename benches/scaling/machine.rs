//! What is measured of this machine: how fast its memory is, and how long threads take to begin and end together.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

/// Numbers of each of the triad's three arrays: together 1.5 GB, beyond any cache.
const NUMBERS: usize = 1 << 27;

/// Bytes a second of `a = b + 3 c` on so many threads, the best of some: 12 a number, as STREAM counts.
pub fn bandwidth(threads: usize) -> f64 {
    let [mut a, b, c] = [0.0f32, 1.0, 2.0].map(|x| vec![x; NUMBERS]);
    let part = NUMBERS.div_ceil(threads);
    let mut best = f64::INFINITY;
    for _ in 0..6 {
        let start = Instant::now();
        std::thread::scope(|scope| {
            let inputs = b.chunks(part).zip(c.chunks(part));
            for (a, (b, c)) in a.chunks_mut(part).zip(inputs) {
                scope.spawn(move || {
                    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                        *a = b + 3.0 * c;
                    }
                });
            }
        });
        best = best.min(start.elapsed().as_secs_f64());
        black_box(&a);
    }
    12.0 * NUMBERS as f64 / best
}

/// Seconds of a stage without work on two threads of a pool that has been busy until then: the median of many. Each waits for the
/// other, as one that finds no task left would.
pub fn barrier() -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.expect("two threads");
    let mut times: Vec<f64> = pool.install(|| {
        let stage = |_| {
            let (start, there) = (Instant::now(), AtomicUsize::new(0));
            (0..2).into_par_iter().with_max_len(1).for_each(|_: i32| {
                there.fetch_add(1, Ordering::AcqRel);
                while there.load(Ordering::Acquire) < 2 {
                    spin_loop();
                }
            });
            start.elapsed().as_secs_f64()
        };
        // Between two, the one that began the stage works on by itself for as long as a short serial stage.
        let serial = || {
            let start = Instant::now();
            while start.elapsed().as_micros() < 50 {
                spin_loop();
            }
        };
        (0..4000)
            .map(|i| {
                serial();
                stage(i)
            })
            .collect()
    });
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
