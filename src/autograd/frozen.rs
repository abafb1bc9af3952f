//! Inference with weights that stay as they are: what is linear in embeddings is computed once per table row, not once per
//! sample.
//!
//! The first interacting layer projects each embedding by itself, and the perceptron's first product is a sum over fields,
//! `[x_1 .. x_F] W = sum_f x_f W_f`. Both are known for every table row before a sample is seen; what is left for a sample
//! is to look them up. Ops say so with [`Op::frozen_units`](super::Op::frozen_units).

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::factors::{WeightPairs, Weights};
use super::layout::{Parameters, TableId};
use super::op::{BLOCK, Freeze};
use super::tape::{Node, Tape, Var};
use crate::kernels::columns_mut;
use crate::kernels::lookup::{Gather, ToSamples};
use crate::simd::{Aligned, Isa};

/// The most memory that frozen rows may take: about a third-level cache. Beyond it, fetching them costs what they save.
const FROZEN_BYTES: usize = 32 << 20;

/// Weights, and what follows from them alone. Made by [`super::Engine::freeze`].
#[derive(Debug)]
pub struct Frozen<'a> {
    parameters: Cow<'a, Parameters>,
    pairs: WeightPairs,
    /// Per node: `[table rows, frozen units]`, empty for ops that compute everything anew.
    rows: Vec<Aligned>,
    /// Per node: whether the result is still asked for.
    needed: Vec<bool>,
}

impl<'a> Frozen<'a> {
    /// Freezes what fits the memory, in the order of the tape. Runs on the current thread pool.
    pub(super) fn new(isa: Isa, tape: &Tape, parameters: Cow<'a, Parameters>, logit: &Var) -> Self {
        Frozen::of_rows(isa, tape, parameters, None, logit)
    }

    /// The same where the tables are some rows of the model's: those of each field from one of `starts` on. What is frozen of whole
    /// tables is frozen of these.
    pub(super) fn of_rows(
        isa: Isa,
        tape: &Tape,
        parameters: Cow<'a, Parameters>,
        starts: Option<&[usize]>,
        logit: &Var,
    ) -> Self {
        let pairs = WeightPairs::of(isa, tape.layout(), &parameters);
        let mut left = FROZEN_BYTES / size_of::<f32>();
        let rows = tape.nodes().iter().map(|node| {
            let units = node.op.frozen_units(isa);
            let table = (units > 0).then(|| embeddings(tape, node)).flatten();
            let Some(table) = table.filter(|t| tape.layout().tables[t.0].rows * units <= left)
            else {
                return Aligned::default();
            };
            let spec = &tape.layout().tables[table.0];
            left -= spec.rows * units;
            let starts = starts.unwrap_or(&spec.field_starts);
            freeze(isa, tape, node, (table, starts), (&parameters, &pairs))
        });
        let rows: Vec<_> = rows.collect();
        let needed = needed(tape, &rows, &[logit]);
        Frozen {
            parameters,
            pairs,
            rows,
            needed,
        }
    }

    /// The weights.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Made of the weights.
    pub(super) fn pairs(&self) -> &WeightPairs {
        &self.pairs
    }

    /// What the frozen rows take, beside the weights.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|rows| size_of_val(&rows[..])).sum()
    }

    /// A node's frozen rows, empty when it has none.
    pub(super) fn rows(&self, node: usize) -> &[f32] {
        &self.rows[node]
    }

    /// Per node of the tape: whether it has to run for the logit to be known.
    pub(super) fn needed(&self) -> &[bool] {
        &self.needed
    }

    /// The same for other results of the tape, which the logit may do without: embeddings, when what is made of them is frozen.
    pub(super) fn needed_for(&self, tape: &Tape, results: &[&Var]) -> Vec<bool> {
        needed(tape, &self.rows, results)
    }
}

impl<'a> From<&'a Parameters> for Cow<'a, Parameters> {
    fn from(parameters: &'a Parameters) -> Self {
        Cow::Borrowed(parameters)
    }
}

impl From<Parameters> for Cow<'_, Parameters> {
    fn from(parameters: Parameters) -> Self {
        Cow::Owned(parameters)
    }
}

/// The table whose embeddings, all fields of them, are the node's only operand.
fn embeddings(tape: &Tape, node: &Node) -> Option<TableId> {
    let [units] = node.operands.as_slice() else {
        return None;
    };
    let source = tape.nodes().iter().find(|n| n.result.units() == *units)?;
    if source.op.copies_in_inference() {
        return embeddings(tape, source);
    }
    let table = source.op.table()?;
    let spec = &tape.layout().tables[table.0];
    (spec.field_starts.len() * spec.dim == units.len()).then_some(table)
}

/// A node's frozen rows, `[table rows, frozen units]`, of a table whose fields start at the given rows.
fn freeze(
    isa: Isa,
    tape: &Tape,
    node: &Node,
    (table, starts): (TableId, &[usize]),
    (parameters, pairs): (&Parameters, &WeightPairs),
) -> Aligned {
    let (spec, units) = (&tape.layout().tables[table.0], node.op.frozen_units(isa));
    let mut end = parameters.tables[table.0].len() / spec.dim;
    let mut all = Aligned::zeros(end * units);
    for (field, &start) in starts.iter().enumerate().rev() {
        let of_field = &mut all[start * units..end * units];
        let blocks = of_field.par_chunks_mut(BLOCK * units).enumerate();
        let memory = || {
            let numbers = |units: usize| Aligned::zeros(units * BLOCK);
            (numbers(spec.dim), numbers(spec.dim + units), numbers(units))
        };
        blocks.for_each_init(memory, |(embeddings, scratch, frozen), (block, rows)| {
            let first = (start + block * BLOCK) as u32;
            let mut ids = [0; BLOCK];
            let ids = &mut ids[..rows.len() / units];
            for (id, row) in ids.iter_mut().zip(first..) {
                *id = row;
            }
            isa.run(Gather {
                table: &parameters.tables[table.0],
                stride: spec.dim,
                ids,
                out: columns_mut(embeddings),
            });
            node.op.freeze(&mut Freeze {
                isa,
                parameters,
                weights: Weights { parameters, pairs },
                field,
                embeddings,
                scratch,
                out: frozen,
            });
            isa.run(ToSamples {
                x: frozen,
                out: rows,
            });
        });
        end = start;
    }
    all
}

/// Which nodes have to run for some results to be known when frozen ones need no operand.
fn needed(tape: &Tape, rows: &[Aligned], results: &[&Var]) -> Vec<bool> {
    let mut wanted: Vec<Range<usize>> = results.iter().map(|var| var.units()).collect();
    let mut needed = vec![false; tape.nodes().len()];
    for (node_index, node) in tape.nodes().iter().enumerate().rev() {
        let result = node.result.units();
        let overlaps = |w: &Range<usize>| w.start < result.end && result.start < w.end;
        needed[node_index] = wanted.iter().any(overlaps);
        if needed[node_index] && rows[node_index].is_empty() {
            wanted.extend(node.operands.iter().cloned());
        }
    }
    needed
}
