//! AutoInt and AutoInt+ (Song et al., "AutoInt: Automatic Feature Interaction Learning via Self-Attentive Neural Networks",
//! CIKM 2019), from a raw click log to a trained and evaluated model, on an engine of its own with hand-written reverse-mode
//! automatic differentiation.
//!
//! ```text
//! raw files ── data ──▶ table ▶ schema + vocabulary ▶ encoded rows ▶ split ▶ batches
//!                                                                            │
//!      model = tape of ops over one flat parameter vector + embedding tables │
//!                                                                            ▼
//!         shard ▶ embed ▶ interacting layers (+ MLP) ▶ logit ▶ loss ▶ gradients ▶ optimiser
//!                                                                            │
//!      evaluate · predict · recommend · explain · serve ◀── run directory ◀──┘
//! ```
//!
//! # Reading order
//!
//! The folders follow the flow; each knows only the ones before it in this list, and `tests/source_rules` holds them to it.
//!
//! 1. [`error`], [`files`], [`protobuf`], [`page`]: one error type; files that are written whole or not at all; messages for other programs; pages
//!    and their drawings.
//! 2. [`ranks`]: several processes that do one thing together.
//! 3. [`metrics`], [`data`]: every metric with its definition, by whose names a protocol says what it measures; readers, protocols,
//!    vocabularies, the encoded store, splits, batches.
//! 4. [`study`]: data looked at before they are trained on.
//! 5. [`simd`], [`kernels`]: one vector trait, and the arithmetic written against it.
//! 6. [`autograd`]: the tape, the ops (one a file, forward and backward side by side), the engine that replays them.
//! 7. [`model`]: AutoInt and AutoInt+ in terms of ops.
//! 8. [`optim`]: optimisers and schedules.
//! 9. [`settings`]: presets, and all that a run can be told.
//! 10. [`score`]: what is done with a model: logits, metrics, predictions.
//! 11. [`run`]: the run directory.
//! 12. [`interop`]: models for other programs, and from them.
//! 13. [`recommend`]: the items of a catalogue in a user's order.
//! 14. [`explain`]: attention, ablation, and whether they agree.
//! 15. [`report`]: pages about a run and about a comparison.
//! 16. [`serve`]: all of it over HTTP, for programs and for people.
//! 17. [`train`]: the loop.
//! 18. [`search`]: trials of settings, and what came of them.
//! 19. `python`: the same engine for Python, with the feature of that name.
//!
//! Above them stands the command line, which is no part of the library (`src/cli/`, one file a command).
//!
//! # Five stops
//!
//! From a raw row to a served answer, for who knows what a derivative is and some Rust. A stop is a file, what to see in it, and lessons
//! that print the same with small numbers: `examples/lessons/lesson_01.rs` to `lesson_10.rs`, as in
//! `cargo run --release --example lesson_01`. Read the lessons by their numbers, first; the stops then find them again in the product.
//!
//! - **A row becomes numbers.** [`data::encode::value`]: a text is looked up in its field's vocabulary, a number is scaled; code 0 is for
//!   what nobody knows. [`data::batch::Batch`] is what comes out of it, `src/data/gather.rs` between the two. Lesson 3. One then knows all that
//!   a model ever sees: for each row and field which rows of a table, and times what.
//! - **Numbers become a logit.** [`model::parts::interacting`]: the paper's equations line by line, in small ops (`composed`), and in
//!   [`autograd::ops::interacting`] as one op. Lessons 4 and 5. One then knows what AutoInt is: each field asks all others, and
//!   keeps what it was.
//! - **A logit becomes gradients.** [`autograd::ops::bce`] is the loss and its slope `p - y`; [`autograd::ops::relu`] and
//!   [`autograd::ops::linear`] have forward and backward side by side, and [`autograd::engine`] runs the tape there and back. Lessons 1, 2, 7.
//!   One then knows by how much the loss would grow with every single weight, and how anybody can check it.
//! - **Gradients move weights.** [`optim::adam`]: the textbook in a few lines; [`optim::tables`]: the rows that a batch does not touch;
//!   [`train::trainer`]: the loop that keeps the best epoch. Lessons 6, 8 and 10. One then knows why the same seed gives the same bits.
//! - **Weights answer.** [`run::Run::open`], [`score::Scorer`], [`recommend::ranker`]: what a stranger asks takes the way of the training rows,
//!   up to the logit; [`serve::server`] puts it on the network. Lesson 9 shows what makes it fast. One then knows that what is served
//!   is what was measured.
//!
//! Someone who only wants to know how AutoInt works takes the second.
//!
//! # Notation
//!
//! | letter | meaning |
//! |---|---|
//! | B | rows of a batch |
//! | R | rows of a shard: the part of a batch that is replayed at once |
//! | F | fields, the tokens of the attention |
//! | d | numbers of an embedding |
//! | H | heads |
//! | L | interacting layers |
//! | c | numbers of a head: width / H |
//!
//! A *unit* is one number per row; activations of a shard are `[blocks, units, 16]`, sixteen rows side by side, so that the rows lie in
//! the lanes of the vector registers (drawn in [`kernels`]).

// What input can reach must not panic. (Tests may: that is how they fail.)
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod autograd;
pub mod data;
pub mod error;
pub mod explain;
pub mod files;
pub mod interop;
pub mod kernels;
pub mod metrics;
pub mod model;
pub mod optim;
pub mod page;
pub mod protobuf;
#[cfg(feature = "python")]
pub mod python;
pub mod ranks;
pub mod recommend;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod serve;
pub mod settings;
#[allow(
    unsafe_code,
    reason = "intrinsics are; each block says why it is sound"
)]
pub mod simd;
pub mod study;
pub mod train;

pub use error::{Error, Result};
