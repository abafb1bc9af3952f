//! The interacting layer (section 4.4 of the paper, equations 5 to 8), fused into one op or composed of primitives.
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
use crate::autograd::ops::interacting::{Fused, Projection};
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

/// Records one interacting layer on `x` `[F, d]`, fused or composed as configured: the parameters and the function are the
/// same.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn interacting(tape: &mut Tape, x: &Var, config: &InteractingConfig) -> Result<Interacting> {
    let projections = [
        projection(tape, x, "query", config)?,
        projection(tape, x, "key", config)?,
        projection(tape, x, "value", config)?,
        projection(tape, x, "residual", config)?,
    ];
    let Interacting {
        mut output,
        attention,
    } = if config.composed {
        composed(tape, x, &projections, config)?
    } else {
        fused(tape, x, projections, config)?
    };
    if config.layer_norm {
        let gain = tape.parameter("norm.gain", &[config.width], Init::Constant(1.0))?;
        let bias = tape.parameter("norm.bias", &[config.width], Init::Constant(0.0))?;
        output = tape.layer_norm(&output, &gain, &bias, NORM_EPSILON)?;
    }
    Ok(Interacting { output, attention })
}

fn projection(
    tape: &mut Tape,
    x: &Var,
    name: &str,
    config: &InteractingConfig,
) -> Result<Projection> {
    let shape = [x.shape()[1], config.width];
    let bias = format!("{name}.bias");
    Ok(Projection {
        weight: tape.parameter(name, &shape, config.init.0)?,
        bias: config
            .projection_bias
            .then(|| tape.parameter(&bias, &shape[1..], Init::Constant(0.0)))
            .transpose()?,
    })
}

/// What scores are multiplied by.
fn score_scale(config: &InteractingConfig) -> f32 {
    if !config.scale_scores {
        return 1.0;
    }
    1.0 / ((config.width / config.heads) as f32).sqrt()
}

fn fused(
    tape: &mut Tape,
    x: &Var,
    projections: [Projection; 4],
    config: &InteractingConfig,
) -> Result<Interacting> {
    let layer = Fused {
        projections,
        heads: config.heads,
        scale: score_scale(config),
        projection_relu: config.projection_relu,
        dropout: config.dropout,
    };
    let (output, attention) = tape.interacting(x, layer)?;
    Ok(Interacting { output, attention })
}

/// The textbook.
fn composed(
    tape: &mut Tape,
    x: &Var,
    projections: &[Projection; 4],
    config: &InteractingConfig,
) -> Result<Interacting> {
    let fields = x.shape()[0];
    let split = [fields, config.heads, config.width / config.heads];
    let mut project = |p: &Projection| -> Result<Var> {
        let projected = tape.linear(x, &p.weight, p.bias.as_ref())?;
        let active = if config.projection_relu {
            tape.relu(&projected)
        } else {
            projected
        };
        tape.reshape(&active, &split)
    };
    let q = project(&projections[0])?;
    let k = project(&projections[1])?;
    let v = project(&projections[2])?;
    let residual = project(&projections[3])?;

    let scores = tape.einsum("i h c, j h c -> h i j", &q, &k)?;
    let scaled = tape.scale(&scores, score_scale(config));
    let attention = tape.softmax(&scaled)?;
    let weights = tape.dropout(&attention, config.dropout);
    let heads = tape.einsum("h i j, j h c -> i h c", &weights, &v)?;

    let sum = tape.add(&heads, &residual)?;
    let output = tape.relu(&sum);
    let output = tape.reshape(&output, &[fields, config.width])?;
    Ok(Interacting { output, attention })
}
