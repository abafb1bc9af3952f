//! Ops that look at a whole batch: batch normalisation.
//!
//! Shards are replayed apart from each other, so such an op cuts the tape: all shards run up to it, sums over all rows are
//! taken (each shard's in f64, added in the order of the shards), and all shards go on with them. Backward does the same
//! with sums of gradients.

/// Sums over the rows of a batch that a batch op asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Taken from the operand before forward.
    pub forward: Vec<f64>,
    /// Taken from the result's gradient before backward.
    pub backward: Vec<f64>,
}

/// What an op that looks at a whole batch adds to [`super::Op`].
pub trait BatchOp {
    /// Its number among the batch ops of its tape: where its [`Statistics`] lie.
    fn number(&self) -> usize;

    /// How many sums it takes, forward and backward alike.
    fn sums(&self) -> usize;

    /// Adds the first `used` rows of the operand `x`, `[blocks, units, BLOCK]`, to the forward sums.
    fn add_sums(&self, x: &[f32], used: usize, sums: &mut [f64]);

    /// Adds the first `used` rows of the result's gradient to the backward sums; `saved` is what forward kept.
    fn add_grad_sums(&self, saved: &[f32], d_out: &[f32], used: usize, sums: &mut [f64]);

    /// [`BatchOp::add_sums`] for one row in f64.
    fn add_sums_definition(&self, x: &[f64], sums: &mut [f64]);

    /// Moves the moving averages kept in `buffers` towards the batch's statistics.
    fn update_buffers(&self, statistics: &Statistics, batch_rows: usize, buffers: &mut [f32]);
}
