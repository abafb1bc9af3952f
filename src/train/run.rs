//! The run directory: what training leaves and what every later command opens.
//!
//! | file | holds |
//! |---|---|
//! | `model.safetensors` | the weights of the best epoch |
//! | `schema.json` | fields, vocabularies, label rule: how raw values are encoded |
//! | `config.toml` | every setting, defaults resolved |
//! | `data.json` | where the data came from, their fingerprint, rows and instruction set |
//! | `metrics.jsonl` | one line an epoch |

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::trainer::EpochRecord;
use super::weights;
use crate::autograd::{Engine, Layout, Parameters, Var};
use crate::data::atomic::write_whole;
use crate::data::dataset::Dataset;
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::model::{Model, build};
use crate::simd::Isa;

const WEIGHTS: &str = "model.safetensors";
const SCHEMA: &str = "schema.json";
const CONFIG: &str = "config.toml";
const PROVENANCE: &str = "data.json";
const METRICS: &str = "metrics.jsonl";

/// Where a run's data came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// A folder, a store, or `synthetic`.
    pub source: String,
    /// [`Dataset::fingerprint`]
    pub fingerprint: String,
    pub rows: usize,
    /// The instruction set the weights were trained with.
    pub isa: String,
    /// The epoch that was kept.
    pub best_epoch: usize,
}

/// A trained model, ready to score.
#[derive(Debug)]
pub struct Run {
    pub path: PathBuf,
    pub settings: Settings,
    pub schema: Schema,
    pub provenance: Provenance,
    pub engine: Engine,
    pub parameters: Parameters,
    /// Per interacting layer: the attention weights, `[H, F, F]`.
    pub attention: Vec<Var>,
}

/// What a run directory is written from.
#[derive(Debug)]
pub struct Finished<'a> {
    pub settings: &'a Settings,
    pub data: &'a Dataset,
    pub provenance: &'a Provenance,
    pub layout: &'a Layout,
    pub parameters: &'a Parameters,
    pub history: &'a [EpochRecord],
}

impl Finished<'_> {
    /// Writes the directory, each file whole or not at all, the weights last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::create_dir_all(path).map_err(Error::io(path, "create"))?;
        let json = |e: serde_json::Error| Error::Data(format!("cannot be written as JSON: {e}"));
        let mut metrics = String::new();
        for record in self.history {
            metrics += &serde_json::to_string(record).map_err(json)?;
            metrics.push('\n');
        }
        let schema = serde_json::to_string_pretty(self.data.schema()).map_err(json)?;
        let provenance = serde_json::to_string_pretty(self.provenance).map_err(json)?;
        let bytes = weights::to_bytes(self.layout, self.data.schema(), self.parameters)?;
        for (name, content) in [
            (METRICS, metrics.as_bytes()),
            (CONFIG, self.settings.to_toml()?.as_bytes()),
            (SCHEMA, schema.as_bytes()),
            (PROVENANCE, provenance.as_bytes()),
            (WEIGHTS, &bytes),
        ] {
            write_whole(&path.join(name), |file| file.write_all(content))?;
        }
        Ok(())
    }
}

impl Run {
    /// Opens a run directory and builds its model.
    ///
    /// # Errors
    /// When a file is missing, damaged, or does not fit the others.
    pub fn open(path: &Path, isa: Isa, threads: usize) -> Result<Run> {
        let read = |name: &str| {
            let file = path.join(name);
            std::fs::read(&file)
                .map(|bytes| (bytes, file.clone()))
                .map_err(Error::io(file, "read"))
        };
        let (text, file) = read(CONFIG)?;
        let text = String::from_utf8(text).map_err(|e| Error::file(&file, e.to_string()))?;
        let settings = Settings::layered(None, None, Some(&text), &[])?;
        let (bytes, file) = read(SCHEMA)?;
        let schema: Schema = serde_json::from_slice(&bytes)
            .map_err(|e| Error::file(file, format!("not a schema: {e}")))?;
        let (bytes, file) = read(PROVENANCE)?;
        let provenance = serde_json::from_slice(&bytes)
            .map_err(|e| Error::file(file, format!("not a run's provenance: {e}")))?;
        let Model {
            tape,
            logit,
            loss,
            attention,
        } = build(&settings.model, &schema.offsets())?;
        let (bytes, file) = read(WEIGHTS)?;
        let parameters = weights::from_bytes(tape.layout(), &schema, &bytes, &file)?;
        Ok(Run {
            path: path.to_path_buf(),
            settings,
            schema,
            provenance,
            engine: Engine::new(tape, logit, loss, isa, threads)?,
            parameters,
            attention,
        })
    }
}
