//! All that was found out of an input.

use super::fields::Proposal;
use super::finding::Finding;
use super::label::Label;
use super::roles::Roles;
use super::sample::Bad;
use super::share::Share;

/// What `init` found out.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Rows of the sample, and about how many there are in all.
    pub rows: u64,
    pub of: u64,
    pub whole: bool,
    /// Whether the columns have names of their own.
    pub headed: bool,
    pub columns: Vec<Finding>,
    pub label: Label,
    /// One a candidate of the label.
    pub shares: Vec<Share>,
    pub roles: Roles,
    pub fields: Vec<Proposal>,
    /// Texts that mean "missing".
    pub missing: Vec<String>,
    pub bad: Bad,
    pub warnings: Vec<String>,
}
