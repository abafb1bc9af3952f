//! A run in memory, ready to answer whatever it can: rows scored, and where it knows users and items, these ranked.

use std::borrow::Cow;

use super::ranker::Ranker;
use crate::data::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::score::Scorer;

/// See the module. It owns all it needs.
#[derive(Debug)]
pub enum Model {
    /// With users and items.
    Ranks(Box<Ranker<'static>>),
    /// Of a run without a catalogue.
    Scores(Box<Scorer<'static>>),
}

impl Model {
    /// What a scorer can do with the users and items of its run, if it has some.
    ///
    /// # Errors
    /// As [`Ranker::new`].
    pub fn new(scorer: Scorer<'static>, catalogue: Option<Catalogue>) -> Result<Model> {
        Ok(match catalogue {
            Some(catalogue) => Model::Ranks(Box::new(Ranker::new(
                scorer,
                Cow::Owned::<Catalogue>(catalogue),
            )?)),
            None => Model::Scores(Box::new(scorer)),
        })
    }

    /// What scores rows.
    pub fn scorer(&self) -> &Scorer<'static> {
        match self {
            Model::Ranks(ranker) => ranker.scorer(),
            Model::Scores(scorer) => scorer,
        }
    }

    /// What ranks items; `name` is what the error calls the model.
    ///
    /// # Errors
    /// When the run has no catalogue.
    pub fn ranker(&self, name: &str) -> Result<&Ranker<'static>> {
        match self {
            Model::Ranks(ranker) => Ok(ranker),
            Model::Scores(_) => Err(Error::Data(format!(
                "model `{name}` has no catalogue of users and items: it can only score rows"
            ))),
        }
    }
}
