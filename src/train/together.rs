//! What the trainers of several ranks ask each other.

use std::ops::Range;

use crate::autograd::part::{self, rows_of};
use crate::ranks::Ranks;

/// Whether one of the ranks says so.
pub(super) fn any(ranks: &dyn Ranks, own: bool) -> bool {
    if ranks.alone() {
        return own;
    }
    let mut all = Vec::new();
    ranks.gather(&[u32::from(own)], &vec![1; ranks.size()], &mut all);
    all.into_iter().any(|word| word != 0)
}

/// [`part::loss_scale`] of a step's rows, of which each rank has the weights of its own; all 1, unless they are `weighted`.
pub(super) fn loss_scale(ranks: &dyn Ranks, own: &[f32], rows: usize, weighted: bool) -> f64 {
    if !weighted || ranks.alone() {
        return part::loss_scale(own, rows);
    }
    let of_rank = |rank| rows_of(rank, ranks.size(), rows);
    part::loss_scale(&numbers(ranks, own, of_rank), rows)
}

/// Numbers of all rows, one each, of which a rank has those of its own.
fn numbers(ranks: &dyn Ranks, own: &[f32], of_rank: impl Fn(usize) -> Range<usize>) -> Vec<f32> {
    let lengths: Vec<usize> = (0..ranks.size()).map(|rank| of_rank(rank).len()).collect();
    let mut all = Vec::new();
    ranks.gather(bytemuck::cast_slice(own), &lengths, &mut all);
    all.into_iter().map(f32::from_bits).collect()
}
