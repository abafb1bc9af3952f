//! Pages about what was trained: one about a run, one about a comparison. Each needs nothing else, no script and no other file.
//!
//! Reading order: [`looked`] (what is looked at beyond metrics: calibration, scores by label, attention), [`run`], [`comparison`].

pub mod comparison;
pub mod looked;
pub mod run;
