//! The gradients of table rows that the ranks have touched.
//!
//! A rank gives, for each of its pieces of the step and each row that the piece touched, one sum. Everybody gets all of these (of tables
//! that are spread over the ranks, a row's owner those of the row), and adds those of a row in the order of the tree over groups, as
//! one process does (see [`super::sparse`]).
//!
//! What a rank tells of one piece: the number of rows, their ids, and their sums, those of all tables side by side.

use rayon::prelude::*;

use super::part;
use super::sparse::SparseIndex;
use super::touched::Touched;
use super::tree;
use crate::ranks::{Owners, Ranks, exchange_unknown, gather_unknown};

/// Rows that one task sums.
const ROWS_OF_TASK: usize = 64;

/// What a rank tells of its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// Which rows its batch touches.
    pub index: &'a SparseIndex,
    /// Per table: `[listed, dim]`.
    pub sums: &'a [Vec<f32>],
    /// Of tables that are spread over the ranks: the numbers of the rows that the batch has places of.
    pub names: Option<&'a [u32]>,
}

/// The rows of all ranks' pieces, and their sums.
#[derive(Debug, Default)]
pub(super) struct RowSums {
    touched: Touched,
    /// Per table: `[touched, dim]`.
    tables: Vec<Vec<f32>>,
    /// Per touched row where its terms end, then (while they are put in their places) begin.
    ends: Vec<usize>,
    terms: Terms,
    /// One for each rank that is told something of its own, or one for all.
    outs: Vec<Vec<u32>>,
    heard: Vec<u32>,
}

/// What is added up for the touched rows, row by row.
#[derive(Debug, Default)]
struct Terms {
    /// The first groups of the pieces they come from.
    starts: Vec<usize>,
    /// Where they begin in what was heard.
    places: Vec<usize>,
}

/// A piece as it was heard.
struct Heard<'a> {
    start: usize,
    ids: &'a [u32],
    /// Where its first row's sums begin.
    place: usize,
}

impl RowSums {
    /// The touched rows.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// Their gradients.
    pub fn tables(&self) -> &[Vec<f32>] {
        &self.tables
    }

    /// Tells the others, hears what they have, and sums: for tables of `rows` rows, of which rows have `dims` numbers, in a step of
    /// `count` groups. Of tables that are spread over ranks, the rows are those here.
    pub fn sum(
        &mut self,
        ranks: &dyn Ranks,
        tables: (usize, &[usize]),
        count: usize,
        told: Told<'_>,
    ) {
        let (rows, dims) = tables;
        let owners = match told.names {
            None => Owners::ONE,
            Some(_) => ranks.owners(),
        };
        put(told, dims, owners, &mut self.outs);
        let lengths = match owners.all_here() {
            true => gather_unknown(ranks, &self.outs[0], &mut self.heard),
            false => {
                let sent: Vec<usize> = self.outs.iter().map(Vec::len).collect();
                exchange_unknown(ranks, &self.outs.concat(), &sent, &mut self.heard)
            }
        };
        let width = dims.iter().sum();
        let RowSums {
            touched,
            tables,
            ends,
            terms,
            heard,
            ..
        } = self;
        let heard_pieces = pieces_of(heard, &lengths, width, ranks.size(), count);
        touched.clear();
        touched.grow(rows);
        list(&heard_pieces, width, touched, ends, terms);
        tables.resize(dims.len(), Vec::new());
        let mut offset = 0;
        for (table, &dim) in tables.iter_mut().zip(dims) {
            table.resize(touched.ids().len() * dim, 0.0);
            add_up(terms, ends, bytemuck::cast_slice(heard), offset, dim, table);
            offset += dim;
        }
    }
}

/// Writes down what there is to tell each.
fn put(told: Told<'_>, dims: &[usize], owners: Owners, outs: &mut Vec<Vec<u32>>) {
    outs.resize(owners.size(), Vec::new());
    outs.iter_mut().for_each(Vec::clear);
    let ids = told.index.touched().ids();
    let id = |slot: usize| match told.names {
        None => ids[slot] as usize,
        Some(names) => names[ids[slot] as usize] as usize,
    };
    for slots in told.index.pieces() {
        let heads: Vec<usize> = outs.iter().map(Vec::len).collect();
        outs.iter_mut().for_each(|out| out.push(0));
        for id in slots.clone().map(id) {
            outs[owners.owner(id)].push(owners.place(id) as u32);
        }
        for (out, head) in outs.iter_mut().zip(heads) {
            out[head] = (out.len() - head - 1) as u32;
        }
        for slot in slots {
            let out = &mut outs[owners.owner(id(slot))];
            for (sums, &dim) in told.sums.iter().zip(dims) {
                out.extend_from_slice(bytemuck::cast_slice(&sums[slot * dim..][..dim]));
            }
        }
    }
}

/// Takes apart what all ranks told.
fn pieces_of<'a>(
    heard: &'a [u32],
    lengths: &[usize],
    width: usize,
    size: usize,
    count: usize,
) -> Vec<Heard<'a>> {
    let (mut all, mut begin) = (Vec::new(), 0);
    for (rank, length) in lengths.iter().enumerate() {
        let mut at = begin;
        for node in part::pieces_of(rank, size, count) {
            let rows = heard[at] as usize;
            let ids = &heard[at + 1..][..rows];
            let (start, place) = (node.groups(count).start, at + 1 + rows);
            all.push(Heard { start, ids, place });
            at = place + rows * width;
        }
        begin += length;
        debug_assert_eq!(at, begin);
    }
    all
}

/// Lists the terms of every row (a counting sort).
fn list(
    pieces: &[Heard<'_>],
    width: usize,
    touched: &mut Touched,
    ends: &mut Vec<usize>,
    terms: &mut Terms,
) {
    ends.clear();
    for &id in pieces.iter().flat_map(|piece| piece.ids) {
        let (slot, new) = touched.touch(id);
        if new {
            ends.push(0);
        }
        ends[slot as usize] += 1;
    }
    let mut begin = 0;
    for end in &mut *ends {
        begin += std::mem::replace(end, begin);
    }
    terms.starts.resize(begin, 0);
    terms.places.resize(begin, 0);
    for piece in pieces {
        for (number, &id) in piece.ids.iter().enumerate() {
            let (slot, _) = touched.touch(id);
            let at = &mut ends[slot as usize];
            terms.starts[*at] = piece.start;
            terms.places[*at] = piece.place + number * width;
            *at += 1;
        }
    }
}

/// Sums the terms of every row: the `dim` numbers from `offset` on.
fn add_up(
    terms: &Terms,
    ends: &[usize],
    heard: &[f32],
    offset: usize,
    dim: usize,
    table: &mut [f32],
) {
    let row = |slot: usize, out: &mut [f32]| {
        let begin = if slot == 0 { 0 } else { ends[slot - 1] };
        let (starts, places) = (
            &terms.starts[begin..ends[slot]],
            &terms.places[begin..ends[slot]],
        );
        let term = |number: usize| &heard[places[number] + offset..][..dim];
        tree::sum_slices(starts, term, out);
    };
    let tasks = table.par_chunks_mut(ROWS_OF_TASK * dim).enumerate();
    tasks.for_each(|(task, rows)| {
        for (slot, out) in (task * ROWS_OF_TASK..).zip(rows.chunks_mut(dim)) {
            row(slot, out);
        }
    });
}
