//! A training from its first batch, or from a checkpoint, to its end.

use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use autoint::data::catalogue::build::MOST_ROWS;
use autoint::data::dataset::Dataset;
use autoint::data::source::Source;
use autoint::ranks::agree::{agree, said_by_first};
use autoint::ranks::{Alone, Ranks};
use autoint::run::directory::catalogue_size;
use autoint::run::{Checkpoint, Ended, Lock, Origin, Run, Writer};
use autoint::score::Evaluation;
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::session::{Extras, Session, help};
use autoint::train::{Machine, Outcome, Trainer};
use autoint::{Error, Result};
use indicatif::{HumanBytes, HumanCount, MultiProgress};
use xxhash_rust::xxh3::xxh3_64;

use super::computing::and_products;
use super::interrupt::{self, Stopped};
use super::progress::Progress;
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
    /// Who trains together with this process.
    pub ranks: Arc<dyn Ranks>,
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
            ranks: Arc::new(Alone),
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
        self.agree(&origin, 0)?;
        let (settings, machine) = (&origin.settings, self.machine());
        let trainer = match self.from {
            None => Trainer::new(self.data, settings, &machine)?,
            Some(run) => Trainer::warm(self.data, settings, run, &machine)?,
        };
        let parameters = trainer.runtime().tape().layout().len();
        writeln!(
            out,
            "model  {}, preset {}: {} parameters, embedding tables {}{}",
            settings.model.name(),
            settings.preset,
            HumanCount(parameters as u64),
            settings.optimizer.embedding_mode,
            and_products(trainer.runtime().isa())
        )?;
        out.flush()?;
        if !self.ranks.first() {
            return self.help(trainer, &origin);
        }
        self.lead(trainer, &origin, directory(settings)?, out)
    }

    fn machine(&self) -> Machine {
        Machine {
            ranks: Arc::clone(&self.ranks),
            ..Machine::new(self.isa, self.threads)
        }
    }

    /// Goes on only when all ranks are about to do the same, from batch `step` on.
    fn agree(&self, origin: &Origin, step: u64) -> anyhow::Result<()> {
        let settings = toml::to_string(&origin.settings)?;
        let mut facts = vec![
            ("the program", program(&self.ranks)?),
            ("the instruction set", origin.isa.clone()),
            (
                "the data",
                format!("{} rows, fingerprint {}", origin.rows, origin.fingerprint),
            ),
            ("the schema", origin.schema.clone()),
            ("where to go on", format!("batch {step}")),
        ];
        // One by one, so that the one that differs is told.
        facts.extend(
            settings
                .lines()
                .map(|line| ("the settings", line.to_owned())),
        );
        Ok(agree(&*self.ranks, &facts)?)
    }

    /// Tells the other ranks where the run is, and sees it through.
    fn lead(
        &self,
        trainer: Trainer<'_>,
        origin: &Origin,
        run: Writer,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let folder = std::path::absolute(run.path()).map_err(Error::io(run.path(), "find"))?;
        said_by_first(&*self.ranks, &folder.to_string_lossy());
        let session = Session {
            data: self.data,
            origin,
            trainer,
            run,
        };
        self.see_through(session, out)
    }

    /// Trains as one of several ranks of which another keeps what comes of it.
    fn help(&self, mut trainer: Trainer<'_>, origin: &Origin) -> anyhow::Result<()> {
        let folder = said_by_first(&*self.ranks, "");
        trainer.checkpoint_every(self.checkpoint_every);
        match help(&mut trainer, origin, Path::new(&folder), self.stop)? {
            Ended::Stopped => Err(Stopped("").into()),
            Ended::Paused | Ended::Done | Ended::Early => Ok(()),
        }
    }

    /// Goes on with a training from its checkpoint; only the first rank holds the run.
    pub fn resume(
        &self,
        lock: Option<Lock>,
        origin: &Origin,
        checkpoint: Checkpoint,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        self.agree(origin, checkpoint.position().step)?;
        let machine = self.machine();
        let trainer = Trainer::resume(self.data, &origin.settings, checkpoint, &machine)?;
        let Some(lock) = lock else {
            return self.help(trainer, origin);
        };
        let at = trainer.position();
        writeln!(
            out,
            "resume {} after {} batches: epoch {}, row {}",
            lock.folder().display(),
            HumanCount(at.step),
            at.epoch,
            HumanCount(at.done as u64)
        )?;
        out.flush()?;
        let run = Writer::resume(lock, &at.history)?;
        self.lead(trainer, origin, run, out)
    }

    /// Trains, saves, measures (unless the user wants to leave), reports, and says where everything is. A training that was
    /// stopped is an error: whoever waits for the model must not take it for done.
    pub fn see_through(&self, mut session: Session<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
        session.trainer.checkpoint_every(self.checkpoint_every);
        session.trainer.pause_after(self.pause_after);
        if self.profile {
            session.trainer.start_profile();
        }
        let mut progress = Progress::new(&self.bars, &self.name, out)?;
        let outcome = session.train(self.tensorboard, &mut progress, self.stop)?;
        drop(progress);
        let protocol = &self.data.schema().protocol;
        let extras = Extras {
            catalogue: match self.no_catalogue {
                true => None,
                false => session.origin.source.catalogue(protocol)?,
            },
            tested: !self.untested,
            report: true,
        };
        let evaluation = session.finish(&outcome, &extras)?;
        self.tell(&session, &outcome, evaluation.as_ref(), out)?;
        if self.profile {
            let (profile, threads) = (session.trainer.profile(), self.threads);
            writeln!(out, "\n{}", table::profile(&profile, threads))?;
        }
        match outcome.ended {
            Ended::Stopped => Err(Stopped("").into()),
            // Its checkpoint stays.
            Ended::Paused => Ok(()),
            Ended::Done | Ended::Early => Ok(session.run.close()?),
        }
    }

    fn tell(
        &self,
        session: &Session<'_>,
        outcome: &Outcome,
        evaluation: Option<&Evaluation>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let path = session.run.path().display();
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
                session.origin.settings.train.patience
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
            writeln!(out, "{}", self.catalogue(session.run.path()))?;
        }
        Ok(())
    }

    /// Whether the run can recommend.
    fn catalogue(&self, run: &Path) -> String {
        let roles = &self.data.schema().protocol.roles;
        match catalogue_size(run) {
            Some(bytes) => {
                let (size, path) = (HumanBytes(bytes), run.display());
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

/// Version and sum of this very program, which is looked at where there are others.
pub fn program(ranks: &Arc<dyn Ranks>) -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    if ranks.alone() {
        return Ok(version.into());
    }
    let path = std::env::current_exe().map_err(Error::io("autoint", "find"))?;
    let bytes = std::fs::read(&path).map_err(Error::io(&path, "read"))?;
    Ok(format!("{version}, xxh3 {:016x}", xxh3_64(&bytes)))
}
