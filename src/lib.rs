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
//! The folders follow the flow; each knows only the ones before it in this list, and `tests/source_rules.rs` holds them to it.
//!
//! 1. [`error`], [`files`], [`protobuf`], [`page`]: one error type; files that are written whole or not at all; messages for other programs; pages
//!    and their drawings.
//! 2. [`metrics`], [`data`]: every metric with its definition, by whose names a protocol says what it measures; readers, protocols,
//!    vocabularies, the encoded store, splits, batches.
//! 3. [`study`]: data looked at before they are trained on.
//! 4. [`simd`], [`kernels`]: one vector trait, and the arithmetic written against it.
//! 5. [`ranks`]: several processes that train one model.
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
//! Someone who wants to know how AutoInt works starts with [`model::parts::interacting`], then [`autograd::ops::interacting`].
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
//! A *unit* is one number per row; activations of a shard are `[units, R]` with the rows contiguous, so that the rows lie in
//! the lanes of the vector registers (see [`kernels`]).

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
