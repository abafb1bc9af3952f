//! Steps on embedding tables, whose gradient is zero but for the rows that the batch touched.
//!
//! A gradient of zero is not a step of zero: momentum runs on, penalties pull. The three modes differ in when the untouched
//! rows move:
//!
//! - `dense`: now. A step costs as much as the tables are large.
//! - `lazy`: never. A step costs as much as the batch touches. It is another algorithm (TensorFlow's LazyAdam, PyTorch's
//!   SparseAdam): the state of a row neither decays nor moves it between touches; the step's number, and so Adam's bias
//!   correction, counts all steps.
//! - `exact`: later. The constants of past steps are kept; a row takes the steps it missed one by one, with the same kernel and
//!   that step's own constants, before it is touched ([`Tables::prepare`]) or read ([`Tables::settle`]). Rules are element by
//!   element, so the bits are those of `dense`, whatever the optimiser. The arithmetic is also that of `dense`; what is
//!   saved is memory traffic, as a row stays in registers while it catches up, and rows whose state is still zero, which stand
//!   still. The memory is 4 bytes a row and the constants of at most [`HISTORY`] steps; when these are full, all rows catch up.

use super::config::EmbeddingMode;
use super::span::{CHUNK, Span};
use crate::autograd::engine::Gradients;
use crate::autograd::{Layout, Parameters};
use crate::kernels::update::Rule;
use crate::simd::Isa;

/// The most steps that a row may be behind.
const HISTORY: usize = 1024;

/// What the steps on tables share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work<'a> {
    pub isa: Isa,
    pub layout: &'a Layout,
}

/// The mode, and who is how far behind.
#[derive(Debug)]
pub(super) struct Tables<R, const N: usize> {
    mode: EmbeddingMode,
    /// The steps that some row may still have to take.
    history: Vec<R>,
    /// Per row (all tables share ids): how many steps of `history` it took.
    taken: Vec<u32>,
    /// Rows to work on, ascending, with a number each: the steps taken, or the place in the gradient.
    list: Vec<(u32, u32)>,
}

impl<R: Rule<N>, const N: usize> Tables<R, N> {
    pub fn new(mode: EmbeddingMode, layout: &Layout) -> Self {
        let rows = layout.tables.iter().map(|t| t.rows).max().unwrap_or(0);
        let (rows, history) = match mode {
            EmbeddingMode::Exact => (rows, HISTORY),
            EmbeddingMode::Dense | EmbeddingMode::Lazy => (0, 0),
        };
        Tables {
            mode,
            history: Vec::with_capacity(history),
            taken: vec![0; rows],
            list: Vec::with_capacity(rows),
        }
    }

    /// Brings the rows `ids` (repetitions allowed) up to date.
    pub fn prepare(
        &mut self,
        work: Work<'_>,
        ids: impl Iterator<Item = u32>,
        weights: &mut Parameters,
        state: &mut [Parameters; N],
    ) {
        let now = self.history.len() as u32;
        self.list.clear();
        if now == 0 {
            return;
        }
        for row in ids {
            let taken = &mut self.taken[row as usize];
            if *taken < now {
                self.list.push((row, *taken));
                *taken = now;
            }
        }
        self.list.sort_unstable();
        let Tables { history, list, .. } = self;
        for (number, table) in work.layout.tables.iter().enumerate() {
            let replay = |taken: u32, row: Span<'_, N>| {
                let missed = &history[taken as usize..];
                let at_rest = R::rests(row.state.each_ref().map(|s| &**s));
                if !(at_rest && missed.iter().all(R::is_pure)) {
                    row.update(work.isa, missed, None, 1.0);
                }
            };
            Span::table(number, weights, state).each_row(list, 0, table.dim, &replay);
        }
    }

    /// Brings all rows up to date.
    pub fn settle(
        &mut self,
        work: Work<'_>,
        weights: &mut Parameters,
        state: &mut [Parameters; N],
    ) {
        let rows = self.taken.len() as u32;
        self.prepare(work, 0..rows, weights, state);
        self.taken.fill(0);
        self.history.clear();
    }

    /// One step.
    pub fn step(
        &mut self,
        work: Work<'_>,
        rule: R,
        gradients: Gradients<'_>,
        scale: f32,
        weights: &mut Parameters,
        state: &mut [Parameters; N],
    ) {
        let whole = Whole {
            isa: work.isa,
            steps: &[rule],
            gradients,
            scale,
        };
        if self.mode == EmbeddingMode::Dense {
            for (number, table) in work.layout.tables.iter().enumerate() {
                let rows = (CHUNK / table.dim).max(1);
                let update = |first: usize, span: Span<'_, N>| {
                    whole.update(number, table.dim, first / table.dim, span);
                };
                Span::table(number, weights, state).each_chunk(0, rows * table.dim, &update);
            }
            return;
        }
        let ids = gradients.index.ids();
        self.list.clear();
        self.list
            .extend(ids.iter().zip(0..).map(|(&row, slot)| (row, slot)));
        self.list.sort_unstable();
        for (number, table) in work.layout.tables.iter().enumerate() {
            let update = |slot: u32, row: Span<'_, N>| {
                let g = whole.gradient(number, table.dim, slot as usize);
                row.update(work.isa, &[rule], Some(g), scale);
            };
            Span::table(number, weights, state).each_row(&self.list, 0, table.dim, &update);
        }
        if self.mode == EmbeddingMode::Exact {
            self.keep(rule, ids);
            if self.history.len() == HISTORY {
                self.settle(work, weights, state);
            }
        }
    }

    /// Remembers a step that the rows `ids` have taken.
    fn keep(&mut self, rule: R, ids: &[u32]) {
        let before = self.history.len() as u32;
        self.history.push(rule);
        for &row in ids {
            let taken = &mut self.taken[row as usize];
            debug_assert_eq!(*taken, before, "row {row} was touched without `prepare`");
            *taken = before + 1;
        }
    }
}

/// A step on every row of a table.
#[derive(Debug, Clone, Copy)]
struct Whole<'a, R> {
    isa: Isa,
    steps: &'a [R; 1],
    gradients: Gradients<'a>,
    scale: f32,
}

impl<'a, R> Whole<'a, R> {
    /// The gradient of a touched row.
    fn gradient(&self, table: usize, dim: usize, slot: usize) -> &'a [f32] {
        &self.gradients.tables[table][slot * dim..(slot + 1) * dim]
    }

    /// Steps on the rows of `span`, whose first one is row `first`; neighbours without gradient go together.
    fn update<const N: usize>(self, table: usize, dim: usize, first: usize, span: Span<'_, N>)
    where
        R: Rule<N>,
    {
        let slot = |row: usize| self.gradients.index.slot(row);
        let (mut row, end) = (first, first + span.w.len() / dim);
        let mut rest = span;
        while row < end {
            let (rows, g) = match slot(row) {
                Some(slot) => (1, Some(self.gradient(table, dim, slot))),
                None => ((row..end).take_while(|&r| slot(r).is_none()).count(), None),
            };
            let (these, others) = rest.split_at(rows * dim);
            these.update(self.isa, self.steps, g, self.scale);
            (row, rest) = (row + rows, others);
        }
    }
}
