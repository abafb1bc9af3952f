//! The linear part: logistic regression on the one-hot encoded fields, by itself (LR) or beside other parts, as in RecBole's
//! AutoInt and in DeepFM (Guo et al. 2017, equation 2).
//!
//! ```text
//! logit = w_0 + sum_f w[value of field f]
//! ```

use serde::{Deserialize, Serialize};

use super::embedding::table;
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::Result;

/// The section `[model.linear]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearConfig {
    /// Have w_0. Where another part has a bias (the interacting layers' head, the perceptron) there is nothing left for it.
    pub bias: bool,
}

/// Records the part; gives its logit, `[1]`.
///
/// # Errors
/// Never for a tape without a linear part.
pub fn record(tape: &mut Tape, offsets: &[usize], config: &LinearConfig) -> Result<Var> {
    let weights = table(tape, "linear", 1, Init::Constant(0.0), offsets)?;
    if !config.bias {
        return Ok(tape.sum(&weights));
    }
    // Named apart from the weights, which carry the names of fields.
    tape.scope("");
    let bias = tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias)?;
    tape.scope("linear");
    let sum = tape.sum(&weights);
    tape.add_bias(&sum, &bias)
}
