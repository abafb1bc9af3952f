//! The multilayer perceptron of AutoInt+: hidden layers with ReLU and dropout, one linear output unit.

use super::config::MlpConfig;
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
        let active = tape.relu(&projected);
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

fn dense(tape: &mut Tape, x: &Var, outputs: usize, config: &MlpConfig) -> Result<Var> {
    let weight = tape.parameter("weight", &[x.shape()[0], outputs], config.init.0)?;
    let bias = tape.parameter("bias", &[outputs], Init::Constant(0.0))?;
    tape.linear(x, &weight, Some(&bias))
}
