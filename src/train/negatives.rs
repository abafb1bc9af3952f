//! Items that somebody did not choose, drawn to stand beside those that were chosen.
//!
//! A log of choices (plays, purchases, ratings of three stars and more) has no row for what was not chosen. Beside each positive training row,
//! `train.negatives` rows of the same user with another item and label 0 are drawn anew in every epoch (He et al., "Neural Collaborative
//! Filtering", WWW 2017):
//!
//! - `uniform`: every item of the data is equally likely;
//! - `popularity`: an item is as likely as its share of the training rows.
//!
//! Never an item that the user has a training row of. (One of the user's validation or test items may be drawn: to spare those would
//! tell the model which they are.) A draw depends on the seed, the epoch and the row's number alone, so it is the same on any number of threads
//! and after a resume.
//!
//! The probabilities that come out are those of this mixture of rows; they order items, and say nothing of how often one is chosen.

use crate::data::batch::Batch;
use crate::data::dataset::{Dataset, SplitName};
use crate::data::had::Had;
use crate::data::pairs::Items;
use crate::error::{Error, Result};
use crate::settings::config::{NegativeSampling, TrainConfig};

/// Draws before an item is looked for from the last one on.
const TRIES: u64 = 64;

/// The epoch that validation rows are drawn in: none that is trained.
const VALIDATION: u64 = u64::MAX;

/// The training rows of an epoch, drawn ones included. A row of it has a number: `place * (1 + negatives) + draw`, with the place among the
/// training rows, and draw 0 for the row itself.
#[derive(Debug)]
pub struct Negatives<'a> {
    data: &'a Dataset,
    /// Which fields are an item's, and a row of each item to take their values from.
    items: Items,
    /// In the training rows.
    had: Had,
    /// Rows that are drawn beside each positive one.
    each: u32,
    by: NegativeSampling,
    seed: u64,
    /// Drawn once, so that epochs can be compared.
    validation: Pairs,
}

impl<'a> Negatives<'a> {
    /// None when no negatives are asked for.
    ///
    /// # Errors
    /// When the data have no users or items, no field tells items apart, somebody has had every item, or there would be too many rows.
    pub fn new(data: &'a Dataset, train: &TrainConfig) -> Result<Option<Negatives<'a>>> {
        if train.negatives == 0 {
            return Ok(None);
        }
        let wrong = |what: &str| Err(Error::config("train.negatives", what));
        let items = Items::of(data);
        if items.is_empty() || data.users().is_empty() {
            return wrong(
                "draws items for users, and the data have none: name the columns as `user` and `item` in [roles]",
            );
        }
        if !items.is_told_apart() {
            return wrong(
                "draws other items, but no field of the model belongs to the item: give it one, such as the item's id",
            );
        }
        let rows = data.split(SplitName::Train).len() as u64 * (1 + u64::from(train.negatives));
        if u32::try_from(rows).is_err() {
            return wrong("makes an epoch of more than 2^32 - 1 rows: draw fewer");
        }
        let had = Had::of(data, data.split(SplitName::Train).iter().copied());
        if had.all().any(|own| own.len() >= items.len()) {
            return wrong(
                "draws items that a user has no training row of, but one has had all of them",
            );
        }
        let mut negatives = Negatives {
            data,
            items,
            had,
            each: train.negatives,
            by: train.negatives_by,
            seed: train.seed,
            validation: Pairs::default(),
        };
        negatives.validation = negatives.drawn_for_validation();
        Ok(Some(negatives))
    }

    /// The items that are drawn.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// The numbers of an epoch's rows.
    pub fn numbers(&self) -> Vec<u32> {
        let rows = self.data.split(SplitName::Train);
        let labels = self.data.labels();
        let of = |(place, &row): (usize, &u32)| {
            let draws = if labels[row as usize] == 1 {
                self.each
            } else {
                0
            };
            let first = place as u32 * (1 + self.each);
            first..=first + draws
        };
        rows.iter().enumerate().flat_map(of).collect()
    }

    /// Fills a batch with the rows of these numbers, as they are in an epoch (from 1).
    pub fn gather(&self, numbers: &[u32], epoch: u64, batch: &mut Batch) {
        let train = self.data.split(SplitName::Train);
        let rows = numbers
            .iter()
            .map(|&n| train[(n / (1 + self.each)) as usize]);
        let rows: Vec<u32> = rows.collect();
        let others = numbers.iter().zip(&rows).map(|(&number, &row)| {
            let drawn = !number.is_multiple_of(1 + self.each);
            drawn.then(|| self.draw(row, epoch, u64::from(number), &[]))
        });
        let others: Vec<Option<u32>> = others.collect();
        self.data.gather_pairs(&rows, &others, &self.items, batch);
    }

    /// The validation rows, and beside each positive one as many drawn ones as in training; never one of the user's validation items either.
    pub fn validation(&self) -> &Pairs {
        &self.validation
    }

    fn drawn_for_validation(&self) -> Pairs {
        let (rows, labels) = (self.data.split(SplitName::Valid), self.data.labels());
        let had = Had::of(self.data, rows.iter().copied());
        let mut pairs = Pairs::default();
        for (place, &row) in rows.iter().enumerate() {
            pairs.rows.push(row);
            pairs.others.push(None);
            if labels[row as usize] == 0 {
                continue;
            }
            let own = had.items(self.data.users()[row as usize]);
            for draw in 1..=u64::from(self.each) {
                let number = place as u64 * (1 + u64::from(self.each)) + draw;
                pairs.rows.push(row);
                pairs
                    .others
                    .push(Some(self.draw(row, VALIDATION, number, own)));
            }
        }
        pairs
    }

    /// The item of a drawn row; not one of `spared` (ascending) either, unless the user has had all others.
    fn draw(&self, row: u32, epoch: u64, number: u64, spared: &[u32]) -> u32 {
        let had = self.had.items(self.data.users()[row as usize]);
        let free =
            |item: &u32| had.binary_search(item).is_err() && spared.binary_search(item).is_err();
        let (train, items) = (self.data.split(SplitName::Train), self.items.len());
        let start = mix(mix(mix(self.seed) ^ epoch) ^ number);
        let drawn = |attempt: u64| {
            let bits = mix(start.wrapping_add(attempt));
            match self.by {
                NegativeSampling::Uniform => below(bits, items) as u32,
                NegativeSampling::Popularity => {
                    self.data.items()[train[below(bits, train.len())] as usize]
                }
            }
        };
        let last = drawn(TRIES);
        let following = || (0..items as u32).map(|step| (last + step) % items as u32);
        (0..TRIES)
            .map(drawn)
            .find(free)
            .or_else(|| following().find(free))
            .or_else(|| following().find(|item| had.binary_search(item).is_err()))
            .unwrap_or(last)
    }
}

/// Rows with other items in them.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Rows of the data; whose user and moment they keep.
    pub rows: Vec<u32>,
    /// The item in place of the row's own; none: its own.
    pub others: Vec<Option<u32>>,
}

