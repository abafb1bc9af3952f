//! ItemKNN: items like those that a user had (Sarwar et al., "Item-Based Collaborative Filtering Recommendation Algorithms", WWW 2001), what a
//! model that ranks a catalogue has to beat.
//!
//! ```text
//! sim(i, j)   = |users of both| / sqrt(|users of i| |users of j|)
//! score(u, i) = sum over the items j that u had, among the k items most like i, of  sim(i, j)
//! ```
//!
//! The cosine of binary columns, as RecBole's ItemKNN has it (without shrinkage). Equal similarities: the item with the smaller number.

use rayon::prelude::*;

use super::best::best;
use super::catalogue::Askers;
use crate::data::dataset::Dataset;
use crate::data::had::Had;
use crate::data::numbers::end;
use crate::metrics::items::Lists;

/// Neighbours of an item. RecBole's default; 50 to 400 change its NDCG@10 on MovieLens-1M in the third digit.
pub const NEIGHBOURS: usize = 100;

/// Pairs of a user's items beyond which it is left out: it would take minutes.
const MOST_PAIRS: u64 = 2_000_000_000;

/// What every user chose, and for each item those most like it.
#[derive(Debug)]
pub struct ItemKnn {
    /// The items of each user's positive rows.
    chosen: Had,
    /// By item: those most like it, ascending, and how like they are.
    neighbours: Vec<Vec<(u32, f32)>>,
}

impl ItemKnn {
    /// From the positive ones of some rows, of data that have users and items; none when there are too many pairs of items that somebody
    /// chose.
    pub fn of(data: &Dataset, rows: impl Iterator<Item = u32>) -> Option<ItemKnn> {
        let chosen = Had::of(data, rows.filter(|&row| data.labels()[row as usize] == 1));
        let of_user: Vec<&[u32]> = chosen.all().collect();
        let pairs = of_user.iter().map(|items| (items.len() as u64).pow(2));
        if pairs.sum::<u64>() > MOST_PAIRS {
            return None;
        }
        let of_item = turned(&of_user, end(data.items()));
        let neighbours = (0..of_item.len())
            .into_par_iter()
            .map(|item| neighbours(item, &of_user, &of_item))
            .collect();
        Some(ItemKnn { chosen, neighbours })
    }

    /// The score of an item for a user.
    pub fn score(&self, user: u32, item: u32) -> f32 {
        let own = self.chosen.items(user);
        let near = self.neighbours[item as usize].iter();
        let had = near.filter(|(other, _)| own.binary_search(other).is_ok());
        had.map(|(_, similarity)| similarity).sum()
    }

    /// The first `k` of everyone.
    pub fn ranked(&self, askers: &Askers<'_>, k: usize) -> Lists {
        askers.ranked(k, |asker, candidates| {
            let score = |&item: &u32| self.score(asker.user, item);
            candidates.iter().map(score).collect()
        })
    }
}

/// The users of each item, from the items of each user.
fn turned(of_user: &[&[u32]], items: usize) -> Vec<Vec<u32>> {
    let mut of_item = vec![Vec::new(); items];
    for (user, items) in (0..).zip(of_user) {
        for &item in *items {
            of_item[item as usize].push(user);
        }
    }
    of_item
}

/// The items most like one, in the order of their numbers.
fn neighbours(item: usize, of_user: &[&[u32]], of_item: &[Vec<u32>]) -> Vec<(u32, f32)> {
    let mut together = vec![0.0f32; of_item.len()];
    for &user in &of_item[item] {
        for &other in of_user[user as usize] {
            together[other as usize] += 1.0;
        }
    }
    together[item] = 0.0;
    let own = of_item[item].len() as f32;
    for (both, users) in together.iter_mut().zip(of_item) {
        if *both > 0.0 {
            *both /= (own * users.len() as f32).sqrt();
        }
    }
    let mut near: Vec<(u32, f32)> = best(&together, NEIGHBOURS)
        .into_iter()
        .map(|other| (other, together[other as usize]))
        .filter(|(_, similarity)| *similarity > 0.0)
        .collect();
    near.sort_unstable_by_key(|(other, _)| *other);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Items 0 and 1 share users 0 and 1 of 2 and 3; items 0 and 2 share nobody.
        let of_user: [&[u32]; 3] = [&[0, 1], &[0, 1], &[1, 2]];
        let of_item = turned(&of_user, 3);
        assert_eq!(of_item, [vec![0, 1], vec![0, 1, 2], vec![2]]);
        let near = neighbours(0, &of_user, &of_item);
        assert_eq!(near, [(1, 2.0 / 6.0f32.sqrt())]);
        let near = neighbours(1, &of_user, &of_item);
        assert_eq!(near, [(0, 2.0 / 6.0f32.sqrt()), (2, 1.0 / 3.0f32.sqrt())]);
    }
}
