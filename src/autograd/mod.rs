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
//! # An example with numbers
//!
//! One row, `x = [1, 2]` with label 1, through `z = x w + b` and the loss. Forward goes down the table, backward up; each op knows its own
//! two lines and nothing else:
//!
//! ```text
//!          forward                                        backward
//! x      = [1, 2]                                         d_x    = w d_z   = [0.5 * -0.5, -0.75 * -0.5] = [-0.25, 0.375]
//! w, b   = [0.5, -0.75], 1                                d_w    = x d_z   = [-0.5, -1],   d_b = d_z = -0.5
//! z      = 1 * 0.5 + 2 * -0.75 + 1         = 0            d_z    = d_loss (sigmoid(z) - 1) = 0.5 - 1 = -0.5
//! loss   = ln(1 + e^z) - 1 * z = ln 2      = 0.693        d_loss = 1
//! ```
//!
//! ```
//! use autoint::autograd::op::{BLOCK, Shard, place};
//! use autoint::autograd::workspace::{Replay, ShardGrads, Workspace};
//! use autoint::autograd::{Init, Parameters, Part, Role, Tape, WeightPairs};
//! use autoint::data::batch::Batch;
//! use autoint::simd::Isa;
//!
//! // Recording: nothing is computed yet. The flat vector of parameters is [w, b].
//! let mut tape = Tape::new();
//! let x = tape.input(&[2]);
//! let w = tape.parameter("w", &[2, 1], Init::GlorotUniform, Role::Kernel)?;
//! let b = tape.parameter("b", &[1], Init::Constant(0.0), Role::Bias)?;
//! let z = tape.linear(&x, &w, Some(&b))?;
//! let loss = tape.bce(&z)?;
//!
//! // Memory for a shard of one block. Of its sixteen rows one is used.
//! let dense = vec![0.5, -0.75, 1.0];
//! let parameters = Parameters { dense, ..Parameters::zeros(tape.layout()) };
//! let batch = Batch { rows: 1, labels: vec![1.0], ..Batch::default() };
//! let shard = Shard {
//!     batch: &batch,
//!     first_row: 0,
//!     used: 1,
//!     part: Part::whole(&batch),
//!     draw: None,
//!     statistics: &[],
//!     backward: true,
//! };
//! let isa = Isa::choose()?;
//! let pairs = WeightPairs::of(isa, tape.layout(), &parameters);
//! let replay = Replay { isa, tape: &tape, parameters: &parameters, pairs: &pairs };
//! let mut workspace = Workspace::new(&tape, BLOCK);
//! for (unit, number) in [1.0, 2.0].into_iter().enumerate() {
//!     workspace.value_mut(&x)[place(2, unit, 0)] = number;
//! }
//!
//! let nodes = 0..tape.nodes().len();
//! workspace.forward(replay, nodes.clone(), shard);
//! assert_eq!(workspace.value(&z)[0], 0.0);
//! assert!((workspace.value(&loss)[0] - 2f32.ln()).abs() < 1e-6);
//!
//! workspace.seed(&tape, &loss).fill(1.0);
//! let mut d_dense = vec![0.0; 3];
//! let mut grads = ShardGrads { dense: &mut d_dense, samples: &mut [], first_sample: 0 };
//! workspace.backward(replay, nodes, shard, &mut grads);
//! assert_eq!(workspace.grad(&z)[0], -0.5);
//! assert_eq!(d_dense, [-0.5, -1.0, -0.5]);
//! let d_x = [0, 1].map(|unit| workspace.grad(&x)[place(2, unit, 0)]);
//! assert_eq!(d_x, [-0.25, 0.375]);
//! # Ok::<(), autoint::Error>(())
//! ```
//!
//! Reading order: [`kind`] and [`op`] (what an op is), one op, say [`ops::linear`], then [`tape`], [`workspace`] (one shard),
//! `factors` (products in any precision), [`part`] (what of a step is here), [`group`] (a task), [`tree`], [`sums`] and [`reduction`] (what tasks add up to), [`engine`] (a
//! batch on all threads), [`runtime`], [`cores`], [`workspaces`] and [`frozen`] (inference), [`touched`] and [`sparse`] (gradients of
//! embedding tables), `exchange` and `rows` (what several ranks add up to), [`far`] (tables that are spread over them), [`trace`] (what a
//! step was made of), [`mod@reference`] and [`check`] (the proof), [`walk`] (one row, looked at).

pub mod batch_op;
pub mod check;
pub mod cores;
pub mod engine;
mod exchange;
mod factors;
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
pub use factors::{WeightPairs, Weights};
pub use frozen::Frozen;
pub use gradients::Gradients;
pub use kind::OpKind;
pub use layout::{Init, Layout, Param, Parameters, Role, TableId};
pub use op::Op;
pub use part::Part;
pub use profile::OpTime;
pub use runtime::Runtime;
pub use tape::{Tape, Var};
