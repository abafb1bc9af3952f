//! Gradients of embedding tables: the rows a batch touched, and what each gets.
//!
//! Shards lay out the gradient of every looked-up embedding, sample by sample. Here the samples that share a table row are
//! summed: an index of the batch lists, for every touched row, who looked it up, in the batch's order. A row's gradient is summed
//! group by group, one after the other within a group and the groups in the order of their tree (see [`super::tree`]): the same
//! additions whoever computes which of them.

use std::ops::Range;

use rayon::prelude::*;

use super::part::GROUP_ROWS;
use super::touched::Touched;
use super::trace::{Stage, Trace};
use super::tree::{LEVELS, Waiting, meeting};
use crate::data::batch::{Batch, FieldBatch};
use crate::simd::{Isa, Kernel, Simd};

/// Touched rows that one task sums.
const SLOTS_OF_TASK: usize = 64;

/// One look-up: `scale` times the row was the embedding of `field` in sample `row`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    row: u32,
    field: u32,
    scale: f32,
}

/// Which table rows a batch touches, and by which samples. One index serves all tables: they share ids.
#[derive(Debug, Default)]
pub struct SparseIndex {
    touched: Touched,
    /// `entries[starts[slot]..starts[slot + 1]]` looked up the row at that place of the list.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    /// The number of the batch's first group in the step.
    first_group: usize,
    /// Where the list of each piece ends.
    ends: Vec<usize>,
}

/// Tells who of some rows looks up what, field by field, sample by sample. (As an iterator it took several times as long.)
fn each_lookup(batch: &Batch, rows: Range<usize>, mut tell: impl FnMut(u32, Entry)) {
    for (field, of_field) in (0..).zip(&batch.fields) {
        let entry = |row, scale| Entry { row, field, scale };
        match of_field {
            FieldBatch::One { ids } => {
                for (row, &id) in (rows.start as u32..).zip(&ids[rows.clone()]) {
                    tell(id, entry(row, 1.0));
                }
            }
            _ => {
                for row in rows.clone() {
                    for (id, scale) in of_field.bag(row) {
                        tell(id, entry(row as u32, scale));
                    }
                }
            }
        }
    }
}

impl SparseIndex {
    /// An empty index for tables of `rows` rows.
    pub fn new(rows: usize) -> SparseIndex {
        SparseIndex {
            touched: Touched::new(rows),
            ..SparseIndex::default()
        }
    }

    /// Makes room for tables of so many rows.
    pub fn grow(&mut self, rows: usize) {
        self.touched.grow(rows);
    }

