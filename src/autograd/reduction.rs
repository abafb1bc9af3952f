//! The sums of a batch's groups, added up in the order of the tree while they are made.
//!
//! A worker that is done with a group adds the finished sums beside it, and those beside both, as far up the tree as there are
//! any; otherwise it leaves its own for whoever comes later. So nobody waits, and the sums that are alive at once grow with the
//! tree's levels, not with the groups.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sums::Sums;
use super::tree::{TreeNode, most_alive};

/// See the module.
#[derive(Debug, Default)]
pub struct Reduction {
    /// The groups whose sums are made here, of `count`.
    range: Range<usize>,
    count: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Finished nodes without their siblings.
    waiting: Vec<(TreeNode, Sums)>,
    free: Vec<Sums>,
}

impl Reduction {
    /// Begins with the groups `range` of `count`; whatever was summed before is gone.
    pub fn start(&mut self, range: Range<usize>, count: usize) {
        (self.range, self.count) = (range, count);
        let State { waiting, free } = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        free.extend(waiting.drain(..).map(|(_, sums)| sums));
    }

    /// Makes room for all that so many threads have alive at once, with so many gradients and statistics, so that nothing is
    /// allocated meanwhile.
    pub fn reserve(&mut self, threads: usize, dense: usize, statistics: usize) {
        let most = most_alive(threads, self.range.len().next_power_of_two());
        let State { waiting, free } = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        waiting.reserve(most);
        if free.len() < most {
            free.resize_with(most, Sums::default);
        }
        for sums in free {
            sums.clear(0, 0);
            sums.dense.reserve_exact(dense);
            sums.statistics.reserve_exact(statistics);
        }
    }

    /// Memory for the sums of a group, whatever is in it.
    pub fn take(&self) -> Sums {
        self.lock().free.pop().unwrap_or_default()
    }

    /// Memory that is not needed for now.
    pub fn give_back(&self, sums: Sums) {
        self.lock().free.push(sums);
    }

    /// The sums of a group are there.
    pub fn done(&self, group: usize, mut sums: Sums) {
        let mut node = TreeNode::leaf(group);
        while let Some(above) = node.above(&self.range, self.count) {
            let sibling = node.sibling();
            if !sibling.groups(self.count).is_empty() {
                let mut state = self.lock();
                let found = state.waiting.iter().position(|(n, _)| *n == sibling);
                let Some(found) = found else {
                    state.waiting.push((node, sums));
                    return;
                };
                let (_, mut other) = state.waiting.swap_remove(found);
                drop(state);
                if node.is_right() {
                    std::mem::swap(&mut sums, &mut other);
                }
                sums.add(&other);
                self.give_back(other);
            }
            node = above;
        }
        self.lock().waiting.push((node, sums));
    }

    /// The sums of the largest nodes that the groups make up, in their order: one if they are all groups of the batch.
    pub fn pieces(&mut self) -> &mut Vec<(TreeNode, Sums)> {
        let count = self.count;
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        (state.waiting).sort_unstable_by_key(|(node, _)| node.groups(count).start);
        &mut state.waiting
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::tree::pieces;

    /// Sums whose bits show the order of additions, as numbers of very different sizes are added.
    fn of(group: usize) -> Sums {
        Sums {
            dense: vec![1.1f32.powi((group * 37 % 101) as i32); 3],
            statistics: vec![1.7f64.powi((group * 31 % 103) as i32)],
            loss: 1.3f64.powi((group * 29 % 107) as i32),
            not_finite: (group == 9 || group == 12).then_some(100 - group),
        }
    }

    /// The bits of all pieces when groups are done in some order; and how many sums there were at most.
    fn bits(
        range: Range<usize>,
        count: usize,
        order: &[usize],
    ) -> (Vec<(TreeNode, [u64; 3])>, usize) {
        let mut reduction = Reduction::default();
        reduction.start(range, count);
        let mut most = 0;
        for &group in order {
            reduction.done(group, of(group));
            most = most.max(reduction.lock().waiting.len());
        }
        let all = reduction.pieces().iter().map(|(node, sums)| {
            let first = u64::from(sums.dense[2].to_bits());
            (
                *node,
                [first, sums.statistics[0].to_bits(), sums.loss.to_bits()],
            )
        });
        (all.collect(), most)
    }

    #[test]
    fn neither_the_order_nor_the_cut_into_ranges_changes_a_bit() {
        for count in [1, 2, 3, 16, 21, 64] {
            let ascending: Vec<usize> = (0..count).collect();
            let (whole, most) = bits(0..count, count, &ascending);
            assert_eq!(whole.len(), 1);
            assert!(most <= most_alive(1, count), "{count}: {most}");
            let descending: Vec<usize> = (0..count).rev().collect();
            assert_eq!(bits(0..count, count, &descending).0, whole);
            let mut shuffled: Vec<usize> = (0..count).collect();
            shuffled.sort_by_key(|group| group * 7919 % 1009);
            assert_eq!(bits(0..count, count, &shuffled).0, whole);
            for cut in 0..=count {
                for range in [0..cut, cut..count] {
                    let order: Vec<usize> = range.clone().collect();
                    let nodes: Vec<TreeNode> = pieces(range.clone(), count).collect();
                    let found = bits(range, count, &order).0;
                    assert!(found.iter().map(|(node, _)| *node).eq(nodes));
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_first_is_told() {
        let mut reduction = Reduction::default();
        reduction.start(0..16, 16);
        (0..16)
            .rev()
            .for_each(|group| reduction.done(group, of(group)));
        assert_eq!(reduction.pieces()[0].1.not_finite, Some(91));
    }
}
