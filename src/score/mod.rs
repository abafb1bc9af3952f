//! What is done with a trained model: logits of rows, metrics of a part of the data, predictions of raw rows. All of it goes
//! through one [`Scorer`].
//!
//! Reading order: [`scorer`], [`evaluation`], [`compare`], [`predict`](mod@predict), [`distribution`].

pub mod compare;
pub mod distribution;
pub mod evaluation;
pub mod predict;
pub mod scorer;

pub use distribution::Distribution;
pub use evaluation::{Asked, Evaluation, evaluate, evaluate_as};
pub use predict::predict;
pub use scorer::Scorer;
