//! A run in memory, ready to answer.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::autograd::Var;
use crate::data::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::recommend::Ranker;
use crate::run::history::{self, EpochRecord};
use crate::run::{Provenance, Run};
use crate::score::Scorer;
use crate::settings::Settings;
use crate::simd::Isa;

/// See the module. Everything in it is its own, so that it can be replaced while it answers.
#[derive(Debug)]
pub struct Served {
    /// The run directory's own name.
    pub name: String,
    pub path: PathBuf,
    pub settings: Settings,
    pub provenance: Provenance,
    /// See [`Run::attention`].
    pub attention: Vec<Var>,
    model: Model,
}

#[derive(Debug)]
enum Model {
    /// With users and items.
    Ranks(Box<Ranker<'static>>),
    /// Of a run without a catalogue.
    Scores(Box<Scorer<'static>>),
}

impl Served {
    /// Opens a run; one without a catalogue can only score.
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn open(path: &Path, isa: Isa, threads: usize) -> Result<Served> {
        let run = Run::open(path, isa, threads)?;
        let catalogue = match run.has_catalogue() {
            true => Some(run.catalogue()?),
            false => None,
        };
        let name = path.canonicalize().unwrap_or(path.to_owned());
        let name = name.file_name().unwrap_or(name.as_os_str());
        let scorer = Scorer::new(Cow::Owned(run.schema), &run.runtime, run.parameters);
        let model = match catalogue {
            Some(catalogue) => Model::Ranks(Box::new(Ranker::new(
                scorer,
                Cow::Owned::<Catalogue>(catalogue),
            )?)),
            None => Model::Scores(Box::new(scorer)),
        };
        Ok(Served {
            name: name.to_string_lossy().into_owned(),
            path: run.path,
            settings: run.settings,
            provenance: run.provenance,
            attention: run.attention,
            model,
        })
    }

    /// What scores rows.
    pub fn scorer(&self) -> &Scorer<'static> {
        match &self.model {
            Model::Ranks(ranker) => ranker.scorer(),
            Model::Scores(scorer) => scorer,
        }
    }

    /// What ranks items.
    ///
    /// # Errors
    /// When the run has no catalogue.
    pub fn ranker(&self) -> Result<&Ranker<'static>> {
        match &self.model {
            Model::Ranks(ranker) => Ok(ranker),
            Model::Scores(_) => Err(Error::Data(format!(
                "model `{}` has no catalogue of users and items: it can only score rows",
                self.name
            ))),
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
