//! Lesson 9: reading a kernel. The same product, rung by rung, from three loops to register tiles.
//!
//! `out[t][o] = sum_k x[t][k] w[k][o]` for sixteen rows at once, all of it in the nearest caches: what counts are operations a load.
//!
//! 1. three loops, rows apart: every number is loaded for one multiplication.
//! 2. rows in lanes: one instruction does several rows, if the compiler sees it.
//! 3. tile of 4 outputs: a loaded column of x serves four sums, which stay in registers.
//! 4. the kernel (`src/kernels/matmul.rs`): tiles of tokens *and* outputs, in the widest instructions there are.

use std::time::Instant;

use autoint::Result;
use autoint::kernels::{BLOCK, matmul::Matmul};
use autoint::simd::Isa;

const T: usize = 24;
const K: usize = 64;
const O: usize = 64;

/// Of x `[T, K, BLOCK]` and w `[K, O]`: `[T, O, BLOCK]`.
type Product = fn(&[f32], &[f32], &mut [f32]);

fn three_loops(x: &[f32], w: &[f32], out: &mut [f32]) {
    for row in 0..BLOCK {
        for t in 0..T {
            for o in 0..O {
                let mut sum = 0.0;
                for k in 0..K {
                    sum += x[(t * K + k) * BLOCK + row] * w[k * O + o];
                }
                out[(t * O + o) * BLOCK + row] = sum;
            }
        }
    }
}

fn rows_in_lanes(x: &[f32], w: &[f32], out: &mut [f32]) {
    let (x, _) = x.as_chunks::<BLOCK>();
    for (t, out) in out.as_chunks_mut::<BLOCK>().0.chunks_mut(O).enumerate() {
        for (o, out) in out.iter_mut().enumerate() {
            let mut sum = [0.0; BLOCK];
            for k in 0..K {
                for (sum, x) in sum.iter_mut().zip(&x[t * K + k]) {
                    *sum += x * w[k * O + o];
                }
            }
            *out = sum;
        }
    }
}

fn a_tile_of_outputs(x: &[f32], w: &[f32], out: &mut [f32]) {
    let (x, _) = x.as_chunks::<BLOCK>();
    for (t, out) in out.as_chunks_mut::<BLOCK>().0.chunks_mut(O).enumerate() {
        for (tile, out) in out.chunks_exact_mut(4).enumerate() {
            let mut sums = [[0.0; BLOCK]; 4];
            for k in 0..K {
                let column = &x[t * K + k];
                let weights = &w[k * O + 4 * tile..][..4];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    for (sum, x) in sum.iter_mut().zip(column) {
                        *sum += x * weight;
                    }
                }
            }
            out.copy_from_slice(&sums);
        }
    }
}

fn the_kernel(x: &[f32], w: &[f32], out: &mut [f32]) {
    let Ok(isa) = Isa::choose() else { return };
    isa.multiply(Matmul {
        x,
        w,
        w_strides: (O, 1),
        bias: None,
        out,
        accumulate: false,
        tokens: T,
        k: K,
        outputs: O,
    });
}

/// Prints the numbers, and asserts what is said of them.
pub fn main() -> Result<()> {
    let number = |k: usize| ((k * 7919) % 1000) as f32 / 500.0 - 1.0;
    let x: Vec<f32> = (0..T * K * BLOCK).map(number).collect();
    let w: Vec<f32> = (0..K * O).map(|k| number(3 * k + 1)).collect();
    let mut first = vec![0.0; T * O * BLOCK];
    three_loops(&x, &w, &mut first);
    let names = ["three loops", "rows in lanes", "tile of 4", "the kernel"];
    let rungs: [Product; 4] = [three_loops, rows_in_lanes, a_tile_of_outputs, the_kernel];
    let isa = Isa::choose()?.name();
    println!("[{T}, {K}] x [{K}, {O}] for {BLOCK} rows, one thread, {isa}");
    println!("  rung                  GFLOP/s   largest difference from the first");
    let operations = (2 * BLOCK * T * K * O) as f64;
    for (name, product) in names.into_iter().zip(rungs) {
        let mut out = vec![0.0; first.len()];
        let mut best = f64::INFINITY;
        for _ in 0..10 {
            let start = Instant::now();
            product(&x, &w, &mut out);
            best = best.min(start.elapsed().as_secs_f64());
        }
        let pairs = first.iter().zip(&out);
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let speed = operations / best / 1e9;
        println!("  {name:<20} {speed:>8.1}   {difference:.1e}");
        // The same sums in other orders, with or without rounding in between.
        assert!(difference < 1e-4);
    }
    Ok(())
}
