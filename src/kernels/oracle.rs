//! What the tests of kernels share: numbers to try them on, and how results are held against plain loops in f64.

use super::dropout::uniform;
use super::pairs::{Axis, PairUp};
use super::product::Matrix;
use super::update::{Rule, Update};
use super::{BLOCK, Column, columns};
use crate::simd::{Isa, Precision, bf16};

/// Every instruction set of this machine with every precision, also as machines without AVX512-BF16 have it.
pub fn arithmetics() -> Vec<Isa> {
    let of = |isa: Isa| {
        let half = isa.with(Precision::Bf16);
        [isa, half, half.emulated()]
    };
    Isa::available().into_iter().flat_map(of).collect()
}

/// The same and what products with weights have beside it: tiles, also as machines without AMX have them.
pub fn arithmetics_of_weights() -> Vec<Isa> {
    let of = |isa: Isa| {
        let tiles = isa.with(Precision::AmxBf16);
        [tiles, tiles.emulated()]
    };
    let tiles = Isa::available().into_iter().flat_map(of);
    arithmetics().into_iter().chain(tiles).collect()
}

/// The nearest numbers that are bf16: products of such are the same in every precision.
pub fn rounded(x: Vec<f32>) -> Vec<f32> {
    let near = |x: f32| bf16::from_bf16(bf16::to_bf16(x));
    x.into_iter().map(near).collect()
}

/// A matrix of columns `[rows, columns]` as products of this precision take it.
pub fn factor(isa: Isa, x: &[Column], size: [usize; 2], axis: Axis) -> Vec<Column> {
    let at = Matrix {
        start: 0,
        stride: size[1],
    };
    factor_at(isa, (x, at), size, axis).0
}

/// The same of a matrix that lies among other columns, and where it then lies.
pub fn factor_at(
    isa: Isa,
    (x, at): (&[Column], Matrix),
    size: [usize; 2],
    axis: Axis,
) -> (Vec<Column>, Matrix) {
    if isa.precision().is_f32() {
        return (x.to_vec(), at);
    }
    let mut out = vec![[f32::NAN; BLOCK]; axis.pairs(size)];
    isa.multiply(PairUp {
        x: (x, at),
        size,
        axis,
        out: &mut out,
    });
    let [_, stride] = axis.paired(size);
    (out, Matrix { start: 0, stride })
}

/// `n` numbers between -1 and 1, each of them a bf16.
pub fn numbers(n: usize, salt: u32) -> Vec<f32> {
    let number = |i: u32| 2.0 * uniform(1, salt, i) - 1.0;
    rounded((0..n as u32).map(number).collect())
}

/// `n` units of one block, between -1 and 1.
pub fn units(n: usize, salt: u32) -> Vec<Column> {
    columns(&numbers(n * BLOCK, salt)).to_vec()
}

/// One number in f64.
pub fn wide(x: f32) -> f64 {
    f64::from(x)
}

/// Asserts that number i is `truth(i)`, but for the roundings of a few numbers of about 1.
pub fn assert_numbers(isa: Isa, got: &[f32], truth: impl Fn(usize) -> f64) {
    assert_within(isa, got, 1e-5, truth);
}

/// Asserts that number i is `truth(i)`, but for `bound` times the larger one of it and 1.
fn assert_within(isa: Isa, got: &[f32], bound: f64, truth: impl Fn(usize) -> f64) {
    for (i, &got) in got.iter().enumerate() {
        let (got, truth) = (wide(got), truth(i));
        let close = (got - truth).abs() < bound * truth.abs().max(1.0);
        let of = format!("{} {}", isa.name(), isa.precision());
        assert!(close, "{of}, number {i}: {got} for {truth}");
    }
}

/// [`assert_units`] of what is made of products of products: in bf16 those in the middle are rounded too, by 2^-9 at most each.
pub fn assert_rounded_units(isa: Isa, got: &[Column], truth: impl Fn(usize, usize) -> f64) {
    let bound = if isa.precision().is_f32() { 1e-5 } else { 8e-3 };
    let truth = |i| truth(i / BLOCK, i % BLOCK);
    assert_within(isa, got.as_flattened(), bound, truth);
}

/// The same of units: `truth(unit, lane)`.
pub fn assert_units(isa: Isa, got: &[Column], truth: impl Fn(usize, usize) -> f64) {
    assert_numbers(isa, got.as_flattened(), |i| truth(i / BLOCK, i % BLOCK));
}

/// Asserts that two steps of an optimiser, on fewer weights than lanes and on more, are what `truth` makes of weight, gradient and
/// state, taken twice.
pub fn assert_steps<R: Rule<N>, const N: usize>(
    rule: R,
    truth: impl Fn(f64, f64, [f64; N]) -> (f64, [f64; N]),
) {
    for isa in Isa::available() {
        for n in [1, 15, 16, 37] {
            let (start, g) = (numbers(n, 1), numbers(n, 2));
            // States have sums of squares among them, which are not negative.
            let positive = |x: &f32| x.abs();
            let kept: [Vec<f32>; N] =
                std::array::from_fn(|i| numbers(n, 3 + i as u32).iter().map(positive).collect());
            let (mut w, mut state) = (start.clone(), kept.clone());
            isa.run(Update {
                steps: &[rule, rule],
                w: &mut w,
                g: Some(&g),
                scale: 0.5,
                state: state.each_mut().map(|numbers| &mut numbers[..]),
            });
            let twice = |i: usize| {
                let (g, state) = (0.5 * wide(g[i]), kept.each_ref().map(|x| wide(x[i])));
                let (w, state) = truth(wide(start[i]), g, state);
                truth(w, g, state)
            };
            assert_numbers(isa, &w, |i| twice(i).0);
            for (k, state) in state.iter().enumerate() {
                assert_numbers(isa, state, |i| twice(i).1[k]);
            }
        }
    }
}
