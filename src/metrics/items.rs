//! Ranked lists from a whole catalogue: the items of everyone's list, which of them are positive, and how well known each is.

use super::ranking::Ranked;

/// The lists of some users over one catalogue. All vectors but `known` go user by user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    /// The items recommended, best first, by their number in the catalogue.
    pub items: Vec<Vec<u32>>,
    /// 1 for each of them that is positive, else 0.
    pub labels: Vec<Vec<u8>>,
    /// How many positives the user has, on the list or not.
    pub positives: Vec<usize>,
    /// For each item of the catalogue: the users who have it in the training rows.
    pub known: Vec<u32>,
    /// All users of the training rows.
    pub users: usize,
}

impl Lists {
    /// The first `k` items of each user.
    pub fn tops(&self, k: usize) -> impl Iterator<Item = &[u32]> {
        self.items
            .iter()
            .map(move |list| &list[..k.min(list.len())])
    }

    /// Each user's list, as metrics of a list see it.
    pub fn ranked(&self) -> impl Iterator<Item = Ranked<'_>> {
        let users = self.labels.iter().zip(&self.positives);
        users.map(|(labels, &positives)| Ranked { labels, positives })
    }
}
