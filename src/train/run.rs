//! The run directory: what training leaves and what every later command opens.
//!
//! | file | holds |
//! |---|---|
//! | `model.safetensors` | the weights of the best epoch |
//! | `schema.json` | fields, vocabularies, label rule: how raw values are encoded |
//! | `config.toml` | every setting, defaults resolved |
//! | `data.json` | where the data came from, their fingerprint, rows and instruction set |
//! | `metrics.jsonl` | one line an epoch, there while training runs |
//! | `report.html` | all of it for people |
//! | `checkpoint/` | how to go on, see [`super::checkpoint`]; until training has come to its end |
//!
//! [`super::writer`] makes one, [`Run::open`] reads one.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::settings::Settings;
use super::trainer::EpochRecord;
use super::weights;
use crate::autograd::{Engine, Parameters, Var};
use crate::data::dataset::Dataset;
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::model::{Model, build};
use crate::simd::Isa;

pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const SCHEMA: &str = "schema.json";
pub(super) const CONFIG: &str = "config.toml";
pub(super) const PROVENANCE: &str = "data.json";
pub(super) const METRICS: &str = "metrics.jsonl";
pub(super) const REPORT: &str = "report.html";

/// Where a run's data came from, and what of its making the settings do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// What [`crate::data::source::Source::named`] was given: a folder, a store, or `synthetic`.
    pub source: String,
    /// [`crate::data::dataset::Dataset::fingerprint`]
    pub fingerprint: String,
    pub rows: usize,
    /// The instruction set the weights were trained with.
    pub isa: String,
    /// The epoch that was kept, counted from 1; 0 when training was stopped in the first.
    pub best_epoch: usize,
    /// Whether the user stopped the training before its end.
    pub stopped: bool,
}

impl Provenance {
    /// Reads that of a run directory.
    ///
    /// # Errors
    /// When it has no model, or the file is damaged.
    pub fn read(run: &Path) -> Result<Provenance> {
        check_complete(run)?;
        read_json(&run.join(PROVENANCE), "a run's provenance")
    }

    /// Refuses data that are not those of the training; `run` is its directory.
    ///
    /// # Errors
    /// Tells both fingerprints.
    pub fn check(&self, data: &Dataset, run: &Path) -> Result<()> {
        same_data(&self.fingerprint, data, run)
    }
}

/// See [`Provenance::check`].
pub(super) fn same_data(fingerprint: &str, data: &Dataset, run: &Path) -> Result<()> {
    if data.fingerprint() == fingerprint {
        return Ok(());
    }
    let what = format!(
        "was trained on data with fingerprint {fingerprint}, these have {}: they have changed, give the old ones with --data",
        data.fingerprint()
    );
    Err(Error::file(run, what))
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

impl Run {
    /// Opens a run directory and builds its model.
    ///
    /// # Errors
    /// When it is no finished run, or a file is missing, damaged, or does not fit the others.
    pub fn open(path: &Path, isa: Isa, threads: usize) -> Result<Run> {
        check_complete(path)?;
        let settings = Settings::read_run(&path.join(CONFIG))?;
        let file = path.join(SCHEMA);
        let schema: Schema = read_json(&file, "a schema")?;
        schema
            .check()
            .map_err(|e| Error::file(&file, e.to_string()))?;
        if schema.protocol != settings.protocol {
            let what = format!(
                "has protocol `{}`, but {CONFIG} has `{}`: they are of different runs",
                schema.protocol, settings.protocol
            );
            return Err(Error::file(&file, what));
        }
        let provenance = Provenance::read(path)?;
        let Model {
            tape,
            logit,
            loss,
            attention,
        } = build(&settings.model, &schema.offsets())?;
        let file = path.join(WEIGHTS);
        let bytes = std::fs::read(&file).map_err(Error::io(&file, "read"))?;
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

/// Whether a folder holds a run with a model.
pub fn exists(run: &Path) -> bool {
    run.join(WEIGHTS).exists()
}

/// The epochs of a run directory, in their order.
///
/// # Errors
/// When `metrics.jsonl` cannot be read or has a line that is no epoch.
pub fn history(run: &Path) -> Result<Vec<EpochRecord>> {
    let file = run.join(METRICS);
    let text = std::fs::read_to_string(&file).map_err(Error::io(&file, "read"))?;
    let line = |(number, line): (u64, &str)| {
        let wrong = |e| Error::line(&file, number, format!("is not an epoch's numbers: {e}"));
        serde_json::from_str(line).map_err(wrong)
    };
    (1..).zip(text.lines()).map(line).collect()
}

/// Says what is wrong with a path that is no run directory, or with a run that was never finished.
fn check_complete(path: &Path) -> Result<()> {
    let missing: Vec<_> = [CONFIG, SCHEMA, PROVENANCE, WEIGHTS]
        .into_iter()
        .filter(|name| !path.join(name).exists())
        .collect();
    let what = if missing.is_empty() {
        return Ok(());
    } else if !path.exists() {
        "no such run directory; `autoint train` makes one".to_owned()
    } else if checkpoint::exists(path) {
        let path = path.display();
        format!(
            "is a run that was stopped before it had a model; `autoint train --resume {path}` goes on with it"
        )
    } else if missing.len() == 4 {
        "is not a run directory; `autoint train` makes one".to_owned()
    } else {
        format!(
            "is not a whole run directory, it lacks {}; train it anew",
            missing.join(", ")
        )
    };
    Err(Error::file(path, what))
}

fn read_json<T: DeserializeOwned>(file: &Path, kind: &str) -> Result<T> {
    let bytes = std::fs::read(file).map_err(Error::io(file, "read"))?;
    serde_json::from_slice(&bytes).map_err(|e| Error::file(file, format!("is not {kind}: {e}")))
}
