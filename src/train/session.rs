//! A training and its run directory, from the first batch (or a checkpoint) to the finished run.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::observer::Observer;
use super::recorder::{Helper, Recorder};
use super::traced;
use super::trainer::{Outcome, Trainer};
use crate::data::catalogue::Catalogue;
use crate::data::dataset::{Dataset, SplitName};
use crate::error::Result;
use crate::explain::Explainer;
use crate::report::looked::Looked;
use crate::report::run::Report;
use crate::run::tensorboard::Events;
use crate::run::writer::Finished;
use crate::run::{Ended, Origin, Provenance, Writer};
use crate::score::evaluation::{Asked, evaluate_as};
use crate::score::{Distribution, Evaluation, Scorer};

/// A training that is ready.
pub struct Session<'a> {
    /// Its test rows are opened when training has ended, not before.
    pub data: &'a Dataset,
    /// What the run is made from.
    pub origin: &'a Origin,
    /// New, or gone on with.
    pub trainer: Trainer<'a>,
    /// The run directory, locked.
    pub run: Writer,
}

/// Trains as one of several ranks, of which the first keeps the run, in `folder`: this one adds its part to checkpoints where it has one,
/// and scores with the first what that needs to finish.
///
/// # Errors
/// As [`Trainer::run`].
pub fn help(
    trainer: &mut Trainer<'_>,
    origin: &Origin,
    folder: &Path,
    stop: &AtomicBool,
) -> Result<Ended> {
    let outcome = trainer.run(&mut Helper { folder, origin }, stop)?;
    let scorer = trainer.shared_scorer(&outcome.parameters);
    scorer.help(trainer.data());
    Ok(outcome.ended)
}

/// What a finished run holds besides the model.
#[derive(Debug, Default)]
pub struct Extras {
    /// Who and what its data were about.
    pub catalogue: Option<Catalogue>,
    /// Whether to open the test rows.
    pub tested: bool,
    /// Whether to write the page.
    pub report: bool,
}

impl Session<'_> {
    /// Trains until the end, or until `stop` is set, with a line an epoch in the run directory and a checkpoint; TensorBoard's event
    /// files go into a folder of the run's name in `tensorboard`.
    ///
    /// # Errors
    /// As [`Trainer::run`], and when a file cannot be written.
    pub fn train(
        &mut self,
        tensorboard: Option<&Path>,
        told: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        let traced = traced::asked()?;
        if traced {
            self.trainer.runtime().trace().start(traced::STEPS);
        }
        self.run.schema(self.data.schema())?;
        let mut recorder = Recorder {
            events: self.events(tensorboard)?,
            run: &mut self.run,
            origin: self.origin,
            told,
        };
        let outcome = self.trainer.run(&mut recorder, stop)?;
        if traced {
            self.run.trace(&traced::text(self.trainer.runtime())?)?;
        }
        Ok(outcome)
    }

    fn events(&self, tensorboard: Option<&Path>) -> Result<Option<Events>> {
        let name = self.run.path().file_name();
        let folder = |tensorboard: &Path| match name {
            Some(name) => tensorboard.join(name),
            None => tensorboard.to_owned(),
        };
        let folder = tensorboard.map(folder);
        folder.map(|folder| Events::create(&folder)).transpose()
    }

    /// Writes the model and what belongs to it. Gives what it scores on the test rows: none when the training was stopped, these
    /// rows are to stay closed, or there are none. The run still has its checkpoint: [`Writer::close`] removes it.
    ///
    /// # Errors
    /// When a file cannot be written, or a score is not a number.
    pub fn finish(&mut self, outcome: &Outcome, extras: &Extras) -> Result<Option<Evaluation>> {
        let data = self.data;
        let provenance = self.origin.provenance(outcome.best_epoch, outcome.ended);
        let scorer = self.trainer.shared_scorer(&outcome.parameters);
        let distribution = Distribution::of(&scorer, data);
        self.run.finish(Finished {
            settings: &self.origin.settings,
            schema: data.schema(),
            provenance: &provenance,
            layout: self.trainer.runtime().tape().layout(),
            weights: &scorer,
            distribution: Some(&distribution),
            catalogue: extras.catalogue.as_ref(),
        })?;
        let evaluation = match outcome.ended {
            Ended::Done | Ended::Early if extras.tested => Some(self.evaluate(&scorer)?),
            _ => None,
        };
        if let Some(evaluation) = &evaluation {
            self.run.evaluation(evaluation)?;
        }
        if extras.report {
            self.report(outcome, &provenance, &scorer, evaluation.as_ref())?;
        }
        scorer.done();
        Ok(evaluation)
    }

    fn evaluate(&self, scorer: &Scorer<'_>) -> Result<Evaluation> {
        let model = self.origin.settings.model.name();
        let asked = Asked {
            intervals: true,
            ..Asked::default()
        };
        evaluate_as(scorer, model, self.data, SplitName::Test, &asked)
    }

    fn report(
        &self,
        outcome: &Outcome,
        provenance: &Provenance,
        scorer: &Scorer<'_>,
        evaluation: Option<&Evaluation>,
    ) -> Result<()> {
        let seen = match evaluation {
            Some(_) => SplitName::Test,
            None => SplitName::Valid,
        };
        let explainer = Explainer::new(scorer, self.trainer.attention());
        let looked = Looked::at(&explainer, scorer, self.data, seen)?;
        let report = Report {
            settings: &self.origin.settings,
            provenance,
            data: &self.data.summary(),
            parameters: self.trainer.runtime().tape().layout().len(),
            history: &outcome.history,
            ended: outcome.ended,
            evaluation,
            looked: looked.as_ref(),
        };
        self.run.report(&report.html()?)
    }
}
