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

use serde::{Deserialize, Serialize};

use super::check;
use crate::autograd::ops::interacting::{Fused, Projection};
use crate::autograd::{Init, Role, Tape, Var};
use crate::error::{Error, Result};
use crate::model::init::InitConfig;

/// The epsilon of the authors' layer normalisation.
const NORM_EPSILON: f32 = 1e-8;

/// The section `[model.interacting]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InteractingConfig {
    /// L.
    pub layers: usize,
    /// H.
    pub heads: usize,
    /// The width of a layer's output: all heads together. The heads must divide it.
    pub width: usize,
    /// Divide the scores by sqrt(width / heads); the paper's equations do not.
    pub scale_scores: bool,
    /// Give the four projections (query, key, value, residual) a bias, as the authors' code does.
    pub projection_bias: bool,
    /// Pass the four projections through ReLU, as the authors' code does.
    pub projection_relu: bool,
    /// Normalise each layer's output, as the authors' code does (epsilon 1e-8).
    pub layer_norm: bool,
    /// Dropout of the attention weights.
    pub dropout: f32,
    /// Compose the layer of primitive ops (the textbook) instead of the fused one: the same function, slower.
    pub composed: bool,
    pub init: InitConfig,
    pub head: HeadConfig,
}

/// The logit of the last interacting layer's output: the section `[model.interacting.head]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    pub bias: bool,
    /// ReLU on the logit: a defect of variants B and C, kept to reproduce them.
    pub relu: bool,
    pub init: InitConfig,
}

impl InteractingConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        check::positive("model.interacting.layers", self.layers, 64)?;
        check::positive("model.interacting.heads", self.heads, 1024)?;
        check::positive("model.interacting.width", self.width, 8192)?;
        if !self.width.is_multiple_of(self.heads) {
            let what = format!(
                "{} heads do not divide the width {}",
                self.heads, self.width
            );
            return Err(Error::config("model.interacting.heads", what));
        }
        check::rate("model.interacting.dropout", self.dropout)
    }
}

/// What the part gives.
#[derive(Debug, Clone)]
pub struct Attended {
    /// `[1]`
    pub logit: Var,
    /// Per layer: the attention weights, `[H, F, F]`.
    pub attention: Vec<Var>,
}

/// Records the layers on `x` `[F, d]`, and the head on the last one's flattened output.
///
/// # Errors
/// When shapes do not fit, which a validated configuration excludes.
pub fn record(tape: &mut Tape, x: &Var, config: &InteractingConfig) -> Result<Attended> {
    let mut attention = Vec::new();
    let mut tokens = x.clone();
    for layer in 0..config.layers {
        tape.scope(format!("interacting.{layer}"));
        let layer = interacting(tape, &tokens, config)?;
        tokens = layer.output;
        attention.push(layer.attention);
    }
    let logit = head(tape, &tokens, &config.head)?;
    Ok(Attended { logit, attention })
}

/// The logit of the flattened tokens.
fn head(tape: &mut Tape, tokens: &Var, config: &HeadConfig) -> Result<Var> {
    tape.scope("head");
    let units = tokens.units().len();
    let flat = tape.reshape(tokens, &[units])?;
    let weight = tape.parameter("weight", &[units, 1], config.init.0, Role::Kernel)?;
    let bias = config
        .bias
        .then(|| tape.parameter("bias", &[1], Init::Constant(0.0), Role::Bias))
        .transpose()?;
    let logit = tape.linear(&flat, &weight, bias.as_ref())?;
    Ok(if config.relu {
        tape.relu(&logit)
    } else {
        logit
    })
}

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
        let gain = tape.parameter(
            "norm.gain",
            &[config.width],
            Init::Constant(1.0),
            Role::Norm,
        )?;
        let bias = tape.parameter(
            "norm.bias",
            &[config.width],
            Init::Constant(0.0),
            Role::Norm,
        )?;
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
        weight: tape.parameter(name, &shape, config.init.0, Role::Kernel)?,
        bias: config
            .projection_bias
            .then(|| tape.parameter(&bias, &shape[1..], Init::Constant(0.0), Role::Bias))
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