impl Pairs {
    /// 0 where another item was drawn, else the row's label.
    pub fn labels(&self, data: &Dataset) -> Vec<u8> {
        let rows = self.rows.iter().zip(&self.others);
        rows.map(|(&row, other)| match other {
            None => data.labels()[row as usize],
            Some(_) => 0,
        })
        .collect()
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) after one step.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number below `n` (at most 2^32): the bias is less than 2^-32.
fn below(bits: u64, n: usize) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::protocols;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use std::collections::{BTreeMap, BTreeSet};

    fn data() -> Dataset {
        let mut protocol = protocols::named("recbole").unwrap();
        protocol.rows.drop.clear();
        let source = Source::Synthetic { rows: Some(2_000) };
        source.encode(Some(&protocol), Target::Anywhere).unwrap()
    }

    fn config(negatives: u32, by: NegativeSampling) -> TrainConfig {
        TrainConfig {
            negatives,
            negatives_by: by,
            ..TrainConfig::default()
        }
    }

    fn drawn(negatives: &Negatives<'_>, epoch: u64) -> Vec<(u32, u32)> {
        let train = negatives.data.split(SplitName::Train);
        let numbers = negatives.numbers().into_iter();
        let drawn = numbers.filter(|n| !n.is_multiple_of(1 + negatives.each));
        drawn
            .map(|n| {
                let row = train[(n / (1 + negatives.each)) as usize];
                let user = negatives.data.users()[row as usize];
                (user, negatives.draw(row, epoch, u64::from(n), &[]))
            })
            .collect()
    }

    #[test]
    fn every_positive_row_has_its_number_of_items_that_the_user_never_had() {
        let data = data();
        for by in [NegativeSampling::Uniform, NegativeSampling::Popularity] {
            let negatives = Negatives::new(&data, &config(3, by)).unwrap().unwrap();
            let had: BTreeSet<(u32, u32)> = data
                .split(SplitName::Train)
                .iter()
                .map(|&row| (data.users()[row as usize], data.items()[row as usize]))
                .collect();
            let first = drawn(&negatives, 1);
            let positive = data
                .split(SplitName::Train)
                .iter()
                .filter(|&&row| data.labels()[row as usize] == 1)
                .count();
            assert_eq!(first.len(), 3 * positive);
            assert!(first.iter().all(|pair| !had.contains(pair)));
            assert_eq!(first, drawn(&negatives, 1));
            assert_ne!(first, drawn(&negatives, 2));
        }
    }

