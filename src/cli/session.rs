//! A training from its first batch, or from a checkpoint, to its end.

use std::io::Write;
use std::num::NonZeroU64;
use std::sync::atomic::AtomicBool;

use autoint::Result;
use autoint::data::catalogue::build::MOST_ROWS;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::source::Source;
use autoint::run::directory::catalogue_size;
use autoint::run::report::Report;
use autoint::run::writer::Finished;
use autoint::run::{Ended, Origin, Provenance, Run, Writer};
use autoint::score::{Distribution, Evaluation, Scorer, evaluate};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::{Outcome, Trainer};
use indicatif::{HumanBytes, HumanCount};

use super::interrupt::Stopped;
use super::progress::Progress;
use super::table;

/// What trainings of one command share.
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
    pub stop: &'a AtomicBool,
}

impl Work<'_> {
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
            data: self.data,
            origin: &origin,
            trainer,
            run: directory(settings)?,
            checkpoint_every: self.checkpoint_every,
            profile: self.profile,
            no_catalogue: self.no_catalogue,
            untested: self.untested,
            stop: self.stop,
        };
        session.run(out)
    }
}

/// A training that is ready.
pub struct Session<'a> {
    pub data: &'a Dataset,
    pub origin: &'a Origin,
    pub trainer: Trainer<'a>,
    pub run: Writer,
    pub checkpoint_every: Option<NonZeroU64>,
    /// Show where the time went.
    pub profile: bool,
    /// Leave users and items out of the run.
    pub no_catalogue: bool,
    /// Leave the test rows closed.
    pub untested: bool,
    pub stop: &'a AtomicBool,
}

impl Session<'_> {
    /// Trains, saves, measures (unless the user wants to leave), reports, and says where everything is. A training that was
    /// stopped is an error: whoever waits for the model must not take it for done.
    pub fn run(mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        self.trainer.checkpoint_every(self.checkpoint_every);
        if self.profile {
            self.trainer.start_profile();
        }
        self.run.schema(self.data.schema())?;
        let outcome = {
            let record = (&mut self.run, self.origin);
            let mut progress = Progress::new(Some(record), out)?;
            self.trainer.run(&mut progress, self.stop)?
        };
        let provenance = self.origin.provenance(outcome.best_epoch, outcome.ended);
        let catalogue = match self.no_catalogue {
            true => None,
            false => self.origin.source.catalogue(&self.data.schema().protocol)?,
        };
        let scorer = self.trainer.scorer(&outcome.parameters);
        let distribution = Distribution::of(&scorer, self.data);
        self.run.finish(Finished {
            settings: &self.origin.settings,
            schema: self.data.schema(),
            provenance: &provenance,
            layout: self.trainer.runtime().tape().layout(),
            parameters: &outcome.parameters,
            distribution: Some(&distribution),
            catalogue: catalogue.as_ref(),
        })?;
        let evaluation = match outcome.ended {
            Ended::Done | Ended::Early if !self.untested => Some(self.evaluate(&scorer)?),
            _ => None,
        };
        if let Some(evaluation) = &evaluation {
            self.run.evaluation(evaluation)?;
        }
        self.report(&outcome, &provenance, evaluation.as_ref())?;
        self.tell(&outcome, evaluation.as_ref(), out)?;
        if self.profile {
            let threads = self.trainer.runtime().threads();
            writeln!(
                out,
                "\n{}",
                table::profile(&self.trainer.profile(), threads)
            )?;
        }
        if outcome.ended == Ended::Stopped {
            return Err(Stopped("").into());
        }
        Ok(self.run.close()?)
    }

    fn evaluate(&self, scorer: &Scorer<'_>) -> Result<Evaluation> {
        let model = self.origin.settings.model.name();
        evaluate(scorer, model, self.data, SplitName::Test)
    }

    fn report(
        &self,
        outcome: &Outcome,
        provenance: &Provenance,
        evaluation: Option<&Evaluation>,
    ) -> Result<()> {
        let report = Report {
            settings: &self.origin.settings,
            provenance,
            data: &self.data.summary(),
            parameters: self.trainer.runtime().tape().layout().len(),
            history: &outcome.history,
            ended: outcome.ended,
            evaluation,
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
        }
        if outcome.ended == Ended::Stopped {
            writeln!(out, "`autoint train --resume {path}` goes on from here")?;
        }
        if let Some(evaluation) = evaluation {
            writeln!(out, "\n{}", table::metrics(evaluation))?;
            writeln!(out, "run {path}, report {path}/report.html")?;
            writeln!(out, "{}", self.catalogue())?;
        }
        Ok(())
    }

    /// Whether the run can recommend.
    fn catalogue(&self) -> String {
        let roles = &self.data.schema().protocol.roles;
        match catalogue_size(self.run.path()) {
            Some(bytes) => {
                let (size, path) = (HumanBytes(bytes), self.run.path().display());
                format!(
                    "catalogue of users and items: {size}; `autoint serve --run {path}` shows it"
                )
            }
            None if self.no_catalogue || roles.user.is_none() || roles.item.is_none() => {
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
