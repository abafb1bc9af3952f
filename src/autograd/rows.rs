//! The gradients of table rows that the ranks have touched, summed by whoever moves these rows.
//!
//! A rank gives, for each of its pieces of the step and each row that the piece touched, one sum. Where every rank has whole
//! tables, everybody gets all of these and sums them; where tables are spread, a row's owner does. Either way a row's sums are added
//! in the order of the tree over groups, as those of one process are (see [`super::sparse`]).
//!
//! What a rank tells another of one piece: the number of rows, their ids, and their sums, those of all tables side by side.

use rayon::prelude::*;

use super::part::groups_of;
use super::sparse::SparseIndex;
use super::touched::Touched;
use super::tree;
use crate::ranks::{Ranks, exchange_unknown, gather_unknown};

/// Numbers that are added at once.
const WIDTH: usize = 16;
/// Rows that one task sums.
const ROWS_OF_TASK: usize = 64;

/// Who has the rows of embedding tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// Every rank has all of them.
    All,
    /// Rank `id % ranks` has row `id`, as its row number `id / ranks`: neighbours, which are often alike frequent, lie apart.
    Each,
}

/// What a rank tells of its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub index: &'a SparseIndex,
    /// The table rows that the index' ids stand for, see [`super::part::Part::names`].
    pub names: Option<&'a [u32]>,
    /// Per table: `[listed, dim]`.
    pub sums: &'a [Vec<f32>],
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
    out: Vec<u32>,
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
    /// The touched rows that this rank is to move: numbers of its own rows, where it has only some.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// Their gradients.
    pub fn tables(&self) -> &[Vec<f32>] {
        &self.tables
    }

    /// Tells the others, hears what they have, and sums: for tables of `rows` rows, of which rows have `dims` numbers, in a step of
    /// `count` groups.
    pub fn sum(
        &mut self,
        ranks: &dyn Ranks,
        owners: Owners,
        tables: (usize, &[usize]),
        count: usize,
        told: Told<'_>,
    ) {
        let (rows, dims) = tables;
        let lengths = match owners {
            Owners::All => {
                self.out.clear();
                put_all(told, dims, &mut self.out);
                gather_unknown(ranks, &self.out, &mut self.heard)
            }
            Owners::Each => {
                let sent = put_each(told, dims, ranks.size(), &mut self.out);
                exchange_unknown(ranks, &self.out, &sent, &mut self.heard)
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
        let (size, owners) = (ranks.size() as u32, owners);
        let own = |id: u32| match owners {
            Owners::All => id,
            Owners::Each => id / size,
        };
        touched.clear();
        touched.grow(match owners {
            Owners::All => rows,
            Owners::Each => rows.div_ceil(ranks.size()),
        });
        list(&heard_pieces, own, width, touched, ends, terms);
        tables.resize(dims.len(), Vec::new());
        let mut column = 0;
        for (table, &dim) in tables.iter_mut().zip(dims) {
            table.resize(touched.ids().len() * dim, 0.0);
            add_up(terms, ends, bytemuck::cast_slice(heard), column, dim, table);
            column += dim;
        }
    }
}

/// All pieces' rows.
fn put_all(told: Told<'_>, dims: &[usize], out: &mut Vec<u32>) {
    for piece in told.index.pieces() {
        put_piece(told, dims, piece, out);
    }
}

/// Those of each rank, one rank after the other; says how many words each gets.
fn put_each(told: Told<'_>, dims: &[usize], size: usize, out: &mut Vec<u32>) -> Vec<usize> {
    let ids = told.index.touched().ids();
    let owner = |slot: usize| name(told, ids[slot]) as usize % size;
    let mut of_owner: Vec<Vec<Vec<usize>>> = vec![Vec::new(); size];
    for piece in told.index.pieces() {
        of_owner
            .iter_mut()
            .for_each(|pieces| pieces.push(Vec::new()));
        for slot in piece {
            if let Some(slots) = of_owner[owner(slot)].last_mut() {
                slots.push(slot);
            }
        }
    }
    out.clear();
    let put = |pieces: Vec<Vec<usize>>| {
        let before = out.len();
        for slots in pieces {
            put_piece(told, dims, slots.into_iter(), out);
        }
        out.len() - before
    };
    of_owner.into_iter().map(put).collect()
}

fn name(told: Told<'_>, id: u32) -> u32 {
    told.names.map_or(id, |names| names[id as usize])
}

fn put_piece(
    told: Told<'_>,
    dims: &[usize],
    slots: impl ExactSizeIterator<Item = usize> + Clone,
    out: &mut Vec<u32>,
) {
    let ids = told.index.touched().ids();
    out.push(slots.len() as u32);
    out.extend(slots.clone().map(|slot| name(told, ids[slot])));
    for slot in slots {
        for (sums, &dim) in told.sums.iter().zip(dims) {
            out.extend(bytemuck::cast_slice::<f32, u32>(&sums[slot * dim..][..dim]));
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
        for node in tree::pieces(groups_of(rank, size, count), count) {
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
    own: impl Fn(u32) -> u32,
    width: usize,
    touched: &mut Touched,
    ends: &mut Vec<usize>,
    terms: &mut Terms,
) {
    ends.clear();
    for &id in pieces.iter().flat_map(|piece| piece.ids) {
        let (slot, new) = touched.touch(own(id));
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
            let (slot, _) = touched.touch(own(id));
            let at = &mut ends[slot as usize];
            terms.starts[*at] = piece.start;
            terms.places[*at] = piece.place + number * width;
            *at += 1;
        }
    }
}

/// Sums the terms of every row: the `dim` numbers from `column` on.
fn add_up(
    terms: &Terms,
    ends: &[usize],
    heard: &[f32],
    column: usize,
    dim: usize,
    table: &mut [f32],
) {
    let row = |slot: usize, out: &mut [f32]| {
        let begin = if slot == 0 { 0 } else { ends[slot - 1] };
        let (starts, places) = (
            &terms.starts[begin..ends[slot]],
            &terms.places[begin..ends[slot]],
        );
        if let [only] = places {
            return out.copy_from_slice(&heard[only + column..][..dim]);
        }
        for (number, out) in out.chunks_mut(WIDTH).enumerate() {
            let at = column + number * WIDTH;
            let sum = tree::sum(starts, |place| {
                let mut term = [0.0; WIDTH];
                term[..out.len()].copy_from_slice(&heard[places[place] + at..][..out.len()]);
                term
            });
            out.copy_from_slice(&sum[..out.len()]);
        }
    };
    let tasks = table.par_chunks_mut(ROWS_OF_TASK * dim).enumerate();
    tasks.for_each(|(task, rows)| {
        for (slot, out) in (task * ROWS_OF_TASK..).zip(rows.chunks_mut(dim)) {
            row(slot, out);
        }
    });
}