    /// Popular items are drawn as often as they are had; all items alike, when uniformly.
    #[test]
    fn items_are_drawn_by_their_share() {
        let data = data();
        let mut popular: BTreeMap<u32, usize> = BTreeMap::new();
        for &row in data.split(SplitName::Train) {
            *popular.entry(data.items()[row as usize]).or_default() += 1;
        }
        let best = *popular.iter().max_by_key(|(_, count)| **count).unwrap().0;
        let shares = |by: NegativeSampling| {
            let negatives = Negatives::new(&data, &config(40, by)).unwrap().unwrap();
            let weight = |item: u32| match by {
                NegativeSampling::Uniform => 1.0,
                NegativeSampling::Popularity => popular.get(&item).map_or(0.0, |&n| n as f64),
            };
            let whole: f64 = (0..negatives.items.len() as u32).map(weight).sum();
            // For each row of somebody who never had it: its weight among the items that the user never had.
            let expected = |&(user, _): &(u32, u32)| {
                let had = negatives.had.items(user);
                let free = whole - had.iter().map(|&item| weight(item)).sum::<f64>();
                if had.contains(&best) {
                    0.0
                } else {
                    weight(best) / free
                }
            };
            let all = drawn(&negatives, 1);
            let expected: f64 = all.iter().map(expected).sum();
            let found = all.iter().filter(|(_, item)| *item == best).count();
            (found as f64, expected)
        };
        let (found, expected) = shares(NegativeSampling::Uniform);
        assert!(
            (found - expected).abs() < 5.0 * expected.sqrt(),
            "{found} {expected}"
        );
        let (often, more) = shares(NegativeSampling::Popularity);
        assert!((often - more).abs() < 5.0 * more.sqrt(), "{often} {more}");
        assert!(
            more > 2.0 * expected,
            "popular items are drawn more often: {more} {expected}"
        );
    }

    #[test]
    fn a_batch_has_the_rows_and_the_drawn_ones() {
        let data = data();
        let negatives = Negatives::new(&data, &config(2, NegativeSampling::Uniform))
            .unwrap()
            .unwrap();
        let numbers = negatives.numbers();
        let (mut batch, mut again) = (Batch::default(), Batch::default());
        negatives.gather(&numbers[..50], 1, &mut batch);
        assert_eq!(batch.rows, 50);
        for (number, label) in numbers.iter().zip(&batch.labels) {
            if !number.is_multiple_of(3) {
                assert_eq!(*label, 0.0);
            }
        }
        negatives.gather(&numbers[..50], 2, &mut again);
        assert_ne!(batch.fields, again.fields);
        assert_eq!(batch.labels, again.labels);
    }

    #[test]
    fn validation_rows_get_theirs_and_never_one_of_the_users_own() {
        let data = data();
        let negatives = Negatives::new(&data, &config(5, NegativeSampling::Popularity))
            .unwrap()
            .unwrap();
        let pairs = negatives.validation();
        let own: BTreeSet<(u32, u32)> = data
            .split(SplitName::Valid)
            .iter()
            .map(|&row| (data.users()[row as usize], data.items()[row as usize]))
            .collect();
        let mut drawn = pairs
            .rows
            .iter()
            .zip(&pairs.others)
            .filter_map(|(&row, other)| Some((data.users()[row as usize], (*other)?)));
        assert!(drawn.all(|pair| !own.contains(&pair)));
        let labels = pairs.labels(&data);
        let positives = |labels: &[u8]| labels.iter().filter(|&&y| y == 1).count();
        let valid: Vec<u8> = data
            .split(SplitName::Valid)
            .iter()
            .map(|&row| data.labels()[row as usize])
            .collect();
        assert_eq!(positives(&labels), positives(&valid));
        assert_eq!(labels.len(), valid.len() + 5 * positives(&valid));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let data = data();
        assert!(
            Negatives::new(&data, &config(0, NegativeSampling::Uniform))
                .unwrap()
                .is_none()
        );
        let error =
            Negatives::new(&data, &config(u32::MAX, NegativeSampling::Uniform)).unwrap_err();
        assert!(
            error.to_string().contains("more than 2^32 - 1 rows"),
            "{error}"
        );
    }
}
