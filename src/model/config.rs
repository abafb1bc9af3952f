//! What a model is made of. Every switch that the paper, the authors' code and the course projects differ in is a setting here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::autograd::Init;
use crate::error::{Error, Result};

/// AutoInt, or AutoInt with a multilayer perceptron beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum ModelKind {
    /// Interacting layers only.
    #[serde(rename = "autoint")]
    #[value(name = "autoint")]
    AutoInt,
    /// Interacting layers and an MLP on the flattened embeddings, their logits added.
    #[serde(rename = "autoint+")]
    #[value(name = "autoint+")]
    AutoIntPlus,
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelKind::AutoInt => "autoint",
            ModelKind::AutoIntPlus => "autoint+",
        })
    }
}

/// The section `[model]` of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    pub kind: ModelKind,
    /// Add one weight per field value to the logit (a logistic regression beside the network).
    pub linear_term: bool,
    pub embedding: EmbeddingConfig,
    pub interacting: InteractingConfig,
    pub head: HeadConfig,
    /// Used by AutoInt+ only.
    pub mlp: MlpConfig,
}

/// The embedding tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// d, the numbers of an embedding.
    pub dim: usize,
    pub dropout: f32,
    pub init: InitConfig,
}

/// The interacting layers.
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
}

/// The logit of the last interacting layer's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    pub bias: bool,
    /// ReLU on the logit: a defect of variants B and C, kept to reproduce them.
    pub relu: bool,
    pub init: InitConfig,
}

/// The multilayer perceptron of AutoInt+.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// The hidden layers' widths.
    pub hidden: Vec<usize>,
    /// Normalise each hidden layer over the batch, as Keras does it: dense, ReLU, normalise, ReLU, dropout (epsilon 1e-3,
    /// momentum 0.99).
    pub batch_norm: bool,
    pub dropout: f32,
    /// ReLU and dropout on the output unit: a defect of variants B and C, kept to reproduce them.
    pub output_relu: bool,
    pub init: InitConfig,
}

/// An initialiser as text: `glorot`, `normal(0.05)` or `truncated-normal(0.05)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InitConfig(pub Init);

impl TryFrom<String> for InitConfig {
    type Error = Error;

    fn try_from(text: String) -> Result<InitConfig> {
        let deviation = |name: &str| {
            let inner = text
                .strip_prefix(name)?
                .strip_prefix('(')?
                .strip_suffix(')')?;
            inner
                .parse::<f32>()
                .ok()
                .filter(|d| d.is_finite() && *d > 0.0)
        };
        let init = if text == "glorot" {
            Init::GlorotUniform
        } else if let Some(deviation) = deviation("normal") {
            Init::Normal { deviation }
        } else if let Some(deviation) = deviation("truncated-normal") {
            Init::TruncatedNormal { deviation }
        } else {
            let what =
                format!("expected glorot, normal(0.05) or truncated-normal(0.05), got `{text}`");
            return Err(Error::config("init", what));
        };
        Ok(InitConfig(init))
    }
}

impl From<InitConfig> for String {
    fn from(init: InitConfig) -> String {
        match init.0 {
            Init::GlorotUniform => "glorot".into(),
            Init::Normal { deviation } => format!("normal({deviation})"),
            Init::TruncatedNormal { deviation } => format!("truncated-normal({deviation})"),
            Init::Constant(value) => format!("constant({value})"),
        }
    }
}

impl ModelConfig {
    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting, what it is and what it may be.
    pub fn validate(&self) -> Result<()> {
        let positive = |key: &str, value: usize, most: usize| {
            if value == 0 || value > most {
                return Err(Error::config(
                    key,
                    format!("expected 1 to {most}, got {value}"),
                ));
            }
            Ok(())
        };
        let rate = |key: &str, value: f32| {
            if !(0.0..1.0).contains(&value) {
                let what = format!("expected a rate from 0 to below 1, got {value}");
                return Err(Error::config(key, what));
            }
            Ok(())
        };
        let i = &self.interacting;
        positive("model.embedding.dim", self.embedding.dim, 4096)?;
        positive("model.interacting.layers", i.layers, 64)?;
        positive("model.interacting.heads", i.heads, 1024)?;
        positive("model.interacting.width", i.width, 8192)?;
        if !i.width.is_multiple_of(i.heads) {
            let what = format!("{} heads do not divide the width {}", i.heads, i.width);
            return Err(Error::config("model.interacting.heads", what));
        }
        rate("model.embedding.dropout", self.embedding.dropout)?;
        rate("model.interacting.dropout", i.dropout)?;
        rate("model.mlp.dropout", self.mlp.dropout)?;
        if self.kind == ModelKind::AutoIntPlus {
            if self.mlp.hidden.is_empty() {
                let what = "expected at least one hidden layer for autoint+, got none";
                return Err(Error::config("model.mlp.hidden", what));
            }
            for &width in &self.mlp.hidden {
                positive("model.mlp.hidden", width, 16384)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn initialisers_read_as_they_are_written() {
        for text in ["glorot", "normal(0.05)", "truncated-normal(0.001)"] {
            let init = InitConfig::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(init), text);
        }
        for text in [
            "",
            "normal",
            "normal()",
            "normal(-1)",
            "normal(inf)",
            "xavier",
        ] {
            assert!(InitConfig::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_its_setting() {
        let broken: [(&str, fn(&mut ModelConfig)); 7] = [
            ("interacting.heads", |c| c.interacting.heads = 3),
            ("interacting.heads", |c| c.interacting.heads = 0),
            ("interacting.layers", |c| c.interacting.layers = 0),
            ("embedding.dim", |c| c.embedding.dim = 0),
            ("mlp.dropout", |c| c.mlp.dropout = 1.0),
            ("interacting.dropout", |c| c.interacting.dropout = f32::NAN),
            ("mlp.hidden", |c| c.mlp.hidden = vec![]),
        ];
        for (key, breaks) in broken {
            let mut config = Settings::preset("compact").unwrap().model;
            config.validate().unwrap();
            breaks(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
