//! The multilayer perceptron on the flattened embeddings: the deep side of AutoInt+, DeepFM, DCN-V2 and xDeepFM, or a model by
//! itself.
//!
//! ```text
//! h_0 = [x_1 .. x_F],  h_{l+1} = dropout(relu(W_l h_l + b_l)),  logit = w' h_L + b
//! ```

use serde::{Deserialize, Serialize};

use super::check;
use crate::autograd::ops::batch_norm::Norm;
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::{Error, Result};
use crate::model::init::InitConfig;

/// The section `[model.mlp]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// The hidden layers' widths.
    pub hidden: Vec<usize>,
    /// Normalise each hidden layer over the batch, as Keras does it: dense, ReLU, normalise, ReLU, dropout (epsilon 1e-3,
    /// momentum 0.99).
    pub batch_norm: bool,
    /// The share of a hidden layer's units that is set to 0 in training, 0 to below 1.
    pub dropout: f32,
    /// ReLU and dropout on the output unit: a defect of variants B and C, kept to reproduce them.
    pub output_relu: bool,
    /// Of all matrices, the output's too; biases start at 0.
    pub init: InitConfig,
}

impl MlpConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        if self.hidden.is_empty() {
            let what = "expected at least one hidden layer, got none; model.mlp=false leaves the perceptron away";
            return Err(Error::config("model.mlp.hidden", what));
        }
        for &width in &self.hidden {
            check::positive("model.mlp.hidden", width, 16384)?;
        }
        check::rate("model.mlp.dropout", self.dropout)
    }
}

/// Records the perceptron on `x` `[n]`; gives its logit, `[1]`.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn record(tape: &mut Tape, x: &Var, config: &MlpConfig) -> Result<Var> {
    let mut hidden = x.clone();
    for (layer, &width) in config.hidden.iter().enumerate() {
        tape.scope(format!("mlp.{layer}"));
        let projected = dense(tape, &hidden, width, config)?;
        let mut active = tape.relu(&projected);
        if config.batch_norm {
            let norm = norm(tape, width)?;
            let normalised = tape.batch_norm(&active, norm)?;
            active = tape.relu(&normalised);
        }
        hidden = tape.dropout(&active, config.dropout);
    }
    tape.scope("mlp.output");
    let logit = dense(tape, &hidden, 1, config)?;
    if !config.output_relu {
        return Ok(logit);
    }
    let active = tape.relu(&logit);
    Ok(tape.dropout(&active, config.dropout))
}

/// Keras' defaults.
fn norm(tape: &mut Tape, width: usize) -> Result<Norm> {
    Ok(Norm {
        gain: tape.parameter("norm.gain", &[width], Init::Constant(1.0), Role::Norm)?,
        bias: tape.parameter("norm.bias", &[width], Init::Constant(0.0), Role::Norm)?,
        mean: tape.buffer("norm.mean", &[width], Init::Constant(0.0))?,
        variance: tape.buffer("norm.variance", &[width], Init::Constant(1.0))?,
        epsilon: 1e-3,
        momentum: 0.99,
    })
}

fn dense(tape: &mut Tape, x: &Var, outputs: usize, config: &MlpConfig) -> Result<Var> {
    let weight = tape.parameter(
        "weight",
        &[x.shape()[0], outputs],
        config.init.0,
        Role::DenseKernel,
    )?;
    let bias = tape.parameter("bias", &[outputs], Init::Constant(0.0), Role::Bias)?;
    tape.linear(x, &weight, Some(&bias))
}
