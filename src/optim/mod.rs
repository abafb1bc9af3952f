//! From gradients to new weights.
//!
//! | optimiser | file | state per weight |
//! |---|---|---|
//! | SGD; with (Nesterov's) momentum | [`sgd`] | none; velocity |
//! | Adam | [`adam`] | m, v |
//! | AdamW | [`adamw`] | m, v |
//! | Nadam | [`nadam`] | m, v |
//! | RMSprop with momentum | [`rmsprop`] | v, velocity |
//! | Adagrad | [`adagrad`] | v |
//!
//! Formulas are PyTorch's; each file says where Keras differs. An optimiser is written twice, both in its file: in f32 for the vector
//! units ([`crate::kernels::update::Rule`]) and in f64 as the textbook has it ([`method::Method`]).
//!
//! Reading order: [`config`], [`method`], one optimiser, then [`optimizer`] (what training calls), [`tables`] (embedding tables:
//! dense, lazy, exact), [`clip`], and [`schedule`] (the learning rate).
//!
//! ```
//! use autoint::optim::OptimizerConfig;
//! use autoint::optim::adam::Adam;
//! use autoint::optim::method::{At, Method};
//!
//! // Adam's first step has the length of the learning rate, however large the gradient: m / sqrt(v) is 4 / 4, both corrected.
//! let (config, at) = (OptimizerConfig::default(), At { t: 1, learning_rate: 0.1, l2: 0.0 });
//! let (w, [m, v]) = Adam::definition(&config, at, 1.0, 4.0, [0.0; 2]);
//! assert!((w - 0.9).abs() < 1e-6 && (m - 0.1 * 4.0).abs() < 1e-9 && (v - 0.001 * 16.0).abs() < 1e-9);
//! ```
//!
//! It knows gradients and the layout of parameters, wherever these come from: no model, no data, no epoch.
//!
//! # Adding an optimiser
//!
//! Its file has the formula with its source, the arithmetic of a step, the constants, the textbook, and the test that holds one to the
//! other (`tests::held`). Then three lines: the module here, the kind in `config.rs` (and in its list `ALL`, by which the tests of the
//! modes of tables go), the arm that makes it in `optimizer.rs`.
//!
//! Files: `src/optim/NAME.rs` (new), `src/optim/mod.rs`, `src/optim/config.rs`, `src/optim/optimizer.rs`

pub mod adagrad;
pub mod adam;
pub mod adamw;
pub mod clip;
pub mod config;
pub mod method;
pub mod nadam;
pub mod optimizer;
pub mod rmsprop;
pub mod schedule;
pub mod sgd;
mod span;
mod stepper;
pub mod tables;
#[cfg(test)]
mod tests;

pub use config::{EmbeddingMode, OptimizerConfig, OptimizerKind};
pub use optimizer::Optimizer;
pub use schedule::{Plateau, ScheduleConfig, ScheduleKind};
