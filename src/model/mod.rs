//! A model is a sum of parts: AutoInt and AutoInt+ (Song et al., "AutoInt: Automatic Feature Interaction Learning via
//! Self-Attentive Neural Networks", CIKM 2019), with every switch that their known variants differ in, and those that they are
//! compared with.
//!
//! ```text
//! fields ─ embedding ─┬─ interacting layer × L ─ flatten ─ head ─┐
//!                     ├─ MLP ────────────────────────────────────┤
//!                     ├─ pairwise interactions (FM) ─────────────┤
//!                     ├─ cross layer × L ─ output ───────────────┼─ + ─ logit
//!                     └─ CIN layer × L ─ pooling ─ output ───────┤
//! fields ─ one weight per value (linear) ────────────────────────┘
//! ```
//!
//! | model | parts |
//! |---|---|
//! | LR | [`parts::linear`] |
//! | FM | linear, [`parts::fm`] |
//! | DeepFM | linear, fm, [`parts::mlp`] |
//! | DCN-V2 | [`parts::cross`], mlp |
//! | xDeepFM | linear, [`parts::cin`], mlp |
//! | MLP | mlp |
//! | AutoInt | [`parts::interacting`], and linear where it is set |
//! | AutoInt+ | interacting, mlp, and linear where it is set |
//!
//! Its idea: a part is a function that records ops on a tape and gives a logit; the model is their sum. It knows no data beyond how many
//! table rows each field has, and neither how weights are moved ([`crate::optim`]) nor where they are kept ([`crate::run`]).
//!
//! # Adding a part
//!
//! Its file has formula, source, section of the configuration and what records it; `kind.rs` has its name, `config.rs` its section,
//! `build.rs` where it joins the sum. The one preset that has every setting gets its own, and the export to Keras has to refuse it.
//!
//! Files: `src/model/parts/NAME.rs` (new), `src/model/parts/mod.rs`, `src/model/kind.rs`, `src/model/config.rs`, `src/model/build.rs`, `src/settings/presets/autoint.toml`, `src/interop/export/keras/fits.rs`

pub mod build;
pub mod config;
pub mod init;
pub mod kind;
pub mod parts;
mod section;

pub use build::{Model, build};
pub use config::ModelConfig;
pub use kind::{ModelKind, Part};
