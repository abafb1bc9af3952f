//! The part of a step's batch that this process replays: all of it, unless it is one of several ranks.

use std::ops::Range;

use super::tree::{self, TreeNode};
use crate::data::batch::Batch;
use crate::ranks::share;

/// Rows of a group. Few, so that many threads find work in a batch, and one shard where a shard is as long as it may be. Measured:
/// an epoch of `compact` with 64, 128 and 256 rows took 0.85, 0.86 and 0.88 of the time with sixteen groups a batch; `authors`
/// took the same with each.
pub const GROUP_ROWS: usize = 64;

/// Which rows of the step a [`Batch`] holds. What depends on a row's number in the step, or on all of the step's rows, goes by it.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The number of the batch's first row in the step: where a group begins.
    pub first_row: usize,
    /// Rows of the step, those of other ranks included.
    pub rows: usize,
    /// What a row's loss is multiplied by, so that those of all rows of the step add up to its mean: [`loss_scale`].
    pub loss_scale: f64,
}

impl Part {
    /// A batch that is all of its step.
    pub fn whole(batch: &Batch) -> Part {
        Part {
            first_row: 0,
            rows: batch.rows,
            loss_scale: loss_scale(&batch.weights, batch.rows),
        }
    }

    /// A batch that nothing is learnt from: it has no loss, and nobody adds up its weights.
    pub fn inference(batch: &Batch) -> Part {
        Part {
            first_row: 0,
            rows: batch.rows,
            loss_scale: 0.0,
        }
    }

    /// How many groups the step has.
    pub fn count(&self) -> usize {
        self.rows.div_ceil(GROUP_ROWS)
    }
}

/// The groups that a rank replays, of `count`.
pub fn groups_of(rank: usize, size: usize, count: usize) -> Range<usize> {
    share(rank, size, count)
}

/// The nodes of the tree that these groups make up: what the rank tells the others about.
pub fn pieces_of(rank: usize, size: usize, count: usize) -> impl Iterator<Item = TreeNode> + Clone {
    tree::pieces(groups_of(rank, size, count), count)
}

/// The rows that a rank replays, of a step's.
pub fn rows_of(rank: usize, size: usize, rows: usize) -> Range<usize> {
    let groups = groups_of(rank, size, rows.div_ceil(GROUP_ROWS));
    (groups.start * GROUP_ROWS).min(rows)..(groups.end * GROUP_ROWS).min(rows)
}

/// 1 / the sum of the weights of a step's rows; none given means 1 for each. It belongs to the step: a rank, a group or a shard has
/// some of its rows, and a row's part of the mean must not depend on which.
pub fn loss_scale(weights: &[f32], rows: usize) -> f64 {
    let total = match weights {
        [] => rows as f64,
        weights => weights.iter().map(|&w| f64::from(w)).sum(),
    };
    1.0 / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_the_rows_by_whole_groups() {
        for (size, rows) in [(1, 1), (2, 1), (3, 2048), (8, 700), (5, 64)] {
            let parts: Vec<_> = (0..size).map(|rank| rows_of(rank, size, rows)).collect();
            assert!(parts.iter().flat_map(Clone::clone).eq(0..rows));
            assert!(
                parts
                    .iter()
                    .all(|part| part.is_empty() || part.start % GROUP_ROWS == 0)
            );
        }
    }
}
