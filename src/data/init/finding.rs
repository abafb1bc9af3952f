//! A column and what it is taken for.

use super::guess::Guess;
use super::profile::Profile;

/// A column and what it is taken for.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What the sample's values are.
    pub profile: Profile,
    /// What follows from them, and why.
    pub guess: Guess,
}
