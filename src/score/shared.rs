//! Rows that ranks score together: the first says which, each scores its share, and all get all logits.

use crate::ranks::{Ranks, gather_unknown, share};

/// Tells the other ranks which rows are to be scored; none ends it. Gives them to all.
pub(super) fn asked(ranks: &dyn Ranks, rows: &[u32]) -> Vec<u32> {
    let mut all = Vec::new();
    gather_unknown(ranks, rows, &mut all);
    all
}

/// The logits of `rows` rows, of which each rank has its share.
pub fn gathered(ranks: &dyn Ranks, own: &[f32], rows: usize) -> Vec<f32> {
    let length = |rank| share(rank, ranks.size(), rows).len();
    let lengths: Vec<usize> = (0..ranks.size()).map(length).collect();
    let mut all = Vec::new();
    ranks.gather(bytemuck::cast_slice(own), &lengths, &mut all);
    all.into_iter().map(f32::from_bits).collect()
}
