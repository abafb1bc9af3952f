//! Pages about what was trained: one about a run, one about a comparison. Each needs nothing else, no script and no other file.
//!
//! Reading order: [`looked`] (what is looked at beyond metrics: calibration, scores by label, attention), [`run`], [`comparison`].
//!
//! Its idea: a page is made of numbers that were computed elsewhere, and draws them with [`crate::page`]. It asks no question of the data but
//! those of [`looked`], and knows neither the server nor the loop that calls it.
//!
//! # Adding a section to a run's page
//!
//! What is drawn is a field of [`run::Report`], which the training fills when it is done.
//!
//! Files: `src/report/run.rs`, `src/train/session.rs`

pub mod comparison;
pub mod looked;
pub mod run;
