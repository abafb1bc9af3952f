//! Models that other programs trained, taken in: their weights become a run like any other.
//!
//! ```text
//! file ── hdf5 ──▶ datasets ── keras (legacy, tracked) ──▶ tensors by our names ── sizes ──▶ settings ── place ──▶ parameters
//! classes.json or data ── classes ──▶ schema: which table row is which value ───────────────────────────────▲
//! ```
//!
//! A file that somebody else wrote is not trusted: what it claims is held against its length before memory is taken, and a tensor
//! that is missing, has another shape or belongs to nothing is refused by its name, all of them in one message.
//!
//! Reading order: [`foreign`] (what a reader gives), [`hdf5`], [`keras`] with [`legacy`] and [`tracked`] (how Keras names its
//! weights), [`sizes`] (what the shapes tell), [`classes`] and [`npy`] (values and their codes), [`place`] (into a model).

pub mod classes;
pub mod foreign;
pub mod hdf5;
pub mod keras;
mod layers;
mod legacy;
pub mod npy;
pub mod place;
pub mod sizes;
mod tracked;
