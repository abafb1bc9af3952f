//! Weights with their state, cut alike: how updates are spread over threads.
//!
//! Every update is element by element, so where a span is cut changes no bit.

use std::ops::Range;

use crate::autograd::Parameters;
use crate::kernels::update::{Rule, Update};
use crate::simd::Isa;

/// Numbers updated by one task: large enough that a task is worth its start.
pub(super) const CHUNK: usize = 1 << 14;

/// Listed rows updated by one task.
const ROWS: usize = 128;

/// Into how many tasks [`Span::each_row`] cuts a list.
pub(super) fn tasks_of_rows(listed: usize) -> usize {
    listed.div_ceil(ROWS).next_power_of_two()
}

/// Consecutive weights and their state.
#[derive(Debug)]
pub(super) struct Span<'a, const N: usize> {
    /// A part of the dense parameters, or rows of a table.
    pub w: &'a mut [f32],
    /// Each as long as `w`.
    pub state: [&'a mut [f32]; N],
}

impl<'a, const N: usize> Span<'a, N> {
    /// All dense parameters.
    pub fn dense(weights: &'a mut Parameters, state: &'a mut [Parameters; N]) -> Self {
        Span {
            w: &mut weights.dense,
            state: state.each_mut().map(|s| &mut s.dense[..]),
        }
    }

    /// A whole embedding table.
    pub fn table(
        number: usize,
        weights: &'a mut Parameters,
        state: &'a mut [Parameters; N],
    ) -> Self {
        Span {
            w: &mut weights.tables[number],
            state: state.each_mut().map(|s| &mut s.tables[number][..]),
        }
    }

    /// The first `at` numbers, and the others.
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let (left, right) = self.w.split_at_mut(at);
        let mut others = [const { None }; N];
        let mut slots = others.iter_mut();
        let first = self.state.map(|numbers| {
            let (first, other) = numbers.split_at_mut(at);
            if let Some(slot) = slots.next() {
                *slot = Some(other);
            }
            first
        });
        let left = Span {
            w: left,
            state: first,
        };
        let right = Span {
            w: right,
            state: others.map(Option::unwrap_or_default),
        };
        (left, right)
    }

    /// A part of it, for a while.
    pub fn part(&mut self, range: Range<usize>) -> Span<'_, N> {
        Span {
            w: &mut self.w[range.clone()],
            state: self.state.each_mut().map(|s| &mut s[range.clone()]),
        }
    }

    /// Takes the steps one after the other, all with the same gradient (none means zero) times `scale`.
    pub fn update<R: Rule<N>>(self, isa: Isa, steps: &[R], g: Option<&[f32]>, scale: f32) {
        isa.run(Update {
            steps,
            w: self.w,
            g,
            scale,
            state: self.state,
        });
    }

    /// Does `work` on chunks of `most` numbers, in parallel; it is told where each starts, this span starting at `first`.
    pub fn each_chunk(
        self,
        first: usize,
        most: usize,
        work: &(impl Fn(usize, Span<'_, N>) + Sync),
    ) {
        let chunks = self.w.len().div_ceil(most);
        if chunks < 2 {
            return work(first, self);
        }
        let at = chunks / 2 * most;
        let (left, right) = self.split_at(at);
        rayon::join(
            || left.each_chunk(first, most, work),
            || right.each_chunk(first + at, most, work),
        );
    }

    /// Does `work` on the listed rows of a table, in parallel. The list ascends by row; this span starts at row `first`.
    pub fn each_row(
        self,
        list: &[(u32, u32)],
        first: usize,
        dim: usize,
        work: &(impl Fn(u32, Span<'_, N>) + Sync),
    ) {
        if list.len() > ROWS {
            let (few, others) = list.split_at(list.len() / 2);
            let row = others[0].0 as usize;
            let (left, right) = self.split_at((row - first) * dim);
            rayon::join(
                || left.each_row(few, first, dim, work),
                || right.each_row(others, row, dim, work),
            );
            return;
        }
        let mut span = self;
        for &(row, what) in list {
            let at = (row as usize - first) * dim;
            work(what, span.part(at..at + dim));
        }
    }
}
