//! Models of other programs, and ours for other programs.

pub mod export;
pub mod import;
