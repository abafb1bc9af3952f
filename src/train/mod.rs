//! Training: the loop over epochs.
//!
//! Reading order: [`machine`] (what it runs on), `learner` (a step), [`trainer`] (the loop), [`observer`] (who is told), [`shuffle`] (the
//! order of an epoch's rows), [`negatives`] (rows that are drawn), `together` (what ranks ask each other), [`profile`] (where the time
//! goes), [`traced`] (what steps are made of), [`session`] (a training and its run directory), [`verify`](mod@verify) (whether a run can
//! be made again).
//!
//! Its idea: a step is a function of the weights, the seed and its number, so the loop can be stopped anywhere and gone on with bit for bit. It
//! knows all that a run is made of, and nothing of the server or of a search, which trains by calling it and compares what came of it.
//!
//! # Adding a way to draw negatives
//!
//! A variant of the setting, and the arm that draws by it.
//!
//! Files: `src/settings/config.rs`, `src/train/negatives.rs`

mod learner;
pub mod machine;
pub mod negatives;
pub mod observer;
pub mod profile;
mod recorder;
pub mod session;
pub mod shuffle;
mod together;
pub mod traced;
pub mod trainer;
pub mod verify;
pub mod warm;

pub use machine::Machine;
pub use observer::{Observer, Silent};
pub use trainer::{Outcome, Trainer};
