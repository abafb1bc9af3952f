//! What is done with a trained model: logits of rows, metrics of a part of the data, predictions of raw rows. All of it goes
//! through one [`Scorer`].
//!
//! Reading order: [`scorer`], [`evaluation`], [`catalogue`] and [`item_knn`] (rankings of all items), [`calibration`] and [`logistic`] (what mends probabilities), [`segments`](mod@segments), [`compare`], [`predict`](mod@predict), [`distribution`]; [`shared`] (rows that several ranks score together).
//!
//! Its idea: all that scores goes through one [`Scorer`], so validation, `predict`, rankings and the server agree to the last bit. It knows a
//! model and data, but no run directory ([`crate::run`] opens one and hands its weights over) and no training.
//!
//! # Adding a way to calibrate
//!
//! A kind of map with how it is fitted and applied; a choice of the command, a line of `inspect`, and the nodes that the ONNX file has for it.
//!
//! Files: `src/score/calibration.rs`, `src/cli/calibrate.rs`, `src/cli/inspect.rs`, `src/interop/export/onnx/score.rs`

pub mod best;
pub mod calibration;
pub mod catalogue;
pub mod compare;
pub mod distribution;
pub mod evaluation;
pub mod item_knn;
pub mod logistic;
pub mod predict;
pub mod scorer;
pub mod segments;
pub mod shared;

pub use calibration::Calibration;
pub use distribution::Distribution;
pub use evaluation::{Asked, Evaluation, evaluate, evaluate_as};
pub use predict::predict;
pub use scorer::Scorer;
pub use segments::{Segment, segments};
