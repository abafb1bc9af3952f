//! The binary tree over the groups of a batch, in which everything that a batch sums up is summed.
//!
//! ```text
//! level 2   |           0             |
//! level 1   |     0      |     1      |
//! level 0   |  0  |  1   |  2  |  3   |      the groups
//! ```
//!
//! Additions of floats depend on their order; this one depends on the groups' numbers alone. So neither who computes a group
//! nor when it is done shows in a sum, be it a thread or another process.

use std::ops::Range;

/// More levels than a batch has: its rows are numbered in 32 bits.
pub const LEVELS: usize = 33;

/// A node of the tree: the groups `number << level .. (number + 1) << level`, as far as there are so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeNode {
    level: u32,
    number: usize,
}

impl TreeNode {
    /// A group by itself.
    pub fn leaf(group: usize) -> TreeNode {
        TreeNode {
            level: 0,
            number: group,
        }
    }

    /// Its groups, of `count` in all.
    pub fn groups(self, count: usize) -> Range<usize> {
        let end = ((self.number + 1) << self.level).min(count);
        (self.number << self.level).min(end)..end
    }

    /// The node above, and whether it is a part of `range`; none above the root.
    pub fn above(self, range: &Range<usize>, count: usize) -> Option<TreeNode> {
        let node = TreeNode {
            level: self.level + 1,
            number: self.number / 2,
        };
        let groups = node.groups(count);
        let within = groups.start >= range.start && groups.end <= range.end;
        (within && self.groups(count) != (0..count)).then_some(node)
    }

    /// The other node below the same one.
    pub fn sibling(self) -> TreeNode {
        TreeNode {
            number: self.number ^ 1,
            ..self
        }
    }

    /// Whether it is added to its sibling, not the sibling to it.
    pub fn is_right(self) -> bool {
        self.number % 2 == 1
    }
}

/// The largest nodes that make up a range of `count` groups, in their order.
pub fn pieces(range: Range<usize>, count: usize) -> impl Iterator<Item = TreeNode> + Clone {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let mut node = (start < range.end).then(|| TreeNode::leaf(start))?;
        let rest = start..range.end;
        while let Some(above) = node.above(&rest, count) {
            node = above;
        }
        start = node.groups(count).end;
        Some(node)
    })
}

/// The level at which two groups, or nodes that begin with them, come together.
#[inline(always)]
pub fn meeting(left: usize, right: usize) -> u32 {
    usize::BITS - (left ^ right).leading_zeros()
}

/// The most sums that are alive at once when `threads` workers take `count` groups one after the other: each has one in hand, and
/// the groups before, between and behind those in hand are whole nodes, at most two a level each.
pub fn most_alive(threads: usize, count: usize) -> usize {
    let levels = count.next_power_of_two().ilog2() as usize;
    count.min(threads * (2 * levels + 1))
}

/// Sums what comes in the order of the groups, of which some may be missing: whoever has the next term takes from here what is
/// to be added first.
///
/// ```text
/// for each term: while let Some(left) = waiting.below(level) { term = left + term }  waiting.push(term, level)
/// ```
///
/// with the level at which the term meets the one behind it; [`LEVELS`] for the last one, which is then the sum.
#[derive(Debug)]
pub struct Waiting<T> {
    terms: [(T, u32); LEVELS],
    height: usize,
}

impl<T: Copy> Waiting<T> {
    /// Nothing yet; `fill` takes up the room.
    #[inline(always)]
    pub fn new(fill: T) -> Waiting<T> {
        Waiting {
            terms: [(fill, 0); LEVELS],
            height: 0,
        }
    }

    /// What is to be added to a term from the left, before that meets another at `level`.
    #[inline(always)]
    pub fn below(&mut self, level: u32) -> Option<T> {
        let (term, own) = *self.terms[..self.height].last()?;
        (own < level).then(|| {
            self.height -= 1;
            term
        })
    }

