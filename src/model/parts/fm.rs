//! The pairwise interactions of a factorisation machine (Rendle 2010) on the shared embeddings. With the linear part it is FM, with
//! linear part and perceptron DeepFM (Guo et al. 2017, equation 2).
//!
//! ```text
//! logit = sum_{f < g} x_f . x_g
//! ```

use serde::{Deserialize, Serialize};

use crate::autograd::{Tape, Var};
use crate::error::Result;

/// The section `[model.fm]`: there is nothing to set, it is there or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FmConfig {}

/// Records the part on `x` `[F, d]`; gives its logit, `[1]`.
///
/// # Errors
/// When `x` has another number of axes.
pub fn record(tape: &mut Tape, x: &Var) -> Result<Var> {
    tape.scope("fm");
    tape.fm(x)
}
