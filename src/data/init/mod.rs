//! A first schema for data that nobody has described yet: what `autoint init` writes.
//!
//! A sample of rows from all over the input ([`sample`]) gives each column its statistics ([`profile`]; [`lists`] and `times` are
//! special cases), and these its kind with a reason ([`guess`]). Then the columns together: which is the label (`answers`,
//! [`label`]), which have a role ([`roles`]), which tell the label too well to be fields (`leak`), and what fields remain
//! ([`fields`]). `warnings` says what will hurt, [`mod@write`] writes the file.
//!
//! All of it is a proposal that somebody reads: every guess stands in the file with its reason, and what is left out stands there
//! as a comment. A label is never chosen among equals.

mod answers;
pub mod ask;
mod columns;
pub mod draft;
pub mod escape;
pub mod fields;
pub mod finding;
pub mod guess;
pub mod label;
mod leak;
pub mod lists;
mod look;
mod marks;
mod names;
pub mod place;
pub mod profile;
pub mod roles;
mod said;
pub mod sample;
pub mod share;
mod times;
mod warnings;
pub mod write;

pub use self::ask::Ask;
pub use self::columns::columns_of;
pub use self::draft::Draft;
pub use self::look::draft;

#[cfg(test)]
mod tests;
