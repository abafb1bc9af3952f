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
    /// About how many rows the whole input has; exact when `whole`.
    pub of: u64,
    /// Whether the sample is all of the input.
    pub whole: bool,
    /// Whether the columns have names of their own.
    pub headed: bool,
    /// One a column of the input, in its order.
    pub columns: Vec<Finding>,
    /// Which column says what is positive, or which could.
    pub label: Label,
    /// One a candidate of the label.
    pub shares: Vec<Share>,
    /// Columns that say who, what and when.
    pub roles: Roles,
    /// In the order of the columns, those that are left out with the reason; a time gives one a part of it.
    pub fields: Vec<Proposal>,
    /// Texts that mean "missing".
    pub missing: Vec<String>,
    /// Rows that could not be read.
    pub bad: Bad,
    /// For people, the weightiest first; empty when all is well.
    pub warnings: Vec<String>,
}
