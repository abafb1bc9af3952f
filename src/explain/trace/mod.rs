//! One row through a model, op by op: every value, and every gradient beside what differences say of it.
//!
//! It is no explanation in the sense of the rest of this folder: it does not say why, it says what is computed. A teacher shows it, and
//! whoever writes an op finds with it where the first wrong number is.

mod follow;
mod page;
mod steps;
mod tensor;

pub use page::{index, looked_up};
pub use steps::{Ask, NEAR, Step, Trace};
pub use tensor::{Checked, Gradient, Tensor};
