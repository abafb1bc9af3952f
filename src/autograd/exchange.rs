//! What the ranks' pieces of a step add up to, in the order of the tree over all groups.
//!
//! Each rank has summed its own groups as far as whole nodes of the tree go ([`super::tree::pieces`]); the nodes above need several
//! ranks. The flat vector of gradients is cut into as many slices as there are ranks:
//!
//! ```text
//! 1. rank r gives rank s slice s of each of its pieces      4 p D / n bytes to each
//! 2. rank s adds up the pieces of its slice, in tree order
//! 3. everybody gets everybody's slice                        4 D / n bytes from each
//! ```
//!
//! with D gradients, n ranks and p pieces a rank (one, when ranks and groups are powers of two). A library's all-reduce moves as
//! many bytes, but adds in an order that depends on the number of ranks.

use super::part::pieces_of;
use super::sums::Sums;
use super::tree::{self, TreeNode};
use crate::ranks::{Ranks, bits_of, share, words_of};

/// In place of the number of a node of the tape: all were finite.
const FINITE: u32 = u32::MAX;

/// The memory that sums of several ranks take.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// What is told, and what is heard.
    out: Vec<u32>,
    heard: Vec<u32>,
    slice: Vec<f32>,
}

/// The pieces of all ranks of one step.
struct Pieces {
    /// How many each rank has.
    of_rank: Vec<usize>,
    /// The first group of each, in their order.
    starts: Vec<usize>,
}

impl Pieces {
    fn of(size: usize, count: usize) -> Pieces {
        let nodes = |rank| pieces_of(rank, size, count).collect();
        let all: Vec<Vec<TreeNode>> = (0..size).map(nodes).collect();
        let starts = all.iter().flatten().map(|node| node.groups(count).start);
        Pieces {
            starts: starts.collect(),
            of_rank: all.iter().map(Vec::len).collect(),
        }
    }
}

impl Exchange {
    /// The sums over all rows of a step with `count` groups, of which each rank gives those of its pieces, with `dense` gradients
    /// and `statistics` statistics.
    pub fn sum(
        &mut self,
        ranks: &dyn Ranks,
        mine: &mut [(TreeNode, Sums)],
        count: usize,
        lengths: (usize, usize),
        total: &mut Sums,
    ) {
        if ranks.alone() {
            return match mine {
                [(_, sums)] => std::mem::swap(sums, total),
                _ => total.clear(0, 0),
            };
        }
        let (dense, statistics) = lengths;
        let pieces = Pieces::of(ranks.size(), count);
        debug_assert_eq!(mine.len(), pieces.of_rank[ranks.rank()]);
        total.clear(dense, statistics);
        if dense > 0 {
            self.sum_slice(ranks, mine, &pieces, dense);
        }
        self.out.clear();
        self.out
            .extend(bytemuck::cast_slice::<f32, u32>(&self.slice));
        mine.iter()
            .for_each(|(_, sums)| put_head(sums, &mut self.out));
        let slice = |rank| share(rank, ranks.size(), dense);
        let lengths = |rank| slice(rank).len() + pieces.of_rank[rank] * head(statistics);
        let lengths: Vec<usize> = (0..ranks.size()).map(lengths).collect();
        ranks.gather(&self.out, &lengths, &mut self.heard);
        let (mut rest, mut heads) = (&self.heard[..], Vec::new());
        for (rank, length) in lengths.into_iter().enumerate() {
            let (own, others) = rest.split_at(length);
            let (numbers, own) = own.split_at(slice(rank).len());
            total.dense[slice(rank)].copy_from_slice(bytemuck::cast_slice(numbers));
            heads.extend_from_slice(own);
            rest = others;
        }
        self.slice.clear();
        sum_heads(&pieces.starts, &heads, total);
    }

