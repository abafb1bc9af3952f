//! A training from its first batch, or from a checkpoint, to its end.

use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use autoint::Result;
use autoint::data::catalogue::build::MOST_ROWS;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::source::Source;
use autoint::explain::Explainer;
use autoint::report::looked::Looked;
use autoint::report::run::Report;
use autoint::run::directory::catalogue_size;
use autoint::run::tensorboard::Events;
use autoint::run::writer::Finished;
use autoint::run::{Ended, Origin, Provenance, Run, Writer};
use autoint::score::evaluation::{Asked, evaluate_as};
use autoint::score::{Distribution, Evaluation, Scorer};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::{Outcome, Trainer};
use indicatif::{HumanBytes, HumanCount, MultiProgress};

use super::interrupt::{self, Stopped};
use super::progress::{Progress, Record};
use super::table;

/// What trainings of one command share.
#[derive(Clone)]
pub struct Work<'a> {
    pub data: &'a Dataset,
    /// Where the data come from.
    pub source: &'a Source,
    /// The run whose weights to start from.
    pub from: Option<&'a Run>,
    pub isa: Isa,
    pub threads: usize,
    pub checkpoint_every: Option<NonZeroU64>,
    /// Show where the time went.
    pub profile: bool,
    /// Leave users and items out of the run.
    pub no_catalogue: bool,
    /// Leave the test rows closed.
    pub untested: bool,
    /// Write TensorBoard's event files into a folder of the run's name in this one.
    pub tensorboard: Option<&'a Path>,
    /// Go no further than so many epochs for now.
    pub pause_after: Option<usize>,
    /// The bars of all trainings that are under way.
    pub bars: MultiProgress,
    /// What the bar begins with.
    pub name: String,
    pub stop: &'a AtomicBool,
}

impl<'a> Work<'a> {
    /// Trainings from their first batch to their end, with a catalogue, measured on the test rows.
    ///
    /// # Errors
    /// When the system lets no program hear that it shall stop.
    pub fn new(
        data: &'a Dataset,
        source: &'a Source,
        isa: Isa,
        threads: usize,
    ) -> anyhow::Result<Work<'a>> {
        Ok(Work {
            data,
            source,
            from: None,
            isa,
            threads,
            checkpoint_every: None,
            profile: false,
            no_catalogue: false,
            untested: false,
            tensorboard: None,
            pause_after: None,
            bars: MultiProgress::new(),
            name: String::new(),
            stop: interrupt::requested()?,
        })
    }

    /// A training from its first batch on, into the directory that is made once nothing else can be wrong.
    pub fn train(
        &self,
        mut settings: Settings,
        directory: impl FnOnce(&Settings) -> Result<Writer>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        settings.settle(self.data.schema().offsets().last().copied().unwrap_or(0));
        let origin = Origin {
            from: self.from.map(|run| run.path.clone()),
            ..Origin::new(settings, self.source.clone(), self.data, self.isa)?
        };
        let settings = &origin.settings;
        let (isa, threads) = (self.isa, self.threads);
        let trainer = match self.from {
            None => Trainer::new(self.data, settings, isa, threads)?,
            Some(run) => Trainer::warm(self.data, settings, run, isa, threads)?,
        };
        let parameters = trainer.runtime().tape().layout().len();
        writeln!(
            out,
            "model  {}, preset {}: {} parameters, embedding tables {}",
            settings.model.name(),
            settings.preset,
            HumanCount(parameters as u64),
            settings.optimizer.embedding_mode
        )?;
        out.flush()?;
        let session = Session {
            work: self,
            origin: &origin,
            trainer,
            run: directory(settings)?,
        };
        session.run(out)
    }
}

/// A training that is ready.
pub struct Session<'a> {
    pub work: &'a Work<'a>,
    pub origin: &'a Origin,
    pub trainer: Trainer<'a>,
    pub run: Writer,
}

