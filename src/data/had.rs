//! Who had what: the items of each user in some of the rows.

use super::dataset::Dataset;
use super::numbers::end;

/// Users and items by their numbers ([`Dataset::users`], [`Dataset::items`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Had {
    /// By user: where its items are in `items`; one more than users.
    starts: Vec<u32>,
    /// Each user's, ascending and without repetition; user after user.
    items: Vec<u32>,
}

impl Had {
    /// Of these rows of data that have users and items.
    pub fn of(data: &Dataset, rows: impl IntoIterator<Item = u32>) -> Had {
        let (users, items) = (data.users(), data.items());
        let pair = |row: u32| (users[row as usize], items[row as usize]);
        let mut pairs: Vec<(u32, u32)> = rows.into_iter().map(pair).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0u32; end(users) + 1];
        for &(user, _) in &pairs {
            starts[user as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        Had {
            starts,
            items: pairs.into_iter().map(|(_, item)| item).collect(),
        }
    }

    /// A user's items, ascending, each once.
    pub fn items(&self, user: u32) -> &[u32] {
        let user = user as usize;
        &self.items[self.starts[user] as usize..self.starts[user + 1] as usize]
    }

    /// The items of every user, by the users' numbers.
    pub fn all(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.starts.len() as u32 - 1).map(|user| self.items(user))
    }

    /// For each of `items` items: how many users have it.
    pub fn known(&self, items: usize) -> Vec<u32> {
        let mut known = vec![0; items];
        for &item in &self.items {
            known[item as usize] += 1;
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::source::Source;
    use crate::data::store::Target;
    use std::collections::BTreeSet;

    #[test]
    fn every_user_has_its_items_once_and_in_order() {
        let source = Source::Synthetic { rows: Some(500) };
        let data = source.encode(None, Target::Anywhere).unwrap();
        let rows = || (0..data.rows() as u32).filter(|row| row % 3 > 0);
        // Twice the same rows are the same items.
        let had = Had::of(&data, rows().chain(rows()));
        let (users, items) = (data.users(), data.items());
        for (user, found) in (0..).zip(had.all()) {
            let own = rows().filter(|&row| users[row as usize] == user);
            let own: BTreeSet<u32> = own.map(|row| items[row as usize]).collect();
            assert_eq!(found, own.into_iter().collect::<Vec<u32>>());
        }
        assert_eq!(had.all().count(), end(users));
        let known = had.known(end(items));
        let of = |item: u32| had.all().filter(|all| all.contains(&item)).count() as u32;
        assert!((0..).zip(&known).all(|(item, &users)| users == of(item)));
    }
}
