//! The cross network of DCN-V2 (Wang et al. 2021, equations 1 and 2) on the flattened embeddings x_0 = [x_1 .. x_F]. Beside a
//! perceptron, their logits added, it is the paper's parallel structure.
//!
//! ```text
//! x_{l+1} = x_0 * (W_l x_l + b_l) + x_l           full:     W_l [F d, F d]
//! x_{l+1} = x_0 * (U_l (V_l' x_l) + b_l) + x_l    low rank: U_l, V_l [F d, rank]
//! logit   = w' x_L + b
//! ```

use serde::{Deserialize, Serialize};

use super::check;
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::Result;
use crate::model::init::InitConfig;

/// The section `[model.cross]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossConfig {
    /// L: interactions of up to L + 1 fields.
    pub layers: usize,
    /// Of the layers' matrices; 0: full ones.
    pub rank: usize,
    /// Of all weights of the part; biases start at 0.
    pub init: InitConfig,
}

impl CrossConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        check::positive("model.cross.layers", self.layers, 64)?;
        match self.rank {
            0 => Ok(()),
            rank => check::positive("model.cross.rank", rank, 8192),
        }
    }
}

/// Records the part on `x` `[n]`; gives its logit, `[1]`.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn record(tape: &mut Tape, x: &Var, config: &CrossConfig) -> Result<Var> {
    let (n, init) = (x.units().len(), config.init.0);
    let mut crossed = x.clone();
    for layer in 0..config.layers {
        tape.scope(format!("cross.{layer}"));
        let (projected, rows) = match config.rank {
            0 => (crossed.clone(), n),
            rank => {
                let v = tape.parameter("v", &[n, rank], init, Role::Kernel)?;
                (tape.linear(&crossed, &v, None)?, rank)
            }
        };
        let name = if config.rank == 0 { "weight" } else { "u" };
        let weight = tape.parameter(name, &[rows, n], init, Role::Kernel)?;
        let bias = tape.parameter("bias", &[n], Init::Constant(0.0), Role::Bias)?;
        let mapped = tape.linear(&projected, &weight, Some(&bias))?;
        crossed = tape.multiply_add(x, &mapped, &crossed)?;
    }
    tape.scope("cross.output");
    let weight = tape.parameter("weight", &[n, 1], init, Role::Kernel)?;
    let bias = tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias)?;
    tape.linear(&crossed, &weight, Some(&bias))
}
