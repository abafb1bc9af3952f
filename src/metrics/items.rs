//! What the metrics of whole recommendation lists see: the items of everyone's list, and how well known each is.

/// The lists of some users over one catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// For each user the items recommended, best first, by their place in the catalogue.
    pub lists: &'a [Vec<u32>],
    /// For each item of the catalogue: the users who have it in the training rows.
    pub known: &'a [u32],
    /// All users of the training rows.
    pub users: usize,
}

impl Lists<'_> {
    /// The first `k` of each user.
    pub fn tops(&self, k: usize) -> impl Iterator<Item = &[u32]> {
        self.lists
            .iter()
            .map(move |list| &list[..k.min(list.len())])
    }
}
