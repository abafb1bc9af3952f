//! Tables whose rows are spread over the ranks: the rows that a batch looks up are fetched from their owners, and the batch is renamed
//! to look them up where they lie then. What replays it notices nothing.
//!
//! A round of fetching, which all ranks take together:
//!
//! ```text
//! 1. everybody tells everybody how many rows it wants              8 bytes to each
//! 2. and which: by their numbers at their owners                   4 U bytes
//! 3. owners give them, the rows of all tables side by side         4 U T bytes
//! ```
//!
//! with U rows of T numbers. A rank says also whether it may want more later: [`Far::answer`] gives until nobody does.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::layout::{Layout, Parameters};
use crate::data::batch::Batch;
use crate::ranks::{Owners, Ranks};
use crate::simd::Aligned;

/// Tells what lies at some places of this rank's tables, all tables side by side, row by row.
pub type Serve<'s> = &'s mut dyn FnMut(&[u32], &mut Vec<u32>);

/// Tables that are spread over ranks. It may be used by any number of threads, one of which talks at a time.
#[derive(Debug)]
pub struct Far {
    ranks: Arc<dyn Ranks>,
    owners: Owners,
    /// T is their sum.
    dims: Vec<usize>,
    talk: Mutex<Talk>,
}

/// The memory that a round takes.
#[derive(Debug, Default)]
struct Talk {
    out: Vec<u32>,
    heard: Vec<u32>,
    /// How many rows are wanted of each rank.
    wanted: Vec<usize>,
    /// The places of the wanted rows in their list, owner by owner.
    order: Vec<u32>,
}

/// Rows that were fetched.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Their numbers, ascending: what a renamed batch has are places in this list.
    ids: Vec<u32>,
    places: HashTable<(u32, u32)>,
    /// Per table: `[rows, dim]`. What is dense is the caller's to put here.
    pub parameters: Parameters,
}

impl Far {
    /// Tables of this layout, of which each rank keeps its share.
    pub fn new(ranks: Arc<dyn Ranks>, layout: &Layout) -> Far {
        Far {
            owners: ranks.owners(),
            ranks,
            dims: layout.tables.iter().map(|table| table.dim).collect(),
            talk: Mutex::default(),
        }
    }

    /// Fetches the rows that a batch looks up, and renames it.
    pub fn fetch(&self, batch: &mut Batch, fetched: &mut Fetched, serve: Serve<'_>) {
        fetched.name(batch);
        self.rows(&fetched.ids, &mut fetched.parameters.tables, serve);
    }

    /// Fetches some rows, each given once: per table `[rows, dim]`.
    pub fn rows(&self, ids: &[u32], tables: &mut Vec<Aligned>, serve: Serve<'_>) {
        let talk = &mut *self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        talk.round(self, Some(ids), serve);
        tables.resize(self.dims.len(), Aligned::default());
        for (table, dim) in tables.iter_mut().zip(&self.dims) {
            table.resize(ids.len() * dim);
        }
        let mut rest: &[f32] = bytemuck::cast_slice(&talk.heard);
        for &place in &talk.order {
            for (table, &dim) in tables.iter_mut().zip(&self.dims) {
                let (row, others) = rest.split_at(dim);
                table[place as usize * dim..][..dim].copy_from_slice(row);
                rest = others;
            }
        }
    }

    /// Gives others what they want until nobody may want more.
    pub fn answer(&self, serve: Serve<'_>) {
        let talk = &mut *self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        while talk.round(self, None, serve) {}
    }

    /// Serves rows as they are.
    pub fn put(&self, parameters: &Parameters, places: &[u32], out: &mut Vec<u32>) {
        for &place in places {
            for (table, &dim) in parameters.tables.iter().zip(&self.dims) {
                let row = &table[place as usize * dim..][..dim];
                out.extend_from_slice(bytemuck::cast_slice(row));
            }
        }
    }
}

impl Talk {
    /// See the module; leaves the rows in what was heard, in their order. Says whether anybody may want more.
    fn round(&mut self, far: &Far, ids: Option<&[u32]>, serve: Serve<'_>) -> bool {
        let (ranks, owners, size) = (&*far.ranks, far.owners, far.owners.size());
        self.order_by_owner(owners, ids.unwrap_or_default());
        let more = u32::from(ids.is_some());
        self.out.clear();
        self.out
            .extend(self.wanted.iter().flat_map(|&count| [count as u32, more]));
        let twice = vec![2; size];
        ranks.exchange(&self.out, &twice, &twice, &mut self.heard);
        if self.heard.chunks(2).all(|told| told[1] == 0) {
            return false;
        }
        let asked = self.heard.chunks(2).map(|told| told[0] as usize);
        let asked: Vec<usize> = asked.collect();
        let ids = ids.unwrap_or_default();
        let place = |&at: &u32| owners.place(ids[at as usize] as usize) as u32;
        self.out.clear();
        self.out.extend(self.order.iter().map(place));
        ranks.exchange(&self.out, &self.wanted, &asked, &mut self.heard);
        self.out.clear();
        serve(&self.heard, &mut self.out);
        let width: usize = far.dims.iter().sum();
        let words = |rows: &[usize]| rows.iter().map(|rows| rows * width).collect::<Vec<_>>();
        let (sent, received) = (words(&asked), words(&self.wanted));
        ranks.exchange(&self.out, &sent, &received, &mut self.heard);
        true
    }

