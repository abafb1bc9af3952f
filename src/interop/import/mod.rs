//! Models that other programs trained, taken in: their weights become a run like any other.
//!
//! ```text
//! file ── hdf5 ──▶ data sets ── keras (legacy, tracked) ──▶ tensors by our names ── sizes ──▶ settings ── place ──▶ parameters
//! file ── safetensors ── torch, by a map ───────────────────────▲
//! classes.json or data ── classes ──▶ schema: which table row is which value ───────────────────────────────▲
//! ```
//!
//! A file that somebody else wrote is not trusted: what it claims is held against its length before memory is taken, and a tensor
//! that is missing, has another shape or belongs to nothing is refused by its name, all of them in one message.
//!
//! Reading order: [`foreign`] (what a reader gives), [`hdf5`], [`keras`] with `legacy` and `tracked` (how Keras names its
//! weights), [`map`] and [`torch`] (PyTorch's, by a table of names), [`sizes`] (what the shapes tell), [`classes`] and [`npy`] (values and their codes), [`place`] (into a model).

pub mod classes;
pub mod foreign;
pub mod hdf5;
pub mod keras;
mod layers;
mod legacy;
pub mod map;
pub mod npy;
pub mod place;
pub mod sizes;
pub mod torch;
mod tracked;
