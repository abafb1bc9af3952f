//! A run in memory, ready to answer.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::drift::Drift;
use crate::autograd::Var;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::recommend::{Model, Ranker, Who};
use crate::run::history::{self, EpochRecord};
use crate::run::{Computing, Provenance, Recorded, Run, recorded};
use crate::score::Scorer;
use crate::settings::Settings;

/// See the module. Everything in it is its own, so that it can be replaced while it answers.
#[derive(Debug)]
pub struct Served {
    /// The run directory's own name.
    pub name: String,
    /// The run directory.
    pub path: PathBuf,
    /// See [`Run::settings`].
    pub settings: Settings,
    /// See [`Run::provenance`].
    pub provenance: Provenance,
    /// See [`Run::attention`].
    pub attention: Vec<Var>,
    /// What it scored when it was trained; none when the training was stopped.
    pub recorded: Option<Recorded>,
    /// Whether what comes is what it was trained on; none when the run does not say what that was.
    pub drift: Option<Drift>,
    model: Model,
}

impl Served {
    /// Opens a run; one without a catalogue can only score. `window` is how long traffic is remembered, see [`super::drift`].
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn open(path: &Path, computing: Computing, window: Duration) -> Result<Served> {
        let run = Run::open_with(path, computing)?;
        run.runtime.bind();
        let trained = run.distribution()?;
        let drift = trained.map(|trained| Drift::new(trained, run.schema.offsets(), window));
        let catalogue = run.catalogue_if_any()?;
        let scorer = Scorer::new(Cow::Owned(run.schema), &run.runtime, run.parameters)
            .calibrated(run.provenance.calibration.clone());
        let model = Model::new(scorer, catalogue)?;
        let name = path.canonicalize().unwrap_or(path.to_owned());
        let name = name.file_name().unwrap_or(name.as_os_str());
        Ok(Served {
            name: name.to_string_lossy().into_owned(),
            path: run.path,
            settings: run.settings,
            provenance: run.provenance,
            attention: run.attention,
            recorded: recorded(path)?,
            drift,
            model,
        })
    }

    /// What scores rows.
    pub fn scorer(&self) -> &Scorer<'static> {
        self.model.scorer()
    }

    /// What ranks items.
    ///
    /// # Errors
    /// When the run has no catalogue.
    pub fn ranker(&self) -> Result<&Ranker<'static>> {
        self.model.ranker(&self.name)
    }

    /// Counts the fields of somebody who asked for recommendations, for [`Served::drift`].
    pub fn count_asker(&self, who: &Who, set: &[(String, String)]) {
        let (Some(drift), Model::Ranks(ranker)) = (&self.drift, &self.model) else {
            return;
        };
        let mut batch = Batch::default();
        // Any item: only what does not depend on it is counted.
        let encoded = ranker.asker(who, set);
        let encoded = encoded.and_then(|asker| ranker.batch(&asker, &[0], &mut batch));
        if encoded.is_ok() {
            drift.count(&batch, |field| ranker.is_of_asker(field), &[]);
        }
    }

    /// The epochs of its training as they stand on disk now: a training may be going on there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn epochs(&self) -> Result<Vec<EpochRecord>> {
        history::read(&self.path)
    }
}