    /// The touched table rows.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// The places that each piece has in the list.
    pub fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| start..end)
    }

    /// Lists a batch's look-ups by table row (a counting sort).
    pub fn build(&mut self, batch: &Batch) {
        self.build_pieces(batch, 0, std::iter::once(0..batch.rows));
    }

    /// The same for each of some pieces of the batch, which are rows of it: a table row is listed once for each piece that touches
    /// it. The batch's first row is that of group number `first_group` of its step.
    pub fn build_pieces(
        &mut self,
        batch: &Batch,
        first_group: usize,
        pieces: impl Iterator<Item = Range<usize>> + Clone,
    ) {
        self.first_group = first_group;
        self.touched.clear();
        self.ends.clear();
        self.starts.clear();
        self.starts.push(0);
        let mut first = 0;
        for rows in pieces.clone() {
            self.touched.forget(first);
            first = self.touched.ids().len();
            each_lookup(batch, rows, |id, _| {
                let (slot, new) = self.touched.touch(id);
                if new {
                    self.starts.push(0);
                }
                self.starts[slot as usize + 1] += 1;
            });
            self.ends.push(self.touched.ids().len());
        }
        for slot in 1..self.starts.len() {
            self.starts[slot] += self.starts[slot - 1];
        }
        let total = self.starts[self.touched.ids().len()] as usize;
        self.entries.resize(
            total,
            Entry {
                row: 0,
                field: 0,
                scale: 0.0,
            },
        );
        self.fill(batch, pieces);
    }

    /// [`SparseIndex::build_pieces`], as a stage of a trace.
    pub fn build_timed(
        &mut self,
        trace: &Trace,
        batch: &Batch,
        first_group: usize,
        pieces: impl Iterator<Item = Range<usize>> + Clone,
    ) {
        let stage = Stage::beside("index", 24 * batch.rows * batch.fields.len());
        trace.time(stage, || self.build_pieces(batch, first_group, pieces));
    }

    /// Puts the look-ups in their places.
    fn fill(&mut self, batch: &Batch, pieces: impl Iterator<Item = Range<usize>>) {
        // Each slot's start serves as its cursor and ends at the next slot's start; shifting by one restores it.
        let mut first = 0;
        for (rows, &end) in pieces.zip(&self.ends) {
            self.touched.relist(first..end);
            first = end;
            each_lookup(batch, rows, |id, entry| {
                let (slot, _) = self.touched.touch(id);
                let cursor = &mut self.starts[slot as usize];
                self.entries[*cursor as usize] = entry;
                *cursor += 1;
            });
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
    }

    /// What [`SparseIndex::sum`] is in a trace.
    pub fn stage(&self, dim: usize) -> Stage {
        let touched = self.starts.len().saturating_sub(1);
        let bytes = 4 * dim * (self.entries.len() + touched);
        Stage::of(
            "sum of touched rows",
            touched.div_ceil(SLOTS_OF_TASK),
            bytes,
        )
    }

    /// The gradients of the touched rows, `[touched, dim]`: `sample(row)` gives a sample's gradients, `[fields * dim]`.
    pub fn sum<'a>(
        &self,
        isa: Isa,
        dim: usize,
        sample: impl Fn(usize) -> &'a [f32] + Sync,
        out: &mut Vec<f32>,
    ) {
        out.resize(self.touched.ids().len() * dim, 0.0);
        let task = SLOTS_OF_TASK * dim;
        out.par_chunks_mut(task)
            .enumerate()
            .for_each(|(task_index, out)| {
                isa.run(SumSlots {
                    index: self,
                    first: task_index * SLOTS_OF_TASK,
                    dim,
                    sample: &sample,
                    out,
                });
            });
    }
}

/// How many entries ahead gradients are fetched: they lie anywhere in the groups' memory, and most rows have few.
const AHEAD: usize = 8;

/// The sums of some neighbouring slots: `out` is `[slots, dim]`.
struct SumSlots<'a, F> {
    index: &'a SparseIndex,
    first: usize,
    dim: usize,
    sample: &'a F,
    out: &'a mut [f32],
}

impl<'g, F: Fn(usize) -> &'g [f32]> Kernel for SumSlots<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let whole = self.dim / S::LANES * S::LANES;
        let mut waiting = Waiting::new(s.splat(0.0));
        let mut rest = Waiting::new(0.0);
        let SparseIndex {
            starts,
            entries: all,
            first_group,
            ..
        } = self.index;
        for (slot, sum) in (self.first..).zip(self.out.chunks_exact_mut(self.dim)) {
            let entries = &all[starts[slot] as usize..starts[slot + 1] as usize];
            let grad = |entry: &Entry| {
                let field = entry.field as usize * self.dim;
                &(self.sample)(entry.row as usize)[field..field + self.dim]
            };
            let coming = &all[(starts[slot] as usize + AHEAD).min(all.len())..];
            for at in (0..whole).step_by(S::LANES) {
                let mut total = s.splat(0.0);
                for (place, entry) in entries.iter().enumerate() {
                    if let Some(coming) = coming.get(place) {
                        s.prefetch(grad(coming), at);
                    }
                    total = s.mul_add(s.splat(entry.scale), s.load(grad(entry), at), total);
                    if let Some(level) = level_behind(entries, place, *first_group) {
                        while let Some(left) = waiting.below(level) {
                            total = s.add(left, total);
                        }
                        waiting.push(total, level);
                        total = s.splat(0.0);
                    }
                }
                while let Some(left) = waiting.below(LEVELS as u32) {
                    total = s.add(left, total);
                }
                s.store(total, sum, at);
            }
            for (at, sum) in sum.iter_mut().enumerate().skip(whole) {
                let mut total = 0.0;
                for (place, entry) in entries.iter().enumerate() {
                    total += entry.scale * grad(entry)[at];
                    if let Some(level) = level_behind(entries, place, *first_group) {
                        while let Some(left) = rest.below(level) {
                            total += left;
                        }
                        rest.push(total, level);
                        total = 0.0;
                    }
                }
                while let Some(left) = rest.below(LEVELS as u32) {
                    total += left;
                }
                *sum = total;
            }
        }
    }
}

