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
//! Formulas are PyTorch's; each file says where Keras differs. An optimiser is written twice: in f32 for the vector units
//! ([`crate::kernels::update::Rule`], beside the other kernels) and in f64 as the textbook has it ([`method::Method`]).
//!
//! Reading order: [`config`], [`method`], one optimiser, then [`optimizer`] (what training calls), [`tables`] (embedding tables:
//! dense, lazy, exact), [`clip`], and [`schedule`] (the learning rate).

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
