//! The interacting layer, composed from primitives as the paper writes it (section 4.4, equations 5 to 8).
//!
//! For tokens x_1 .. x_F (one a field), head h:
//!
//! ```text
//! q = W_query x, k = W_key x, v = W_value x          per head: [F, H, c], c = width / H
//! alpha[h, i, j] = softmax_j( q[i, h] . k[j, h] )
//! o[i, h]        = sum_j alpha[h, i, j] v[j, h]
//! y_i            = relu( concat_h o[i, h] + W_residual x_i )
//! ```

use super::config::InteractingConfig;
use crate::autograd::{Init, Tape, Var};
use crate::error::Result;

/// The epsilon of the authors' layer normalisation.
const NORM_EPSILON: f32 = 1e-8;

/// What a layer gives.
#[derive(Debug, Clone)]
pub struct Interacting {
    /// `[F, width]`
    pub output: Var,
    /// The attention weights alpha, `[H, F, F]`: head, field that looks, field looked at.
    pub attention: Var,
}

/// Records one interacting layer on `x` `[F, d]`.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn interacting(tape: &mut Tape, x: &Var, config: &InteractingConfig) -> Result<Interacting> {
    let fields = x.shape()[0];
    let split = [fields, config.heads, config.width / config.heads];
    let query = project(tape, x, "query", config)?;
    let key = project(tape, x, "key", config)?;
    let value = project(tape, x, "value", config)?;
    let residual = project(tape, x, "residual", config)?;
    let q = tape.reshape(&query, &split)?;
    let k = tape.reshape(&key, &split)?;
    let v = tape.reshape(&value, &split)?;

    let mut scores = tape.einsum("i h c, j h c -> h i j", &q, &k)?;
    if config.scale_scores {
        scores = tape.scale(&scores, 1.0 / (split[2] as f32).sqrt());
    }
    let attention = tape.softmax(&scores)?;
    let weights = tape.dropout(&attention, config.dropout);
    let heads = tape.einsum("h i j, j h c -> i h c", &weights, &v)?;
    let heads = tape.reshape(&heads, &[fields, config.width])?;

    let sum = tape.add(&heads, &residual)?;
    let mut output = tape.relu(&sum);
    if config.layer_norm {
        let gain = tape.parameter("norm.gain", &[config.width], Init::Constant(1.0))?;
        let bias = tape.parameter("norm.bias", &[config.width], Init::Constant(0.0))?;
        output = tape.layer_norm(&output, &gain, &bias, NORM_EPSILON)?;
    }
    Ok(Interacting { output, attention })
}

/// One of the four projections: `[F, d]` to `[F, width]`.
fn project(tape: &mut Tape, x: &Var, name: &str, config: &InteractingConfig) -> Result<Var> {
    let shape = [x.shape()[1], config.width];
    let weight = tape.parameter(name, &shape, config.init.0)?;
    let bias = config
        .projection_bias
        .then(|| tape.parameter(&format!("{name}.bias"), &shape[1..], Init::Constant(0.0)))
        .transpose()?;
    let projected = tape.linear(x, &weight, bias.as_ref())?;
    Ok(if config.projection_relu {
        tape.relu(&projected)
    } else {
        projected
    })
}
