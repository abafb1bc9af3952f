//! AutoInt and AutoInt+ (Song et al., "AutoInt: Automatic Feature Interaction Learning via Self-Attentive Neural Networks",
//! CIKM 2019), with every switch that its known variants differ in.
//!
//! ```text
//! fields ─ embedding ─┬─ interacting layer × L ─ flatten ─ head ─┐
//!                     ├─ MLP (AutoInt+) ─────────────────────────┼─ + ─ logit
//!                     └─ linear term (optional) ─────────────────┘
//! ```

pub mod build;
pub mod config;
pub mod interacting;
pub mod mlp;

pub use build::{Model, build};
pub use config::{ModelConfig, ModelKind};