    /// A term that waits for the one that it meets at `level`.
    #[inline(always)]
    pub fn push(&mut self, term: T, level: u32) {
        self.terms[self.height] = (term, level);
        self.height += 1;
    }
}

/// Adds up terms of W numbers that nodes beginning with the groups `starts` have, which are in order; zero when there is none.
pub fn sum<T, const W: usize>(starts: &[usize], term: impl Fn(usize) -> [T; W]) -> [T; W]
where
    T: Copy + Default + std::ops::Add<Output = T>,
{
    let mut waiting = Waiting::new([T::default(); W]);
    let mut total = [T::default(); W];
    for (place, &start) in starts.iter().enumerate() {
        total = term(place);
        let next = starts.get(place + 1);
        let level = next.map_or(LEVELS as u32, |&next| meeting(start, next));
        while let Some(left) = waiting.below(level) {
            for (sum, left) in total.iter_mut().zip(left) {
                *sum = left + *sum;
            }
        }
        if next.is_some() {
            waiting.push(total, level);
        }
    }
    total
}

/// Numbers that [`sum_slices`] adds at once.
const WIDTH: usize = 16;

/// [`sum`] of terms that are as long as `out`.
pub fn sum_slices<'a>(starts: &[usize], term: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    if starts.len() == 1 {
        return out.copy_from_slice(term(0));
    }
    for (number, out) in out.chunks_mut(WIDTH).enumerate() {
        let at = number * WIDTH;
        let total = sum(starts, |place| {
            let mut numbers = [0.0; WIDTH];
            numbers[..out.len()].copy_from_slice(&term(place)[at..][..out.len()]);
            numbers
        });
        out.copy_from_slice(&total[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How groups `range` of `count` are added up, by the definition.
    fn sum(node: TreeNode, range: &Range<usize>, count: usize) -> String {
        let groups = node.groups(count);
        let (start, end) = (groups.start.max(range.start), groups.end.min(range.end));
        match end.saturating_sub(start) {
            0 => return String::new(),
            1 => return start.to_string(),
            _ => {}
        }
        let below = [0, 1].map(|side| TreeNode {
            level: node.level - 1,
            number: 2 * node.number + side,
        });
        let [left, right] = below.map(|node| sum(node, range, count));
        match left.is_empty() || right.is_empty() {
            true => left + &right,
            false => format!("({left}+{right})"),
        }
    }

    fn root(count: usize) -> TreeNode {
        pieces(0..count, count).next().unwrap()
    }

    #[test]
    fn a_whole_batch_is_one_piece_and_others_are_few_and_in_order() {
        for count in 1..70 {
            assert_eq!(pieces(0..count, count).count(), 1, "{count}");
            for start in 0..count {
                for end in start..=count {
                    let all: Vec<_> = pieces(start..end, count).collect();
                    let groups = all.iter().flat_map(|node| node.groups(count));
                    assert!(groups.eq(start..end));
                    assert!(all.len() <= 2 * 7);
                }
            }
        }
    }

    /// Any groups that are there, in their order, are added up as the tree over all says.
    #[test]
    fn waiting_terms_are_added_in_the_order_of_the_tree() {
        for count in 1..40 {
            for (start, end) in (0..count).flat_map(|s| (s + 1..=count).map(move |e| (s, e))) {
                let mut texts: Vec<String> = Vec::new();
                let mut waiting = Waiting::new(0);
                let mut total = 0;
                for group in start..end {
                    texts.push(group.to_string());
                    total = texts.len() - 1;
                    let level = match group + 1 == end {
                        true => LEVELS as u32,
                        false => meeting(group, group + 1),
                    };
                    while let Some(left) = waiting.below(level) {
                        texts.push(format!("({}+{})", texts[left], texts[total]));
                        total = texts.len() - 1;
                    }
                    waiting.push(total, level);
                }
                assert_eq!(texts[total], sum(root(count), &(start..end), count));
            }
        }
    }
}
