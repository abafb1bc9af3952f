//! The items of a run's catalogue in the order that the model gives them for somebody.
//!
//! Every answer is made of the rows that `predict` would be given: the same encoder, the same scorer, so the same bits.
//!
//! Reading order: [`ask`] (who asks, and when), [`ranker`] (rows of all items, and the best of them), [`diversity`],
//! `alter` (one row, and what it becomes with other values), [`similar`] (neighbours of one value), [`everyone`] (all users),
//! [`export`] (into a file), [`model`] (all that a run in memory can answer).
//!
//! Its idea: a catalogue is ranked by making the row of each item and scoring it. It knows a scorer and a catalogue, whether they come from a
//! run directory or not; nothing of why an item is where it is ([`crate::explain`]) and nothing of HTTP.
//!
//! # Adding a way to rank
//!
//! What is asked for goes into [`Request`], and `Ranker::pick` hands the logits to the file that orders them (as [`diversity`] does); then the
//! three who ask.
//!
//! Files: `src/recommend/NAME.rs` (new), `src/recommend/mod.rs`, `src/recommend/ranker.rs`, `src/cli/recommend.rs`, `src/serve/api/ask.rs`, `src/serve/pages/result.rs`, `src/python/model.rs`

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
