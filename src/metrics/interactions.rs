//! Who did what, as the baselines want it.

use super::input;
use crate::error::Result;

/// Rows as the baselines see them, all slices `[n]`.
#[derive(Debug, Clone, Copy)]
pub struct Interactions<'a> {
    /// User codes, the same coding in training and test; `None` when the data has no users.
    pub users: Option<&'a [u32]>,
    /// Item codes, the same coding in training and test.
    pub items: &'a [u32],
    /// 0 or 1.
    pub labels: &'a [u8],
}

impl Interactions<'_> {
    /// Refuses rows that do not fit each other.
    ///
    /// # Errors
    /// On unequal lengths or a label other than 0 and 1.
    pub(super) fn check(&self) -> Result<()> {
        input::check_length("item codes", self.items.len(), self.labels)?;
        if let Some(users) = self.users {
            input::check_length("user codes", users.len(), self.labels)?;
        }
        input::check_labels(self.labels)
    }
}
