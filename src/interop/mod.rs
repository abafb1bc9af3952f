//! Models of other programs, and ours for other programs.
//!
//! Its idea: other programs are met at files whose formats they define, ours at [`crate::run::Run`]: what is taken in becomes a run like any
//! other, and what goes out is made of one. It knows nothing of training, ranking or serving.
//!
//! Reading order: [`export`], [`import`].
//!
//! # Adding a format to export
//!
//! A function that writes a run to a file, whole or not at all, and a choice of the command.
//!
//! Files: `src/interop/export/NAME.rs` (new), `src/interop/export/mod.rs`, `src/cli/export.rs`

pub mod export;
pub mod import;
