//! AutoInt and AutoInt+ (Song et al., CIKM 2019), from a raw click log to a served model.

pub mod autograd;
pub mod data;
pub mod error;
pub mod kernels;
pub mod metrics;
pub mod model;
pub mod optim;
pub mod simd;
pub mod train;

pub use error::{Error, Result};
