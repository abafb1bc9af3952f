//! Models of other programs, and ours for other programs.

pub mod import;
