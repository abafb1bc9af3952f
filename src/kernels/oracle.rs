//! What the tests of kernels share: numbers to try them on, and how results are held against plain loops in f64.

use super::dropout::uniform;
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
