//! The products of linear layers on the named shapes, against matrixmultiply (through ndarray).

#![allow(missing_docs, reason = "what criterion_group! makes is public")]

use std::hint::black_box;

use autoint::autograd::op::BLOCK;
use autoint::kernels::matmul::Matmul;
use autoint::kernels::weight_grad::{Inputs, Pack, WeightGrad};
use autoint::simd::Isa;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;

/// Name, tokens, inputs, outputs.
const SHAPES: [(&str, usize, usize, usize); 4] = [
    ("compact projection", 14, 16, 16),
    ("authors projection", 14, 64, 64),
    ("course-best projection", 14, 256, 256),
    ("MLP", 1, 224, 128),
];

/// The rows of a shard.
const ROWS: usize = 4 * BLOCK;

fn noise(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| (i * 7919 % 1000) as f32 / 1000.0 - 0.5)
        .collect()
}

fn matmul(c: &mut Criterion) {
    let isa = Isa::choose().expect("an instruction set");
    for (name, of_sample, k, outputs) in SHAPES {
        // A block's tokens after the other's, as ops see a shard.
        let tokens = of_sample * ROWS / BLOCK;
        let mut group = c.benchmark_group(format!("matmul/{name}"));
        let (x, w) = (noise(tokens * k * BLOCK), noise(k * outputs));
        // Elements are floating-point operations: criterion then shows FLOP/s.
        group.throughput(Throughput::Elements(
            (2 * tokens * k * outputs * BLOCK) as u64,
        ));
        let mut out = vec![0.0; tokens * outputs * BLOCK];
        group.bench_function("forward", |b| {
            b.iter(|| {
                isa.multiply(Matmul {
                    x: &x,
                    w: black_box(&w),
                    w_strides: (outputs, 1),
                    bias: None,
                    out: &mut out,
                    accumulate: false,
                    tokens,
                    k,
                    outputs,
                });
            });
        });
        // matrixmultiply gets the layout it likes: one row-major matrix of all tokens and rows.
        let left = Array2::from_shape_vec((tokens * BLOCK, k), noise(tokens * BLOCK * k))
            .expect("a matrix");
        let right = Array2::from_shape_vec((k, outputs), w.clone()).expect("a matrix");
        let mut product = Array2::zeros((tokens * BLOCK, outputs));
        group.bench_function("matrixmultiply", |b| {
            b.iter(|| {
                ndarray::linalg::general_mat_mul(1.0, &left, black_box(&right), 0.0, &mut product)
            });
        });
        let mut d_w = vec![0.0; k * outputs];
        let mut room = vec![0.0; k.max(outputs) * tokens * BLOCK];
        let mut transposed = vec![0.0; outputs * tokens * BLOCK];
        group.bench_function("weight gradient", |b| {
            b.iter(|| {
                let inputs = if WeightGrad::packs(of_sample) {
                    let packed = &mut room[..x.len()];
                    Pack { x: &x, packed, k }.run();
                    let room = WeightGrad::transposes(tokens, k).then_some(&mut *transposed);
                    Inputs::Packed(packed, room)
                } else {
                    Inputs::Plain(&x, &mut room)
                };
                isa.multiply(WeightGrad {
                    x: inputs,
                    d_out: black_box(&out),
                    d_w: &mut d_w,
                    tokens,
                    k,
                    outputs,
                });
            });
        });
        assert!(out.iter().chain(&d_w).all(|x| x.is_finite()));
    }
}

criterion_group!(benches, matmul);
criterion_main!(benches);