    fn order_by_owner(&mut self, owners: Owners, ids: &[u32]) {
        let Talk { wanted, order, .. } = self;
        wanted.clear();
        wanted.resize(owners.size(), 0);
        for &id in ids {
            wanted[owners.owner(id as usize)] += 1;
        }
        let mut begin = 0;
        let begins = wanted.iter().map(|count| {
            begin += count;
            begin - count
        });
        let mut begins: Vec<usize> = begins.collect();
        order.resize(ids.len(), 0);
        for (at, &id) in (0..).zip(ids) {
            let next = &mut begins[owners.owner(id as usize)];
            order[*next] = at;
            *next += 1;
        }
    }
}

impl Fetched {
    /// The rows' numbers.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Lists what a batch looks up, and renames it.
    fn name(&mut self, batch: &mut Batch) {
        let Fetched { ids, places, .. } = self;
        ids.clear();
        places.clear();
        for id in batch.ids() {
            let entry = places.entry(hash(id), |entry| entry.0 == id, |entry| hash(entry.0));
            if let Entry::Vacant(vacant) = entry {
                vacant.insert((id, 0));
                ids.push(id);
            }
        }
        // Rows of a field stay side by side.
        ids.sort_unstable();
        for (place, &id) in (0..).zip(&*ids) {
            if let Some(entry) = places.find_mut(hash(id), |entry| entry.0 == id) {
                entry.1 = place;
            }
        }
        for id in batch.fields.iter_mut().flat_map(|field| field.ids_mut()) {
            if let Some(entry) = places.find(hash(*id), |entry| entry.0 == *id) {
                *id = entry.1;
            }
        }
    }
}

/// Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4), the high bits folded into the low ones.
fn hash(id: u32) -> u64 {
    let product = u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autograd::layout::{Init, TableSpec};
    use crate::data::batch::FieldBatch;
    use crate::ranks::threads::together;

    fn layout() -> Layout {
        let mut layout = Layout::default();
        for dim in [3, 1] {
            layout.table(TableSpec {
                name: format!("of {dim}"),
                rows: 50,
                dim,
                init: Init::Normal { deviation: 1.0 },
                field_starts: vec![0, 20],
            });
        }
        layout
    }

    /// Every rank looks up other rows, some of them none, some once more than others: all get what one alone would look up.
    #[test]
    fn a_renamed_batch_looks_up_the_same_numbers() {
        let layout = layout();
        let whole = Parameters::initialise(&layout, 1);
        for size in 1..5 {
            together(size, |ranks| {
                let (rank, owners) = (ranks.rank(), ranks.owners());
                let share = Parameters::initialise_share(&layout, owners, 1);
                let far = Far::new(ranks, &layout);
                let mut serve = |places: &[u32], out: &mut Vec<u32>| far.put(&share, places, out);
                let mut fetched = Fetched::default();
                for round in 0..2 + rank {
                    let ids = |first: u32| (0..7 * rank as u32).map(move |k| first + k * k % 19);
                    let before = Batch {
                        fields: vec![
                            FieldBatch::One {
                                ids: ids(0).collect(),
                            },
                            FieldBatch::One {
                                ids: ids(20 + round as u32).collect(),
                            },
                        ],
                        ..Batch::default()
                    };
                    let mut batch = before.clone();
                    far.fetch(&mut batch, &mut fetched, &mut serve);
                    assert!(fetched.ids().is_sorted_by(|a, b| a < b));
                    for (old, new) in before.fields.iter().zip(&batch.fields) {
                        for (&old, &new) in old.ids().iter().zip(new.ids()) {
                            for (table, dim) in [(0, 3), (1, 1)] {
                                let row = |p: &Parameters, id: u32| {
                                    p.tables[table][id as usize * dim..][..dim].to_vec()
                                };
                                assert_eq!(row(&fetched.parameters, new), row(&whole, old));
                            }
                        }
                    }
                }
                far.answer(&mut serve);
            });
        }
    }
}
