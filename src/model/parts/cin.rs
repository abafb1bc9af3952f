//! The compressed interaction network of xDeepFM (Lian et al. 2018, equations 6 to 8), without activation between its layers, as the
//! paper found best. With linear part and perceptron it is xDeepFM.
//!
//! ```text
//! X^0 = the embeddings [F, d]
//! X^l[o] = sum_i sum_j W^l[i, j, o] X^{l-1}[i] * X^0[j]      o = 1 .. maps of layer l, * number by number
//! logit  = b + sum_l sum_o w^l[o] sum_k X^l[o][k]
//! ```
//!
//! The paper pools first (the sum over k) and weighs then; here the maps are weighed as tokens and then summed, which is the same
//! number.

use serde::{Deserialize, Serialize};

use super::check;
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::{Error, Result};
use crate::model::init::InitConfig;

/// The section `[model.cin]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CinConfig {
    /// The feature maps of each layer; layer l sees interactions of l + 1 fields.
    pub maps: Vec<usize>,
    /// Of all weights of the part.
    pub init: InitConfig,
}

impl CinConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        if self.maps.is_empty() {
            let what = "expected the maps of at least one layer, got none; model.cin=false leaves the network away";
            return Err(Error::config("model.cin.maps", what));
        }
        let mut all = self.maps.iter();
        all.try_for_each(|&maps| check::positive("model.cin.maps", maps, 4096))
    }
}

/// Records the part on `x` `[F, d]`; gives its logit, `[1]`.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn record(tape: &mut Tape, x: &Var, config: &CinConfig) -> Result<Var> {
    let (fields, init) = (x.shape()[0], config.init.0);
    let mut last: Option<Var> = None;
    let mut logit: Option<Var> = None;
    for (layer, &outputs) in config.maps.iter().enumerate() {
        tape.scope(format!("cin.{layer}"));
        let maps = last.as_ref().map_or(fields, |last| last.shape()[1]);
        let weight = tape.parameter("weight", &[maps * fields, outputs], init, Role::Kernel)?;
        let maps = tape.cin(last.as_ref(), x, &weight)?;
        tape.scope(format!("cin.output.{layer}"));
        let weight = tape.parameter("weight", &[outputs, 1], init, Role::Kernel)?;
        let weighed = tape.linear(&maps, &weight, None)?;
        let sum = tape.sum(&weighed);
        logit = Some(match logit {
            None => sum,
            Some(logit) => tape.add(&logit, &sum)?,
        });
        last = Some(maps);
    }
    let nothing = || Error::config("model.cin.maps", "expected at least one layer, got none");
    let logit = logit.ok_or_else(nothing)?;
    tape.scope("cin.output");
    let bias = tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias)?;
    tape.add_bias(&logit, &bias)
}
