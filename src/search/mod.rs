//! Searching settings: what is tried, what came of it, and a page about it. The trainings themselves are the command's.
//!
//! Reading order: [`space`] (what may be tried, and drawing from it), [`halving`] (which trials go on), [`trial`] (what came of a try, and the
//! files of a search), [`report`].
//!
//! Its idea: what is tried is a function of the seed and the trial's number, and a trial's outcome is a line of text, so that a search can be
//! stopped and gone on with. It knows settings and the records of epochs, and neither data nor weights.
//!
//! # Adding a way to drop trials
//!
//! A rule that says after how many epochs trials are compared and how many go on, and the command that follows it.
//!
//! Files: `src/search/NAME.rs` (new), `src/search/mod.rs`, `src/cli/search.rs`, `src/cli/tune.rs`

pub mod halving;
pub mod report;
pub mod space;
pub mod trial;
