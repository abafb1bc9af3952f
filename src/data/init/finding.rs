//! A column and what it is taken for.

use super::guess::Guess;
use super::profile::Profile;

/// A column and what it is taken for.
#[derive(Debug, Clone)]
pub struct Finding {
    pub profile: Profile,
    pub guess: Guess,
}
