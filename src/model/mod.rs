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

pub mod build;
pub mod config;
pub mod init;
pub mod kind;
pub mod parts;
mod section;

pub use build::{Model, build};
pub use config::ModelConfig;
pub use kind::{ModelKind, Part};
