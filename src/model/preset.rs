//! Named hyper-parameters. A preset sets the model and how it is trained; the protocol (data, split, metrics) is separate.

use serde::{Deserialize, Serialize};

use super::config::{
    EmbeddingConfig, HeadConfig, InitConfig, InteractingConfig, MlpConfig, ModelConfig, ModelKind,
};
use crate::autograd::Init;
use crate::error::{Error, Result};
use crate::optim::{OptimizerConfig, ScheduleConfig};
use crate::train::config::TrainConfig;

/// The presets' names.
pub const NAMES: [&str; 7] = [
    "autoint",
    "paper",
    "authors",
    "course",
    "course-best",
    "compact",
    "recbole",
];

/// A preset's settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    pub model: ModelConfig,
    pub train: TrainConfig,
    pub optimizer: OptimizerConfig,
    pub schedule: ScheduleConfig,
}

/// The preset called `name`:
///
/// - `autoint`: our default.
/// - `paper`: the equations of the paper.
/// - `authors`: the authors' published code.
/// - `course`, `course-best`: variant A of the course projects, and its best run.
/// - `compact`: the configuration of the speed measurements.
/// - `recbole`: RecBole's hybrid with MLP and linear term.
///
/// # Errors
/// When there is none of that name; the message lists them.
pub fn named(name: &str) -> Result<Preset> {
    Ok(match name {
        "autoint" => autoint(),
        "paper" => paper(),
        "authors" => authors(),
        "course" => course(),
        "course-best" => course_best(),
        "compact" => compact(),
        "recbole" => recbole(),
        _ => {
            let what = format!("expected one of {}, got `{name}`", NAMES.join(", "));
            return Err(Error::config("preset", what));
        }
    })
}

fn normal(deviation: f32) -> InitConfig {
    InitConfig(Init::Normal { deviation })
}

const GLOROT: InitConfig = InitConfig(Init::GlorotUniform);

fn autoint() -> Preset {
    Preset {
        model: ModelConfig {
            kind: ModelKind::AutoIntPlus,
            linear_term: true,
            embedding: EmbeddingConfig {
                dim: 16,
                dropout: 0.0,
                init: normal(0.05),
            },
            interacting: InteractingConfig {
                layers: 2,
                heads: 2,
                width: 32,
                scale_scores: true,
                projection_bias: false,
                projection_relu: false,
                layer_norm: false,
                dropout: 0.0,
                composed: false,
                init: GLOROT,
            },
            head: HeadConfig {
                bias: true,
                relu: false,
                init: GLOROT,
            },
            mlp: MlpConfig {
                hidden: vec![128, 128],
                batch_norm: false,
                dropout: 0.2,
                output_relu: false,
                init: GLOROT,
            },
        },
        train: TrainConfig {
            batch_size: 2048,
            epochs: 6,
            ..TrainConfig::default()
        },
        optimizer: OptimizerConfig {
            learning_rate: 2e-3,
            ..OptimizerConfig::default()
        },
        schedule: ScheduleConfig::default(),
    }
}

/// Linear projections without bias, one width per head concatenated, unscaled scores, `w'x + b` on top.
fn paper() -> Preset {
    Preset {
        model: ModelConfig {
            kind: ModelKind::AutoInt,
            linear_term: false,
            embedding: EmbeddingConfig {
                dim: 16,
                dropout: 0.0,
                init: normal(0.01),
            },
            interacting: InteractingConfig {
                layers: 3,
                heads: 2,
                width: 64,
                scale_scores: false,
                projection_bias: false,
                projection_relu: false,
                layer_norm: false,
                dropout: 0.0,
                composed: false,
                init: GLOROT,
            },
            head: HeadConfig {
                bias: true,
                relu: false,
                init: GLOROT,
            },
            mlp: MlpConfig {
                hidden: vec![400, 400],
                batch_norm: false,
                dropout: 0.0,
                output_relu: false,
                init: GLOROT,
            },
        },
        train: TrainConfig {
            batch_size: 1024,
            ..TrainConfig::default()
        },
        optimizer: OptimizerConfig::default(),
        schedule: ScheduleConfig::default(),
    }
}

fn authors() -> Preset {
    let mut preset = paper();
    let model = &mut preset.model;
    model.embedding.dropout = 0.1;
    model.interacting.scale_scores = true;
    model.interacting.projection_bias = true;
    model.interacting.projection_relu = true;
    model.interacting.layer_norm = true;
    model.interacting.dropout = 0.4;
    model.mlp.dropout = 0.4;
    preset
}

fn course() -> Preset {
    Preset {
        model: ModelConfig {
            kind: ModelKind::AutoIntPlus,
            linear_term: false,
            embedding: EmbeddingConfig {
                dim: 16,
                dropout: 0.0,
                init: GLOROT,
            },
            interacting: InteractingConfig {
                layers: 3,
                heads: 2,
                width: 32,
                scale_scores: false,
                projection_bias: false,
                projection_relu: false,
                layer_norm: false,
                dropout: 0.0,
                composed: false,
                init: InitConfig(Init::TruncatedNormal { deviation: 0.05 }),
            },
            head: HeadConfig {
                bias: false,
                relu: false,
                init: normal(1e-4),
            },
            mlp: MlpConfig {
                hidden: vec![32, 32],
                batch_norm: false,
                dropout: 0.4,
                output_relu: false,
                init: normal(1e-4),
            },
        },
        train: TrainConfig {
            batch_size: 2048,
            epochs: 5,
            ..TrainConfig::default()
        },
        optimizer: OptimizerConfig {
            learning_rate: 1e-4,
            epsilon: 1e-7,
            ..OptimizerConfig::default()
        },
        schedule: ScheduleConfig::default(),
    }
}

fn course_best() -> Preset {
    let mut preset = course();
    let model = &mut preset.model;
    model.embedding.dim = 32;
    model.interacting.heads = 8;
    model.interacting.width = 256;
    preset.optimizer.learning_rate = 1e-3;
    preset.train.batch_size = 1024;
    preset
}

fn compact() -> Preset {
    let mut preset = course();
    let model = &mut preset.model;
    model.interacting.width = 16;
    model.interacting.init = GLOROT;
    model.head.init = GLOROT;
    model.mlp.init = GLOROT;
    preset.optimizer.learning_rate = 1e-3;
    preset
}

fn recbole() -> Preset {
    let mut preset = autoint();
    let model = &mut preset.model;
    model.interacting.layers = 3;
    model.interacting.width = 16;
    preset.optimizer.learning_rate = 1e-3;
    preset.train.batch_size = 4096;
    preset.train.epochs = 20;
    preset
}
