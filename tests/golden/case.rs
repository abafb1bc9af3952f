//! A golden file read, and the crate's model and batches built from it.

use std::collections::BTreeMap;

use autoint::autograd::{Engine, Layout, Parameters};
use autoint::data::batch::{Batch, FieldBatch};
use autoint::model::{Model, ModelConfig, ModelKind, build};
use autoint::settings::Settings;
use autoint::simd::{Aligned, Isa};
use serde::Deserialize;

/// Numbers by the name of their tensor, row-major.
pub type Tensors = BTreeMap<String, Vec<f64>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// What wrote the file.
    #[serde(rename = "generator")]
    pub _generator: String,
    pub config: Config,
    pub offsets: Vec<usize>,
    pub batches: Vec<GoldenBatch>,
    /// First values of everything trained, and of moving statistics.
    pub parameters: BTreeMap<String, Tensor>,
    /// Of each batch, from the first values.
    pub results: Vec<Both<Step>>,
    /// By the optimiser's name.
    pub training: BTreeMap<String, Training>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub preset: String,
    pub kind: ModelKind,
    pub linear_term: bool,
    pub embedding_dim: usize,
    pub layers: usize,
    pub heads: usize,
    pub width: usize,
    pub scale_scores: bool,
    pub projection_bias: bool,
    pub projection_relu: bool,
    pub layer_norm: bool,
    pub head_bias: bool,
    pub mlp_hidden: Vec<usize>,
    pub mlp_batch_norm: bool,
    /// Of the first values.
    #[serde(rename = "seed")]
    pub _seed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenBatch {
    pub rows: usize,
    pub fields: Vec<Field>,
    pub labels: Vec<f32>,
    pub weights: Vec<f32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Field {
    One { ids: Vec<u32> },
    Scaled { ids: Vec<u32>, values: Vec<f32> },
    Mean { starts: Vec<u32>, ids: Vec<u32> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// The same computed twice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both<T> {
    pub float64: T,
    pub float32: T,
}

/// One batch: in training where that makes a difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub logits: Vec<f64>,
    pub loss: f64,
    pub gradients: Tensors,
    /// With batch normalisation: the moving statistics after this step.
    pub moving: Option<Tensors>,
    /// With batch normalisation: the same batch by the first moving statistics.
    pub inference: Option<Box<Step>>,
}

impl Step {
    /// What a model that is not in training gives.
    pub fn at_inference(&self) -> &Step {
        self.inference.as_deref().unwrap_or(self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// As torch.optim names them.
    pub settings: BTreeMap<String, Setting>,
    pub float64: Trained,
    pub float32: Trained,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    Switch(bool),
    Number(f64),
    Pair([f64; 2]),
}

/// Ten steps on the batches in turn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// Before each step.
    pub losses: Vec<f64>,
    /// After the last.
    pub parameters: Tensors,
    pub moving: Option<Tensors>,
    /// Of each batch, at inference, after the last.
    pub logits: Vec<Vec<f64>>,
}

impl Golden {
    pub fn load(case: &str) -> Golden {
        let path = format!("{}/tests/golden/{case}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The preset at the golden's sizes, without dropout. Its switches must be those that the golden was computed with.
    pub fn model_config(&self) -> ModelConfig {
        let golden = &self.config;
        let sets = [format!("model.kind={}", golden.kind)];
        let settings = Settings::layered(Some(&golden.preset), None, &sets);
        let mut config = settings.unwrap().model;
        config.embedding.dim = golden.embedding_dim;
        config.embedding.dropout = 0.0;
        if let Some(mlp) = &mut config.mlp {
            mlp.dropout = 0.0;
            mlp.hidden.clone_from(&golden.mlp_hidden);
            mlp.batch_norm = golden.mlp_batch_norm;
            assert!(!mlp.output_relu, "preset {}", golden.preset);
        }
        let layer = config.interacting.as_mut().unwrap();
        layer.dropout = 0.0;
        layer.layers = golden.layers;
        layer.heads = golden.heads;
        layer.width = golden.width;
        let switches = [
            ("linear", config.linear.is_some(), golden.linear_term),
            ("scale_scores", layer.scale_scores, golden.scale_scores),
            (
                "projection_bias",
                layer.projection_bias,
                golden.projection_bias,
            ),
            (
                "projection_relu",
                layer.projection_relu,
                golden.projection_relu,
            ),
            ("layer_norm", layer.layer_norm, golden.layer_norm),
            ("head.bias", layer.head.bias, golden.head_bias),
            ("head.relu", layer.head.relu, false),
        ];
        for (name, ours, theirs) in switches {
            assert_eq!(ours, theirs, "{name} of preset {}", golden.preset);
        }
        config
    }

    pub fn model(&self) -> Model {
        build(&self.model_config(), &self.offsets).unwrap()
    }

    /// Every engine that this machine can run, named; the last one has its interacting layers composed of primitives.
    pub fn engines(&self) -> Vec<(String, Engine)> {
        let engine = |config: &ModelConfig, isa, threads| {
            let Model {
                tape, logit, loss, ..
            } = build(config, &self.offsets).unwrap();
            Engine::new(tape, logit, loss, isa, threads).unwrap()
        };
        let mut config = self.model_config();
        let mut all = Vec::new();
        for isa in Isa::available() {
            for threads in [1, 2] {
                let name = format!("{} with {threads} threads", isa.name());
                all.push((name, engine(&config, isa, threads)));
            }
        }
        config.interacting.as_mut().unwrap().composed = true;
        let isa = Isa::choose().unwrap();
        all.push(("composed".into(), engine(&config, isa, 2)));
        all
    }

    pub fn batches(&self) -> Vec<Batch> {
        self.batches.iter().map(Batch::from).collect()
    }

    /// The first values. The golden's tensors and the layout's must be the same ones, of the same shapes.
    pub fn first(&self, layout: &Layout) -> Parameters {
        let mut parameters = Parameters::zeros(layout);
        let mut expected: Vec<&str> = Vec::new();
        let values = |name: &str, shape: &[usize]| -> Vec<f32> {
            let tensor = self.parameters.get(name);
            let tensor = tensor.unwrap_or_else(|| panic!("the golden has no {name}"));
            assert_eq!(tensor.shape, shape, "shape of {name}");
            tensor.values.iter().map(|&x| x as f32).collect()
        };
        for (spec, table) in layout.tables.iter().zip(&mut parameters.tables) {
            *table = Aligned::from(&values(&spec.name, &[spec.rows, spec.dim])[..]);
            expected.push(&spec.name);
        }
        for (specs, flat) in [
            (&layout.dense, &mut parameters.dense),
            (&layout.buffers, &mut parameters.buffers),
        ] {
            for spec in specs {
                let to = &mut flat[spec.param.range.clone()];
                to.copy_from_slice(&values(&spec.name, &spec.param.shape));
                expected.push(&spec.name);
            }
        }
        expected.sort_unstable();
        assert!(
            self.parameters.keys().eq(expected),
            "the golden's tensors are not the model's"
        );
        parameters
    }
}

impl From<&GoldenBatch> for Batch {
    fn from(golden: &GoldenBatch) -> Batch {
        let field = |field: &Field| match field.clone() {
            Field::One { ids } => FieldBatch::One { ids },
            Field::Scaled { ids, values } => FieldBatch::Scaled { ids, values },
            Field::Mean { starts, ids } => FieldBatch::Mean { starts, ids },
        };
        Batch {
            rows: golden.rows,
            fields: golden.fields.iter().map(field).collect(),
            labels: golden.labels.clone(),
            weights: golden.weights.clone(),
        }
    }
}
