//! Ranking the whole catalogue for every user of a part of the split: what recommending is measured by.
//!
//! For each user with a positive row in the part, all items are ranked but those that the user has a row of in the parts before (training
//! rows for the validation rows, both for the test rows). Items that the model has never seen in training stand in the list as well. Fields of
//! the moment (an hour, say) are those of the user's first row in the part: better have none.

use rayon::prelude::*;

use super::best::best;
use super::scorer::Scorer;
use crate::data::dataset::{Dataset, SplitName};
use crate::data::had::Had;
use crate::data::numbers::end;
use crate::data::pairs::Items;
use crate::error::{Error, Result};
use crate::metrics::items::Lists;

/// Somebody that the catalogue is ranked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// By number, see [`Dataset::users`].
    pub user: u32,
    /// The user's first row in the part that is measured.
    pub row: u32,
    /// Items of the user's positive rows in the part that the user has not had before, ascending.
    pub wanted: Vec<u32>,
}

/// Who asks, and for what.
#[derive(Debug)]
pub struct Askers<'a> {
    /// Whose rows and split are meant.
    pub data: &'a Dataset,
    /// In the order of their numbers.
    pub all: Vec<Asker>,
    /// Rows of the parts before.
    pub before: Vec<u32>,
    /// In these rows.
    pub had: Had,
    /// For each item the users who have had it before.
    pub known: Vec<u32>,
    /// Which fields are an item's, and a row of each item to take their values from.
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
        let had = Had::of(data, before.iter().copied());
        let all = askers(data, data.split(split), &had);
        if all.is_empty() {
            let what = format!(
                "no user has a positive row among the `{split}` rows: there is nothing to look for in a ranking"
            );
            return Err(Error::Data(what));
        }
        let items = Items::of(data);
        Ok(Askers {
            data,
            all,
            before,
            known: had.known(items.len()),
            had,
            items,
        })
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// The first `k` of everyone by the logits of a model.
    pub fn ranked_by(&self, scorer: &Scorer<'_>, k: usize) -> Lists {
        let score = |asker: &Asker, candidates: &[u32]| {
            let rows = vec![asker.row; candidates.len()];
            let others: Vec<Option<u32>> = candidates.iter().copied().map(Some).collect();
            scorer.pairs(self.data, &rows, &others, &self.items)
        };
        scorer.runtime().install(|| self.ranked(k, score))
    }

    /// The first `k` of everyone by the scores that `score` gives, one for each candidate; users in parallel.
    pub fn ranked(&self, k: usize, score: impl Fn(&Asker, &[u32]) -> Vec<f32> + Sync) -> Lists {
        let of = |asker: &Asker| {
            let had = self.had.items(asker.user);
            let all = 0..self.items.len() as u32;
            let candidates: Vec<u32> = all.filter(|i| had.binary_search(i).is_err()).collect();
            let places = best(&score(asker, &candidates), k);
            let list = places
                .into_iter()
                .filter_map(|at| candidates.get(at as usize));
            list.copied().collect::<Vec<u32>>()
        };
        let lists: Vec<Vec<u32>> = self.all.par_iter().map(of).collect();
        let labels = self.all.iter().zip(&lists).map(|(asker, list)| {
            let wanted = |item: &u32| u8::from(asker.wanted.binary_search(item).is_ok());
            list.iter().map(wanted).collect()
        });
        Lists {
            labels: labels.collect(),
            items: lists,
            positives: self.all.iter().map(|asker| asker.wanted.len()).collect(),
            known: self.known.clone(),
            users: self.had.all().filter(|own| !own.is_empty()).count(),
        }
    }
}

/// Those who have a positive row among `rows`, of an item that they have not had before: what was is not on the list, so it cannot be found there.
fn askers(data: &Dataset, rows: &[u32], had: &Had) -> Vec<Asker> {
    let labels = data.labels();
    let positive = rows
        .iter()
        .copied()
        .filter(|&row| labels[row as usize] == 1);
    let wanted = Had::of(data, positive);
    let mut first = vec![u32::MAX; end(data.users())];
    for &row in rows {
        let first = &mut first[data.users()[row as usize] as usize];
        *first = (*first).min(row);
    }
    let asker = |(user, row): (u32, u32)| {
        let before = had.items(user);
        let new = wanted.items(user).iter().copied();
        let wanted: Vec<u32> = new.filter(|i| before.binary_search(i).is_err()).collect();
        (!wanted.is_empty()).then_some(Asker { user, row, wanted })
    };
    (0..).zip(first).filter_map(asker).collect()
}
