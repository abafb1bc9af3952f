//! AutoInt and AutoInt+ (Song et al., CIKM 2019), from a raw click log to a served model.

pub mod data;
pub mod error;
pub mod metrics;

pub use error::{Error, Result};
