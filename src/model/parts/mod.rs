//! What models are sums of: one file a part, with its section of the configuration, its formula and its source. Each records ops on
//! the tape and gives a logit.

mod check;
pub mod cin;
pub mod cross;
pub mod embedding;
pub mod fm;
pub mod interacting;
pub mod linear;
pub mod mlp;