    /// This rank's slice of the gradients.
    fn sum_slice(
        &mut self,
        ranks: &dyn Ranks,
        mine: &[(TreeNode, Sums)],
        pieces: &Pieces,
        dense: usize,
    ) {
        let slice = |rank| share(rank, ranks.size(), dense);
        self.out.clear();
        for to in 0..ranks.size() {
            for (_, sums) in mine {
                self.out
                    .extend(bytemuck::cast_slice::<f32, u32>(&sums.dense[slice(to)]));
            }
        }
        let own = slice(ranks.rank()).len();
        let sent = (0..ranks.size()).map(|to| mine.len() * slice(to).len());
        let received = pieces.of_rank.iter().map(|pieces| pieces * own);
        let (sent, received): (Vec<_>, Vec<_>) = (sent.collect(), received.collect());
        ranks.exchange(&self.out, &sent, &received, &mut self.heard);
        self.slice.resize(own, 0.0);
        let terms: &[f32] = bytemuck::cast_slice(&self.heard);
        let term = |piece| &terms[piece * own..][..own];
        tree::sum_slices(&pieces.starts, term, &mut self.slice);
    }
}

/// The words of what a piece tells besides its gradients.
fn head(statistics: usize) -> usize {
    3 + 2 * statistics
}

fn put_head(sums: &Sums, out: &mut Vec<u32>) {
    out.push(sums.not_finite.map_or(FINITE, |node| node as u32));
    for number in std::iter::once(&sums.loss).chain(&sums.statistics) {
        out.extend(words_of(number.to_bits()));
    }
}

/// Adds up what pieces told besides their gradients.
fn sum_heads(starts: &[usize], heads: &[u32], total: &mut Sums) {
    let length = head(total.statistics.len());
    let at = |piece: usize, number: usize| {
        let words = &heads[piece * length + 1 + 2 * number..][..2];
        [f64::from_bits(bits_of([words[0], words[1]]))]
    };
    [total.loss] = tree::sum(starts, |piece| at(piece, 0));
    for (number, sum) in total.statistics.iter_mut().enumerate() {
        [*sum] = tree::sum(starts, |piece| at(piece, 1 + number));
    }
    let flags = heads.iter().step_by(length).find(|flag| **flag != FINITE);
    total.not_finite = flags.map(|&node| node as usize);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::part::groups_of;
    use crate::autograd::reduction::Reduction;
    use crate::ranks::threads::together;

    const DENSE: usize = 131;

    /// Sums whose bits show the order of additions.
    fn of(group: usize) -> Sums {
        let number = |i: usize| 1.1f64.powi((group * 37 % 101) as i32) * (i as f64 - 60.5);
        Sums {
            dense: (0..DENSE).map(|i| number(i) as f32).collect(),
            statistics: (0..3).map(number).collect(),
            loss: 1.3f64.powi((group * 29 % 107) as i32),
            not_finite: (group == 9 || group == 12).then_some(100 - group),
        }
    }

    fn bits(sums: &Sums) -> (Vec<u32>, Vec<u64>, u64, Option<usize>) {
        (
            sums.dense.iter().map(|x| x.to_bits()).collect(),
            sums.statistics.iter().map(|x| x.to_bits()).collect(),
            sums.loss.to_bits(),
            sums.not_finite,
        )
    }

    /// What `size` ranks make of `count` groups.
    fn summed(size: usize, count: usize) -> Vec<(Vec<u32>, Vec<u64>, u64, Option<usize>)> {
        together(size, |ranks| {
            let groups = groups_of(ranks.rank(), size, count);
            let (mut exchange, mut total) = (Exchange::default(), Sums::default());
            // Twice, so that what the first left behind would show.
            for _ in 0..2 {
                let mut reduction = Reduction::default();
                reduction.start(groups.clone(), count);
                groups
                    .clone()
                    .for_each(|group| reduction.done(group, of(group)));
                let mine = reduction.pieces();
                exchange.sum(&*ranks, mine, count, (DENSE, 3), &mut total);
            }
            bits(&total)
        })
    }

    #[test]
    fn any_number_of_ranks_has_the_bits_of_one() {
        for count in [1, 2, 3, 13, 16, 21] {
            let one = summed(1, count).remove(0);
            for size in 2..7 {
                for rank in summed(size, count) {
                    assert_eq!(rank, one, "{count} groups, {size} ranks");
                }
            }
        }
    }
}