/// The level of the tree at which the group of an entry meets the one of the next entry; none when that is of the same group, or there
/// is none.
#[inline(always)]
fn level_behind(entries: &[Entry], place: usize, first_group: usize) -> Option<u32> {
    let group = |entry: &Entry| first_group + entry.row as usize / GROUP_ROWS;
    let (own, next) = (group(&entries[place]), group(entries.get(place + 1)?));
    (own != next).then(|| meeting(own, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_shared_by_samples_are_summed_with_their_scales() {
        let batch = Batch {
            rows: 3,
            fields: vec![
                FieldBatch::One { ids: vec![2, 0, 2] },
                FieldBatch::Mean {
                    starts: vec![0, 2, 3, 5],
                    ids: vec![4, 5, 4, 5, 5],
                },
                FieldBatch::Scaled {
                    ids: vec![7, 7, 6],
                    values: vec![0.5, 2.0, 1.0],
                },
            ],
            ..Batch::default()
        };
        let mut index = SparseIndex::new(8);
        let samples: Vec<Vec<f32>> = (0..3)
            .map(|r| (0..3).map(|f| (10 * r + f + 1) as f32).collect())
            .collect();
        // Twice, so that a stale slot of the first build would show.
        for _ in 0..2 {
            index.build(&batch);
            let mut out = Vec::new();
            index.sum(Isa::available()[0], 1, |row| &samples[row], &mut out);
            assert_eq!(index.touched().ids(), [2, 0, 4, 5, 7, 6]);
            let half = |x: f32| x / 2.0;
            let five = half(2.0) + half(22.0) + half(22.0);
            assert_eq!(
                out,
                [1.0 + 21.0, 11.0, half(2.0) + 12.0, five, 1.5 + 26.0, 23.0]
            );
            assert_eq!(index.touched().slot(4), Some(2));
            assert_eq!(index.touched().slot(1), None);
        }
    }

    /// What the group sums of `values` (none: nobody of the group looked the row up) add up to, by the picture in [`crate::autograd::tree`].
    fn by_tree(values: &[Option<f32>], level: u32) -> Option<f32> {
        if level == 0 {
            return values.first().copied().flatten();
        }
        let half = values.len().min(1 << (level - 1));
        let (left, right) = values.split_at(half);
        match (by_tree(left, level - 1), by_tree(right, level - 1)) {
            (Some(left), Some(right)) => Some(left + right),
            (one, other) => one.or(other),
        }
    }

    #[test]
    fn rows_of_several_groups_are_summed_in_the_order_of_the_tree() {
        const DIM: usize = 19;
        const GROUPS: usize = 11;
        let rows = GROUPS * GROUP_ROWS - 5;
        // Row 1 of the table is left out by every third group.
        let id = |row: usize| match row % 3 {
            1 if row / GROUP_ROWS % 3 == 2 => 2,
            id => id as u32,
        };
        let ids = (0..rows).map(id).collect();
        let batch = Batch {
            rows,
            fields: vec![FieldBatch::One { ids }],
            ..Batch::default()
        };
        // Of very different sizes, so that the order of additions shows.
        let value = |row: usize, k: usize| 1.1f32.powi((row * 37 % 101) as i32) * (k as f32 - 8.5);
        let samples: Vec<Vec<f32>> = (0..rows)
            .map(|row| (0..DIM).map(|k| value(row, k)).collect())
            .collect();
        let mut index = SparseIndex::new(3);
        index.build(&batch);
        for isa in Isa::available() {
            let mut out = Vec::new();
            index.sum(isa, DIM, |row| &samples[row], &mut out);
            for (slot, &own) in index.touched().ids().iter().enumerate() {
                for k in 0..DIM {
                    let of_group = |group: usize| {
                        let rows = group * GROUP_ROWS..((group + 1) * GROUP_ROWS).min(rows);
                        let mut terms = rows.filter(|&row| id(row) == own).map(|row| value(row, k));
                        let first = terms.next()?;
                        Some(terms.fold(0.0 + first, |sum, x| sum + x))
                    };
                    let groups: Vec<Option<f32>> = (0..GROUPS).map(of_group).collect();
                    let expected = by_tree(&groups, 4).unwrap();
                    let found = out[slot * DIM + k];
                    assert_eq!(found.to_bits(), expected.to_bits(), "{isa:?} {own} {k}");
                }
            }
        }
    }
}
