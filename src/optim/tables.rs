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
//!   that step's own constants, before it is touched ([`super::Optimizer::prepare`]) or read ([`super::Optimizer::settle`]).
//!   Rules are element by element, so the bits are those of `dense`, whatever the optimiser, its penalties and the
//!   schedule. The arithmetic is also that of `dense`; what is saved is memory traffic, as a row stays in registers while it
//!   catches up, and rows whose state is still zero, which stand still. The memory is 4 bytes a row and the constants of at
//!   most 1,024 steps; when these are full, all rows catch up.
//!
//! What a step of Adam on 2,048 rows costs (one thread, AVX-512, milliseconds): with MovieLens-1M's 13,375 rows of 16 + 1
//! numbers, `dense` 0.4, `lazy` 0.8, `exact` 1.7, as whole tables stream faster than single rows and nearly all rows move soon
//! anyway; with a million rows `dense` 17, `lazy` 2, `exact` 9.

use super::config::EmbeddingMode;
use super::span::{CHUNK, Span, tasks_of_rows};
use crate::autograd::Gradients;
use crate::autograd::touched::Touched;
use crate::autograd::trace::{Stage, Trace};
use crate::autograd::{Layout, Parameters};
use crate::kernels::update::Rule;
use crate::simd::Isa;

/// The most steps that a row may be behind.
const HISTORY: usize = 1024;

/// Numbers of a kernel's call on a whole table: their gradients lie on the stack.
const BLOCK: usize = 512;

/// What the steps on tables share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work<'a> {
    /// The instruction set of the kernels.
    pub isa: Isa,
    /// Of the tables whose rows are here.
    pub layout: &'a Layout,
    /// What the first steps were made of goes here.
    pub trace: &'a Trace,
}

/// The mode, and who is how far behind.
#[derive(Debug)]
pub(super) struct Tables<R, const N: usize> {
    /// Never `auto`: that was settled by the number of rows.
    mode: EmbeddingMode,
    /// The steps that some row may still have to take.
    history: Vec<R>,
    /// Per row (all tables share ids): how many steps of `history` it took.
    taken: Vec<u32>,
    /// Rows to work on, ascending, with a number each: the steps taken, or the place in the gradient.
    list: Vec<(u32, u32)>,
}

impl<R: Rule<N>, const N: usize> Tables<R, N> {
    /// With no step done; `layout` says how many rows there are.
    pub fn new(mode: EmbeddingMode, layout: &Layout) -> Self {
        let rows = layout.table_rows();
        let mode = mode.for_rows(rows);
        let (rows, history) = match mode {
            EmbeddingMode::Exact => (rows, HISTORY),
            _ => (0, 0),
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
        work.trace.time(Stage::of("list of rows behind", 1, 0), || {
            for row in ids {
                let taken = &mut self.taken[row as usize];
                if *taken < now {
                    self.list.push((row, *taken));
                    *taken = now;
                }
            }
            self.list.sort_unstable();
        });
        let Tables { history, list, .. } = self;
        for (number, table) in work.layout.tables.iter().enumerate() {
            let replay = |taken: u32, row: Span<'_, N>| {
                let missed = &history[taken as usize..];
                let at_rest = R::rests(row.state.each_ref().map(|s| &**s));
                if !(at_rest && missed.iter().all(R::is_pure)) {
                    row.update(work.isa, missed, None, 1.0);
                }
            };
            let stage = touched_rows::<N>("catching up", list.len(), table.dim);
            let span = Span::table(number, weights, state);
            work.trace
                .time(stage, || span.each_row(list, 0, table.dim, &replay));
        }
    }

    /// Whether some row may have steps to take.
    pub fn is_behind(&self) -> bool {
        !self.history.is_empty()
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
        let step = TableStep {
            isa: work.isa,
            rule,
            gradients,
            scale,
        };
        if self.mode != EmbeddingMode::Dense {
            let stage = Stage::of("list of touched rows", 1, 8 * gradients.touched.ids().len());
            work.trace
                .time(stage, || self.list_touched(gradients.touched));
        }
        for (number, table) in work.layout.tables.iter().enumerate() {
            let span = Span::table(number, weights, state);
            let stage = self.stage(table.rows, table.dim);
            work.trace.time(stage, || match self.mode {
                EmbeddingMode::Dense => step.all(number, table.dim, span),
                EmbeddingMode::Lazy | EmbeddingMode::Exact | EmbeddingMode::Auto => {
                    step.touched(number, table.dim, &self.list, span);
                }
            });
        }
        if self.mode == EmbeddingMode::Exact {
            self.keep(rule, gradients.touched.ids());
            if self.history.len() == HISTORY {
                self.settle(work, weights, state);
            }
        }
    }

