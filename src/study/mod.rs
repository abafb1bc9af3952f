//! Looking at data before they are trained on: what would make numbers too good, or a field useless.
//!
//! Each check is a file: it takes the encoded [`Columns`] and gives [`Finding`]s. Reading order: [`finding`],
//! [`columns`], then the checks: [`repeated`] (the same rows in training and test), [`alone`] (a field that knows the answer), [`constant`],
//! [`identifies`] (a field that knows another), [`unseen`] (values that training lacks), [`drift`], [`future`] (a split that trains on what
//! came later). They share [`contingency`] (how two fields hang together), [`parts`] (of numbers) and [`frequent`] (values).
//!
//! [`eda`] is the same data drawn, for people to look at.
//!
//! Its idea: most results that are too good to be true are visible in the encoded rows, before any training. It knows no model: what it says
//! follows from values, labels and the split.
//!
//! # Adding a check
//!
//! A function from [`Columns`] to [`Finding`]s, with the numbers in the finding and what to do about it; its line in `CHECKS`.
//!
//! Files: `src/study/NAME.rs` (new), `src/study/mod.rs`

pub mod alone;
pub mod called;
pub mod columns;
pub mod constant;
pub mod contingency;
pub mod drift;
pub mod eda;
pub mod finding;
pub mod frequent;
pub mod future;
pub mod identifies;
pub mod parts;
pub mod repeated;
pub mod unseen;

use columns::Columns;
use finding::Finding;

use crate::data::dataset::Dataset;
use crate::error::Result;

/// A check.
type Check = fn(&Columns<'_>) -> Result<Vec<Finding>>;

/// All of them.
const CHECKS: [Check; 7] = [
    repeated::check,
    alone::check,
    constant::check,
    identifies::check,
    unseen::check,
    drift::check,
    future::check,
];

/// What all checks find, the gravest first.
///
/// # Errors
/// Never for a [`Dataset`], whose columns fit each other.
pub fn findings(data: &Dataset) -> Result<Vec<Finding>> {
    let columns = Columns::of(data);
    let mut all = Vec::new();
    for check in CHECKS {
        all.extend(check(&columns)?);
    }
    all.sort_by_key(|finding| finding.grave);
    Ok(all)
}
