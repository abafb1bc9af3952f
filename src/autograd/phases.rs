//! The parts in which a tape is replayed over a batch.
//!
//! A tape without batch ops is one part: forward to the loss, backward from it, shard by shard. A batch op cuts it in both
//! directions, because every shard needs sums over all of them:
//!
//! ```text
//! forward [0, b) | sums of b | forward [b, end), seed, backward (b, end) | gradient sums of b | backward [0, b]
//! ```

use std::ops::Range;

use super::tape::{Tape, Var};

/// One part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Runs these nodes of the tape, in their order.
    Forward(Range<usize>),
    /// The forward sums of the batch op at this node.
    Sums(usize),
    /// Sets the loss's gradient.
    Seed,
    /// Runs these nodes backward, the last one first.
    Backward(Range<usize>),
    /// The backward sums of the batch op at this node.
    GradSums(usize),
}

impl Phase {
    /// Whether it adds to gradients.
    pub fn is_backward(&self) -> bool {
        matches!(self, Phase::Backward(_))
    }

    /// Whether all shards must be done with it before any goes on.
    pub fn is_barrier(&self) -> bool {
        matches!(self, Phase::Sums(_) | Phase::GradSums(_))
    }
}

/// The number of nodes that have to run for `last` to be known.
pub fn nodes_until(tape: &Tape, last: &Var) -> usize {
    tape.nodes()
        .iter()
        .take_while(|node| node.result.units().start < last.units().end)
        .count()
}

/// The phases of a training step that ends in `loss`.
pub fn phases(tape: &Tape, loss: &Var) -> Vec<Phase> {
    let end = nodes_until(tape, loss);
    let nodes = tape.nodes()[..end].iter().enumerate();
    let cuts: Vec<usize> = nodes
        .filter(|(_, n)| n.op.batch_op().is_some())
        .map(|(i, _)| i)
        .collect();
    let mut all = Vec::new();
    let mut start = 0;
    for &cut in &cuts {
        all.extend([Phase::Forward(start..cut), Phase::Sums(cut)]);
        start = cut;
    }
    all.extend([Phase::Forward(start..end), Phase::Seed]);
    let mut stop = end;
    for &cut in cuts.iter().rev() {
        all.extend([Phase::Backward(cut + 1..stop), Phase::GradSums(cut)]);
        stop = cut + 1;
    }
    all.push(Phase::Backward(0..stop));
    all
}
