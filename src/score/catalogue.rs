//! Ranking the whole catalogue for every user of a part of the split: what recommending is measured by.
//!
//! For each user with a positive row in the part, all items are ranked but those that the user has a row of in the parts before (training
//! rows for the validation rows, both for the test rows). Items that the model has never seen in training stand in the list as well. Fields of
//! the moment (an hour, say) are those of the user's first row in the part: better have none.

use rayon::prelude::*;

use super::best::best;
use super::scorer::Scorer;
use crate::data::batch::Batch;
use crate::data::dataset::{Dataset, SplitName};
use crate::data::pairs::Items;
use crate::error::{Error, Result};
use crate::metrics::items::Lists;

/// Items scored at a time.
const CHUNK: usize = 16_384;

/// Somebody that the catalogue is ranked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub user: u32,
    /// The user's first row in the part that is measured.
    pub row: u32,
    /// Items of the user's rows in the parts before, ascending.
    pub had: Vec<u32>,
    /// Items of the user's positive rows in the part, ascending.
    pub wanted: Vec<u32>,
}

/// Who asks, and for what.
#[derive(Debug)]
pub struct Askers<'a> {
    pub data: &'a Dataset,
    /// In the order of their numbers.
    pub all: Vec<Asker>,
    /// Rows of the parts before.
    pub before: Vec<u32>,
    items: Items,
}

impl<'a> Askers<'a> {
    /// Those of a part of the split.
    ///
    /// # Errors
    /// When the data have no users or items, or nobody has a positive row in the part.
    pub fn of(data: &'a Dataset, split: SplitName) -> Result<Askers<'a>> {
        if data.users().is_empty() || data.items().is_empty() {
            let what = "a catalogue is ranked for users, and the data have no users or no items: name the columns as `user` and `item` in [roles]";
            return Err(Error::Data(what.into()));
        }
        let mut before = match split {
            SplitName::Train => Vec::new(),
            SplitName::Valid | SplitName::Test => data.split(SplitName::Train).to_vec(),
        };
        if split == SplitName::Test {
            before.extend_from_slice(data.split(SplitName::Valid));
        }
        let all = askers(data, data.split(split), &before);
        if all.is_empty() {
            let what = format!(
                "no user has a positive row among the `{split}` rows: there is nothing to look for in a ranking"
            );
            return Err(Error::Data(what));
        }
        Ok(Askers {
            data,
            all,
            before,
            items: Items::of(data),
        })
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// The first `k` of everyone by the logits of a model.
    pub fn ranked_by(&self, scorer: &Scorer<'_>, k: usize) -> Lists {
        let score = |memory: &mut Memory, asker: &Asker, candidates: &[u32]| {
            memory.scores.clear();
            for candidates in candidates.chunks(CHUNK) {
                memory.rows.clear();
                memory.rows.resize(candidates.len(), asker.row);
                memory.others.clear();
                memory
                    .others
                    .extend(candidates.iter().map(|&item| Some(item)));
                let Memory { rows, others, .. } = memory;
                self.data
                    .gather_pairs(rows, others, &self.items, &mut memory.batch);
                scorer.logits(&memory.batch, &mut memory.logits);
                memory.scores.extend_from_slice(&memory.logits);
            }
        };
        scorer.runtime().install(|| self.ranked(k, score))
    }

    /// The first `k` of everyone by scores that `score` leaves in `Memory::scores`, one for each candidate; users in parallel.
    pub fn ranked(&self, k: usize, score: impl Fn(&mut Memory, &Asker, &[u32]) + Sync) -> Lists {
        let of = |memory: &mut Memory, asker: &Asker| {
            let all = 0..self.items.len() as u32;
            let candidates: Vec<u32> = all
                .filter(|i| asker.had.binary_search(i).is_err())
                .collect();
            score(memory, asker, &candidates);
            let places = best(&memory.scores, k);
            let list = places
                .into_iter()
                .filter_map(|at| candidates.get(at as usize));
            list.copied().collect::<Vec<u32>>()
        };
        let lists: Vec<Vec<u32>> = self.all.par_iter().map_init(Memory::default, of).collect();
        let labels = self.all.iter().zip(&lists).map(|(asker, list)| {
            let wanted = |item: &u32| u8::from(asker.wanted.binary_search(item).is_ok());
            list.iter().map(wanted).collect()
        });
        Lists {
            labels: labels.collect(),
            items: lists,
            positives: self.all.iter().map(|asker| asker.wanted.len()).collect(),
            known: self.known(),
            users: self.users(),
        }
    }

    /// For each item the users who have it in the rows before.
    fn known(&self) -> Vec<u32> {
        let (users, items) = (self.data.users(), self.data.items());
        let mut pairs: Vec<(u32, u32)> = self
            .before
            .iter()
            .map(|&row| (items[row as usize], users[row as usize]))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut known = vec![0; self.items.len()];
        for (item, _) in pairs {
            known[item as usize] += 1;
        }
        known
    }

    fn users(&self) -> usize {
        let rows = self.before.iter();
        let mut users: Vec<u32> = rows.map(|&row| self.data.users()[row as usize]).collect();
        users.sort_unstable();
        users.dedup();
        users.len()
    }
}

/// What a thread keeps from user to user.
#[derive(Debug, Default)]
pub struct Memory {
    /// One for each candidate.
    pub scores: Vec<f32>,
    rows: Vec<u32>,
    others: Vec<Option<u32>>,
    batch: Batch,
    logits: Vec<f32>,
}

/// Those who have a positive row among `rows`.
fn askers(data: &Dataset, rows: &[u32], before: &[u32]) -> Vec<Asker> {
    let (users, items, labels) = (data.users(), data.items(), data.labels());
    let most = users.iter().max().map_or(0, |&most| most as usize + 1);
    let mut all: Vec<Asker> = (0..most as u32)
        .map(|user| Asker {
            user,
            row: u32::MAX,
            had: Vec::new(),
            wanted: Vec::new(),
        })
        .collect();
    for &row in rows {
        let asker = &mut all[users[row as usize] as usize];
        asker.row = asker.row.min(row);
        if labels[row as usize] == 1 {
            asker.wanted.push(items[row as usize]);
        }
    }
    for &row in before {
        all[users[row as usize] as usize]
            .had
            .push(items[row as usize]);
    }
    all.retain(|asker| !asker.wanted.is_empty());
    for asker in &mut all {
        for list in [&mut asker.had, &mut asker.wanted] {
            list.sort_unstable();
            list.dedup();
        }
        // What was had before is not on the list, so it cannot be found there.
        let Asker { had, wanted, .. } = asker;
        wanted.retain(|item| had.binary_search(item).is_err());
    }
    all.retain(|asker| !asker.wanted.is_empty());
    all
}
