//! Opening a run directory: a trained model, ready to score.

use std::path::{Path, PathBuf};

use super::directory::{CONFIG, SCHEMA, WEIGHTS, check_complete, read_json};
use super::provenance::Provenance;
use super::weights;
use crate::autograd::{Engine, Parameters, Var};
use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::model::{Model, build};
use crate::score::predict::Trained;
use crate::settings::Settings;
use crate::simd::Isa;

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

    /// What predictions are made with.
    pub fn trained(&self) -> Trained<'_> {
        Trained {
            schema: &self.schema,
            engine: &self.engine,
            parameters: &self.parameters,
        }
    }
}
