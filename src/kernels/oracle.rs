//! What the tests of kernels share: numbers to try them on, and how results are held against plain loops in f64.

use super::dropout::uniform;
use super::update::{Rule, Update};
use super::{BLOCK, Column, columns};
use crate::simd::Isa;

/// `n` numbers between -1 and 1.
pub fn numbers(n: usize, salt: u32) -> Vec<f32> {
    let number = |i: u32| 2.0 * uniform(1, salt, i) - 1.0;
    (0..n as u32).map(number).collect()
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
    for (i, &got) in got.iter().enumerate() {
        let (got, truth) = (wide(got), truth(i));
        let close = (got - truth).abs() < 1e-5 * truth.abs().max(1.0);
        assert!(close, "{}, number {i}: {got} for {truth}", isa.name());
    }
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