    /// What a step on a table is in a trace.
    fn stage(&self, rows: usize, dim: usize) -> Stage {
        const NAME: &str = "update of tables";
        match self.mode {
            EmbeddingMode::Dense => {
                let tasks = rows.div_ceil((CHUNK / dim).max(1));
                Stage::of(NAME, tasks, 4 * rows * dim * (3 + 2 * N))
            }
            _ => touched_rows::<N>(NAME, self.list.len(), dim),
        }
    }

    /// Lists the touched rows with their places in the gradient.
    fn list_touched(&mut self, touched: &Touched) {
        let touched = touched.ids().iter().zip(0..);
        self.list.clear();
        self.list.extend(touched.map(|(&row, slot)| (row, slot)));
        self.list.sort_unstable();
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

/// Work on so many listed rows, with `N` numbers of state to each of theirs.
fn touched_rows<const N: usize>(name: &'static str, listed: usize, dim: usize) -> Stage {
    let bytes = 4 * listed * dim * (3 + 2 * N);
    Stage::of(name, tasks_of_rows(listed), bytes)
}

/// A step on tables.
#[derive(Debug, Clone, Copy)]
struct TableStep<'a, R> {
    isa: Isa,
    /// The step's constants.
    rule: R,
    gradients: Gradients<'a>,
    /// What gradients are multiplied by (clipping).
    scale: f32,
}

impl<'a, R> TableStep<'a, R> {
    /// The gradient of a touched row.
    fn gradient(&self, table: usize, dim: usize, slot: usize) -> &'a [f32] {
        &self.gradients.tables[table][slot * dim..(slot + 1) * dim]
    }

    /// Moves the touched rows, given with their places in the gradient.
    fn touched<const N: usize>(
        self,
        table: usize,
        dim: usize,
        list: &[(u32, u32)],
        span: Span<'_, N>,
    ) where
        R: Rule<N>,
    {
        let update = |slot: u32, row: Span<'_, N>| {
            let g = self.gradient(table, dim, slot as usize);
            row.update(self.isa, &[self.rule], Some(g), self.scale);
        };
        span.each_row(list, 0, dim, &update);
    }

    /// Moves every row.
    fn all<const N: usize>(self, table: usize, dim: usize, span: Span<'_, N>)
    where
        R: Rule<N>,
    {
        let rows = (CHUNK / dim).max(1);
        span.each_chunk(0, rows * dim, &|first, mut chunk: Span<'_, N>| {
            // Rows are short: a kernel's call takes as many as the buffer holds.
            let most = (BLOCK / dim).max(1) * dim;
            for at in (0..chunk.w.len()).step_by(most) {
                let end = (at + most).min(chunk.w.len());
                self.block(table, dim, (first + at) / dim, chunk.part(at..end));
            }
        });
    }

    /// Moves consecutive rows, which fit the buffer unless it is a single one.
    fn block<const N: usize>(self, table: usize, dim: usize, first: usize, span: Span<'_, N>)
    where
        R: Rule<N>,
    {
        let mut buffer = [0.0; BLOCK];
        let (numbers, mut some) = (span.w.len(), None);
        for row in 0..numbers / dim {
            if let Some(slot) = self.gradients.touched.slot(first + row) {
                some = Some(self.gradient(table, dim, slot));
                if let Some(to) = buffer.get_mut(row * dim..(row + 1) * dim) {
                    to.copy_from_slice(self.gradient(table, dim, slot));
                }
            }
        }
        let g = some.map(|only| buffer.get(..numbers).unwrap_or(only));
        span.update(self.isa, &[self.rule], g, self.scale);
    }
}