impl Session<'_> {
    /// Trains, saves, measures (unless the user wants to leave), reports, and says where everything is. A training that was
    /// stopped is an error: whoever waits for the model must not take it for done.
    pub fn run(mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let data = self.work.data;
        self.trainer.checkpoint_every(self.work.checkpoint_every);
        self.trainer.pause_after(self.work.pause_after);
        if self.work.profile {
            self.trainer.start_profile();
        }
        self.run.schema(data.schema())?;
        let outcome = self.train(out)?;
        let provenance = self.origin.provenance(outcome.best_epoch, outcome.ended);
        let catalogue = match self.work.no_catalogue {
            true => None,
            false => self.origin.source.catalogue(&data.schema().protocol)?,
        };
        let scorer = self.trainer.scorer(&outcome.parameters);
        let distribution = Distribution::of(&scorer, data);
        self.run.finish(Finished {
            settings: &self.origin.settings,
            schema: data.schema(),
            provenance: &provenance,
            layout: self.trainer.runtime().tape().layout(),
            parameters: &outcome.parameters,
            distribution: Some(&distribution),
            catalogue: catalogue.as_ref(),
        })?;
        let evaluation = match outcome.ended {
            Ended::Done | Ended::Early if !self.work.untested => Some(self.evaluate(&scorer)?),
            _ => None,
        };
        if let Some(evaluation) = &evaluation {
            self.run.evaluation(evaluation)?;
        }
        let seen = match evaluation {
            Some(_) => SplitName::Test,
            None => SplitName::Valid,
        };
        let explainer = Explainer::new(&scorer, self.trainer.attention());
        let looked = Looked::at(&explainer, &scorer, data, seen)?;
        self.report(&outcome, &provenance, evaluation.as_ref(), looked.as_ref())?;
        self.tell(&outcome, evaluation.as_ref(), out)?;
        if self.work.profile {
            let threads = self.trainer.runtime().threads();
            writeln!(
                out,
                "\n{}",
                table::profile(&self.trainer.profile(), threads)
            )?;
        }
        match outcome.ended {
            Ended::Stopped => Err(Stopped("").into()),
            // Its checkpoint stays.
            Ended::Paused => Ok(()),
            Ended::Done | Ended::Early => Ok(self.run.close()?),
        }
    }

    fn train(&mut self, out: &mut dyn Write) -> anyhow::Result<Outcome> {
        let record = Record {
            events: self.events()?,
            run: &mut self.run,
            origin: self.origin,
        };
        let mut progress = Progress::new(&self.work.bars, &self.work.name, Some(record), out)?;
        Ok(self.trainer.run(&mut progress, self.work.stop)?)
    }

    fn events(&self) -> Result<Option<Events>> {
        let name = self.run.path().file_name();
        let folder = |tensorboard: &Path| match name {
            Some(name) => tensorboard.join(name),
            None => tensorboard.to_owned(),
        };
        let folder = self.work.tensorboard.map(folder);
        folder.map(|folder| Events::create(&folder)).transpose()
    }

    fn evaluate(&self, scorer: &Scorer<'_>) -> Result<Evaluation> {
        let model = self.origin.settings.model.name();
        let asked = Asked {
            intervals: true,
            ..Asked::default()
        };
        evaluate_as(scorer, model, self.work.data, SplitName::Test, &asked)
    }

    fn report(
        &self,
        outcome: &Outcome,
        provenance: &Provenance,
        evaluation: Option<&Evaluation>,
        looked: Option<&Looked>,
    ) -> Result<()> {
        let report = Report {
            settings: &self.origin.settings,
            provenance,
            data: &self.work.data.summary(),
            parameters: self.trainer.runtime().tape().layout().len(),
            history: &outcome.history,
            ended: outcome.ended,
            evaluation,
            looked,
        };
        self.run.report(&report.html()?)
    }

    fn tell(
        &self,
        outcome: &Outcome,
        evaluation: Option<&Evaluation>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let path = self.run.path().display();
        match (outcome.ended, outcome.best_epoch) {
            (Ended::Stopped, 0) => writeln!(
                out,
                "stopped in the first epoch: {path} holds the weights of the last batch"
            )?,
            (Ended::Stopped, best) => {
                writeln!(out, "stopped: {path} holds epoch {best}, the best so far")?;
            }
            (Ended::Early, best) => writeln!(
                out,
                "no better for {} epochs: kept epoch {best}",
                self.origin.settings.train.patience
            )?,
            (Ended::Done, best) => writeln!(out, "kept epoch {best}")?,
            (Ended::Paused, best) => writeln!(
                out,
                "paused after epoch {}, the best is {best}",
                outcome.history.len()
            )?,
        }
        if outcome.ended == Ended::Stopped {
            writeln!(out, "`autoint train --resume {path}` goes on from here")?;
        }
        if let Some(evaluation) = evaluation {
            // The page has the intervals of all.
            let brief = Evaluation {
                intervals: None,
                ..evaluation.clone()
            };
            writeln!(out, "\n{}", table::metrics(&brief))?;
            writeln!(out, "run {path}, report {path}/report.html")?;
            writeln!(out, "{}", self.catalogue())?;
        }
        Ok(())
    }

    /// Whether the run can recommend.
    fn catalogue(&self) -> String {
        let roles = &self.work.data.schema().protocol.roles;
        match catalogue_size(self.run.path()) {
            Some(bytes) => {
                let (size, path) = (HumanBytes(bytes), self.run.path().display());
                format!(
                    "catalogue of users and items: {size}; `autoint serve --run {path}` shows it"
                )
            }
            None if self.work.no_catalogue || roles.user.is_none() || roles.item.is_none() => {
                "no catalogue of users and items: the run scores rows, but does not recommend"
                    .into()
            }
            None => format!(
                "no catalogue of users and items (the data were encoded already, or have more than {MOST_ROWS} rows): \
                 the run scores rows, but does not recommend"
            ),
        }
    }
}
