//! The multilayer perceptron of AutoInt+: hidden layers with ReLU and dropout, one linear output unit.

use super::config::MlpConfig;
use crate::autograd::ops::batch_norm::Norm;
use crate::autograd::{Init, Tape, Var};
use crate::error::Result;

/// Records the perceptron on `x` `[n]`; gives its logit, `[1]`.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn mlp(tape: &mut Tape, x: &Var, config: &MlpConfig) -> Result<Var> {
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
        gain: tape.parameter("norm.gain", &[width], Init::Constant(1.0))?,
        bias: tape.parameter("norm.bias", &[width], Init::Constant(0.0))?,
        mean: tape.buffer("norm.mean", &[width], Init::Constant(0.0))?,
        variance: tape.buffer("norm.variance", &[width], Init::Constant(1.0))?,
        epsilon: 1e-3,
        momentum: 0.99,
    })
}

fn dense(tape: &mut Tape, x: &Var, outputs: usize, config: &MlpConfig) -> Result<Var> {
    let weight = tape.parameter("weight", &[x.shape()[0], outputs], config.init.0)?;
    let bias = tape.parameter("bias", &[outputs], Init::Constant(0.0))?;
    tape.linear(x, &weight, Some(&bias))
}
