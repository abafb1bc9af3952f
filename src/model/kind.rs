//! The names of models: each is a sum of parts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of a model: its section `[model.NAME]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`super::parts::linear`]
    Linear,
    /// [`super::parts::fm`]
    Fm,
    /// [`super::parts::cross`]
    Cross,
    /// [`super::parts::cin`]
    Cin,
    /// [`super::parts::interacting`]
    Interacting,
    /// [`super::parts::mlp`]
    Mlp,
}

impl Part {
    /// All of them, in the order in which names tell them.
    pub const ALL: [Part; 6] = [
        Part::Linear,
        Part::Fm,
        Part::Cross,
        Part::Cin,
        Part::Interacting,
        Part::Mlp,
    ];

    /// The name of its section.
    pub fn name(self) -> &'static str {
        match self {
            Part::Linear => "linear",
            Part::Fm => "fm",
            Part::Cross => "cross",
            Part::Cin => "cin",
            Part::Interacting => "interacting",
            Part::Mlp => "mlp",
        }
    }
}

/// A model with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum ModelKind {
    /// Logistic regression: one weight per field value
    #[serde(rename = "lr")]
    #[value(name = "lr")]
    Lr,
    /// Factorisation machine: linear part and pairwise interactions (Rendle 2010)
    #[serde(rename = "fm")]
    #[value(name = "fm")]
    Fm,
    /// FM and a multilayer perceptron (Guo et al. 2017)
    #[serde(rename = "deepfm")]
    #[value(name = "deepfm")]
    DeepFm,
    /// Cross network and a multilayer perceptron (Wang et al. 2021)
    #[serde(rename = "dcn-v2")]
    #[value(name = "dcn-v2")]
    DcnV2,
    /// Linear part, compressed interaction network and a multilayer perceptron (Lian et al. 2018)
    #[serde(rename = "xdeepfm")]
    #[value(name = "xdeepfm")]
    XDeepFm,
    /// A multilayer perceptron alone
    #[serde(rename = "mlp")]
    #[value(name = "mlp")]
    Mlp,
    /// Interacting layers, and the linear part where the preset has it (Song et al. 2019)
    #[serde(rename = "autoint")]
    #[value(name = "autoint")]
    AutoInt,
    /// AutoInt and a multilayer perceptron
    #[serde(rename = "autoint+")]
    #[value(name = "autoint+")]
    AutoIntPlus,
}

impl ModelKind {
    /// All of them.
    pub const ALL: [ModelKind; 8] = [
        ModelKind::Lr,
        ModelKind::Fm,
        ModelKind::DeepFm,
        ModelKind::DcnV2,
        ModelKind::XDeepFm,
        ModelKind::Mlp,
        ModelKind::AutoInt,
        ModelKind::AutoIntPlus,
    ];

    /// As the command line and configurations write it.
    pub fn name(self) -> &'static str {
        match self {
            ModelKind::Lr => "lr",
            ModelKind::Fm => "fm",
            ModelKind::DeepFm => "deepfm",
            ModelKind::DcnV2 => "dcn-v2",
            ModelKind::XDeepFm => "xdeepfm",
            ModelKind::Mlp => "mlp",
            ModelKind::AutoInt => "autoint",
            ModelKind::AutoIntPlus => "autoint+",
        }
    }

    /// Its parts; those of AutoInt may have the linear part beside them.
    pub fn parts(self) -> &'static [Part] {
        match self {
            ModelKind::Lr => &[Part::Linear],
            ModelKind::Fm => &[Part::Linear, Part::Fm],
            ModelKind::DeepFm => &[Part::Linear, Part::Fm, Part::Mlp],
            ModelKind::DcnV2 => &[Part::Cross, Part::Mlp],
            ModelKind::XDeepFm => &[Part::Linear, Part::Cin, Part::Mlp],
            ModelKind::Mlp => &[Part::Mlp],
            ModelKind::AutoInt => &[Part::Interacting],
            ModelKind::AutoIntPlus => &[Part::Interacting, Part::Mlp],
        }
    }

    /// Whether the model keeps its name with a linear part and without: published AutoInts are both.
    pub fn may_be_linear(self) -> bool {
        matches!(self, ModelKind::AutoInt | ModelKind::AutoIntPlus)
    }

    /// Whether a model made by this name has w_0 in its linear part: no other part of it has a bias.
    pub fn needs_bias(self) -> bool {
        matches!(self, ModelKind::Lr | ModelKind::Fm)
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
