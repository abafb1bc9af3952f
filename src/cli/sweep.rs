//! Trainings of many settings on the same rows, each into a folder of its own: trained, gone on with, or found done.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use autoint::run::directory::{has_checkpoint, has_model};
use autoint::run::{Checkpoint, Run, Writer};
use autoint::settings::Settings;
use autoint::settings::grid::Candidate;
use autoint::{Error, Result};

use super::interrupt::Stopped;
use super::resume::Resume;
use super::session::Work;
use super::threads::Threads;

/// See the module.
pub struct Sweep<'a> {
    /// What all trainings share.
    pub work: Work<'a>,
    /// As the command names them.
    pub data: &'a [String],
    pub threads: Threads,
    /// The folder of the folders.
    pub folder: &'a Path,
    /// What goes on with it after a stop.
    pub command: &'static str,
}

impl Sweep<'_> {
    /// Trains what is not trained yet; gives the runs, in the order of the candidates.
    pub fn run(&self, candidates: &[Candidate], out: &mut dyn Write) -> anyhow::Result<Vec<Run>> {
        let runs = candidates.len();
        let one = |(number, candidate): (usize, &Candidate)| {
            writeln!(out, "\nrun {number} of {runs}: {}", candidate.name)?;
            self.one(candidate, out)
        };
        (1..).zip(candidates).map(one).collect()
    }

    /// Trains one, goes on, or finds that all is done; gives its run.
    pub fn one(&self, candidate: &Candidate, out: &mut dyn Write) -> anyhow::Result<Run> {
        let mut settings = candidate.settings.clone();
        let rows = self.work.data.schema().offsets().last().copied();
        settings.settle(rows.unwrap_or(0));
        let path = self.folder.join(&candidate.name);
        let done = has_model(&path) && !has_checkpoint(&path);
        let trained = match done {
            true => Ok(()),
            false => self.train(&settings, &path, out),
        };
        if self.work.stop.load(Ordering::Relaxed) {
            writeln!(out, "the same `{}` goes on with the others", self.command)?;
            return Err(trained.err().unwrap_or_else(|| Stopped("").into()));
        }
        trained?;
        let run = Run::open(&path, self.work.isa, self.work.threads)?;
        same(run.settings == settings, &path)?;
        run.provenance.check(self.work.data, &run.path)?;
        if done {
            writeln!(out, "trained before")?;
        }
        Ok(run)
    }

    fn train(&self, settings: &Settings, path: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
        if !has_checkpoint(path) {
            let directory = |_: &Settings| Writer::create(path, false);
            return self.work.train(settings.clone(), directory, out);
        }
        let (origin, _) = Checkpoint::open(path)?;
        same(origin.settings == *settings, path)?;
        let resume = Resume {
            run: path,
            data: self.data,
            threads: self.threads,
            checkpoint_every: None,
            profile: false,
            no_catalogue: self.work.no_catalogue,
            untested: self.work.untested,
            allow_other_isa: false,
        };
        resume.run(out)
    }
}

fn same(settings: bool, path: &Path) -> Result<()> {
    if settings {
        return Ok(());
    }
    let what = "holds a run with other settings than the file has for it: choose another --out, or remove it";
    Err(Error::file(path, what))
}
