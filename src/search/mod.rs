//! Searching settings: what is tried, what came of it, and a page about it. The trainings themselves are the command's.
//!
//! Reading order: [`space`] (what may be tried, and drawing from it), [`halving`] (which trials go on), [`trial`] (what came of a try, and the
//! files of a search), [`report`].

pub mod halving;
pub mod report;
pub mod space;
pub mod trial;
