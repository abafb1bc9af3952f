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
//!
//! Published AutoInts are not all of this form; what they differ in is a setting each, and README.md says which of them helped. The fused op
//! computes the form above; a layer with another residual, an output projection, gates or its norm before ReLU is composed.

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
    /// The width of a layer's output: all heads together, which must divide it; of one head, with `per_head`.
    pub width: usize,
    /// Whether every head has `width` numbers, as in FuxiCTR and DeepCTR, instead of its share of them.
    #[serde(default)]
    pub per_head: bool,
    /// What is added to what a field collects, so that it keeps what it was.
    #[serde(default)]
    pub residual: Residual,
    /// Multiply the heads' joined outputs by a matrix `[width, width]`, as the Transformer does (Vaswani et al. 2017, section 3.2.2).
    #[serde(default)]
    pub output_projection: bool,
    /// Multiply what each field collects by a number of its own, 1 at first: how much it is told by the others.
    #[serde(default)]
    pub gate: bool,
    /// Divide the scores by sqrt(c), c being the numbers of a head; the paper's equations do not.
    pub scale_scores: bool,
    /// Give the four projections (query, key, value, residual) a bias, as the authors' code does.
    pub projection_bias: bool,
    /// Pass the four projections through ReLU, as the authors' code does.
    pub projection_relu: bool,
    /// Normalise each layer's output, as the authors' code does (epsilon 1e-8).
    pub layer_norm: bool,
    /// Normalise before the layer's ReLU instead of after it.
    #[serde(default)]
    pub norm_first: bool,
    /// Dropout of the attention weights.
    pub dropout: f32,
    /// Compose the layer of primitive ops (the textbook) instead of the fused one: the same function, slower.
    pub composed: bool,
    /// Of the projections' matrices; biases start at 0.
    pub init: InitConfig,
    /// From the last layer's output to a logit.
    pub head: HeadConfig,
}

/// What is added to the heads' outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// `W_residual x`, as the paper has it.
    #[default]
    Projection,
    /// `x` itself where it is as wide as the layer, else as above: what a residual connection was at first (He et al., "Deep Residual Learning
    /// for Image Recognition", CVPR 2016, equations 1 and 2).
    Identity,
}

/// The logit of the last interacting layer's output: the section `[model.interacting.head]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// One number that is added to the logit.
    pub bias: bool,
    /// ReLU on the logit: a defect of variants B and C, kept to reproduce them.
    pub relu: bool,
    /// Of its weights `[F width, 1]`; the bias starts at 0.
    pub init: InitConfig,
}

impl InteractingConfig {
    /// The width of a layer's output, all heads together.
    pub fn total_width(&self) -> usize {
        match self.per_head {
            true => self.width * self.heads,
            false => self.width,
        }
    }

    /// Whether the fused op computes the layer's function.
    fn is_fused(&self) -> bool {
        let norm_first = self.layer_norm && self.norm_first;
        let plain = self.residual == Residual::Projection && !self.output_projection && !self.gate;
        plain && !norm_first && !self.composed
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        check::positive("model.interacting.layers", self.layers, 64)?;
        check::positive("model.interacting.heads", self.heads, 1024)?;
        check::positive("model.interacting.width", self.total_width(), 8192)?;
        if !self.total_width().is_multiple_of(self.heads) {
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
    let [query, key, value] = ["query", "key", "value"];
    let attending = [
        projection(tape, x, query, config)?,
        projection(tape, x, key, config)?,
        projection(tape, x, value, config)?,
    ];
    if !config.is_fused() {
        return composed(tape, x, &attending, config);
    }
    let residual = projection(tape, x, "residual", config)?;
    let [query, key, value] = attending;
    let layer = Fused {
        projections: [query, key, value, residual],
        heads: config.heads,
        scale: score_scale(config),
        projection_relu: config.projection_relu,
        dropout: config.dropout,
    };
    let (output, attention) = tape.interacting(x, layer)?;
    let output = match config.layer_norm {
        true => normalised(tape, &output, config)?,
        false => output,
    };
    Ok(Interacting { output, attention })
}

fn normalised(tape: &mut Tape, tokens: &Var, config: &InteractingConfig) -> Result<Var> {
    let mut parameter = |name, start| {
        let shape = [config.total_width()];
        tape.parameter(name, &shape, Init::Constant(start), Role::Norm)
    };
    let (gain, bias) = (parameter("norm.gain", 1.0)?, parameter("norm.bias", 0.0)?);
    tape.layer_norm(tokens, &gain, &bias, NORM_EPSILON)
}

fn projection(
    tape: &mut Tape,
    x: &Var,
    name: &str,
    config: &InteractingConfig,
) -> Result<Projection> {
    let shape = [x.shape()[1], config.total_width()];
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
    1.0 / ((config.total_width() / config.heads) as f32).sqrt()
}

/// The textbook, with every switch.
fn composed(
    tape: &mut Tape,
    x: &Var,
    attending: &[Projection; 3],
    config: &InteractingConfig,
) -> Result<Interacting> {
    let (fields, width) = (x.shape()[0], config.total_width());
    let split = [fields, config.heads, width / config.heads];
    let project = |tape: &mut Tape, p: &Projection| -> Result<Var> {
        let projected = tape.linear(x, &p.weight, p.bias.as_ref())?;
        Ok(match config.projection_relu {
            true => tape.relu(&projected),
            false => projected,
        })
    };
    let mut headed = |p: &Projection| {
        let projected = project(tape, p)?;
        tape.reshape(&projected, &split)
    };
    let [q, k, v] = [&attending[0], &attending[1], &attending[2]];
    let (q, k, v) = (headed(q)?, headed(k)?, headed(v)?);
    let residual = match config.residual {
        Residual::Identity if x.shape()[1] == width => x.clone(),
        _ => {
            let residual = projection(tape, x, "residual", config)?;
            project(tape, &residual)?
        }
    };

    let scores = tape.einsum("i h c, j h c -> h i j", &q, &k)?;
    let scaled = tape.scale(&scores, score_scale(config));
    let attention = tape.softmax(&scaled)?;
    let weights = tape.dropout(&attention, config.dropout);
    let heads = tape.einsum("h i j, j h c -> i h c", &weights, &v)?;
    let mut collected = tape.reshape(&heads, &[fields, width])?;

    if config.output_projection {
        let weight = tape.parameter("output", &[width, width], config.init.0, Role::Kernel)?;
        collected = tape.linear(&collected, &weight, None)?;
    }
    if config.gate {
        let gates = tape.parameter("gate", &[fields], Init::Constant(1.0), Role::Norm)?;
        collected = tape.gate(&collected, &gates)?;
    }
    let mut output = tape.add(&collected, &residual)?;
    if config.layer_norm && config.norm_first {
        output = normalised(tape, &output, config)?;
    }
    output = tape.relu(&output);
    if config.layer_norm && !config.norm_first {
        output = normalised(tape, &output, config)?;
    }
    Ok(Interacting { output, attention })
}
