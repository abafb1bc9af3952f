//! Reverse-mode automatic differentiation over a recorded tape.
//!
//! Model code records ops on a [`Tape`] once, when the model is built: recording checks shapes and plans where every
//! activation lies. A training step replays the tape over planned memory, shard by shard ([`engine::Engine`]):
//!
//! ```text
//! record:   x ──linear──▶ h ──relu──▶ ... ──bce──▶ loss        shapes checked, memory planned, nothing computed
//! replay:   values [x | h | ... | loss]   forward, left to right
//!           grads  [x | h | ... | loss]   backward, right to left, every gradient accumulated with +=
//! ```
//!
//! A result always lies after its operands, so an op borrows its operands and its result as two disjoint slices.
//!
//! Reading order: [`kind`] and [`op`] (what an op is), one op, say [`ops::linear`], then [`tape`], [`workspace`] (one shard),
//! [`part`] (what of a step is here), [`group`] (a task), [`tree`], [`sums`] and [`reduction`] (what tasks add up to), [`engine`] (a
//! batch on all threads), [`runtime`], [`cores`], [`workspaces`] and [`frozen`] (inference), [`touched`] and [`sparse`] (gradients of
//! embedding tables), `exchange` and `rows` (what several ranks add up to), [`far`] (tables that are spread over them), [`trace`] (what a
//! step was made of), [`mod@reference`] and [`check`] (the proof), [`walk`] (one row, looked at).

pub mod batch_op;
pub mod check;
pub mod cores;
pub mod engine;
mod exchange;
pub mod far;
pub mod fields;
pub mod frozen;
pub mod gradients;
pub mod group;
pub mod kind;
pub mod layout;
pub mod op;
pub mod ops;
pub mod part;
pub mod phases;
pub mod profile;
pub mod reduction;
pub mod reference;
mod rows;
pub mod runtime;
pub mod sparse;
pub mod sums;
pub mod tape;
pub mod touched;
pub mod trace;
pub mod tree;
pub mod walk;
pub mod workspace;
pub mod workspaces;

pub use engine::Engine;
pub use frozen::Frozen;
pub use gradients::Gradients;
pub use kind::OpKind;
pub use layout::{Init, Layout, Param, Parameters, Role, TableId};
pub use op::Op;
pub use part::Part;
pub use profile::OpTime;
pub use runtime::Runtime;
pub use tape::{Tape, Var};
