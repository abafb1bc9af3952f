//! The items of a run's catalogue in the order that the model gives them for somebody.
//!
//! Every answer is made of the rows that `predict` would be given: the same encoder, the same scorer, so the same bits.
//!
//! Reading order: [`ask`] (who asks, and when), [`ranker`] (rows of all items, and the best of them), [`diversity`],
//! `alter` (one row, and what it becomes with other values), [`similar`] (neighbours of one value), [`everyone`] (all users),
//! [`export`] (into a file), [`model`] (all that a run in memory can answer).

mod alter;
pub mod ask;
pub mod diversity;
pub mod everyone;
pub mod export;
pub mod model;
pub mod ranker;
pub mod similar;

pub use ask::{Asker, Who};
pub use model::Model;
pub use ranker::{Answer, Ranker, Recommended, Request};
