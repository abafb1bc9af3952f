//! Trainings of many settings on the same rows, each into a folder of its own: trained, gone on with, or found done.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use autoint::run::directory::{has_checkpoint, has_model};
use autoint::run::{Checkpoint, Run, Writer, history};
use autoint::settings::Settings;
use autoint::settings::grid::Candidate;
use autoint::{Error, Result};

use super::interrupt::Stopped;
use super::session::Work;

/// See the module.
pub struct Sweep<'a> {
    /// What all trainings share.
    pub work: Work<'a>,
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
        let runs = (1..).zip(candidates).map(one).collect();
        if self.work.stop.load(Ordering::Relaxed) {
            writeln!(out, "the same `{}` goes on with the others", self.command)?;
        }
        runs
    }

    /// Trains one, goes on, or finds that all is done; gives its run.
    pub fn one(&self, candidate: &Candidate, out: &mut dyn Write) -> anyhow::Result<Run> {
        self.reach(&self.work, candidate, out)?;
        self.open(candidate)
    }

    /// The run of a candidate that was trained.
    pub fn open(&self, candidate: &Candidate) -> anyhow::Result<Run> {
        let path = self.folder.join(&candidate.name);
        let run = Run::open(&path, self.work.isa, self.work.threads)?;
        if run.settings != self.settled(candidate) {
            return Err(other_settings(&path).into());
        }
        run.provenance.check(self.work.data, &run.path)?;
        Ok(run)
    }

    /// Trains one with what it is given, until its end or until it is to pause; or finds that it has come there before.
    pub fn reach(
        &self,
        work: &Work<'_>,
        candidate: &Candidate,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let path = self.folder.join(&candidate.name);
        let settings = self.settled(candidate);
        let trained = match self.is_there(work.pause_after, &settings, &path)? {
            true => writeln!(out, "trained before").map_err(Into::into),
            false => self.train(work, settings, &path, out),
        };
        match self.work.stop.load(Ordering::Relaxed) {
            true => Err(trained.err().unwrap_or_else(|| Stopped("").into())),
            false => trained,
        }
    }

    fn settled(&self, candidate: &Candidate) -> Settings {
        let mut settings = candidate.settings.clone();
        let rows = self.work.data.schema().offsets().last().copied();
        settings.settle(rows.unwrap_or(0));
        settings
    }

    /// Whether a training has come to its end, or as far as it is to go for now.
    fn is_there(
        &self,
        pause_after: Option<usize>,
        settings: &Settings,
        path: &Path,
    ) -> Result<bool> {
        match (has_model(path), has_checkpoint(path)) {
            (true, false) => Ok(true),
            (_, true) if pause_after.is_some() => {
                let epochs = history::read(path)?.len();
                let there = pause_after.is_some_and(|pause| epochs >= pause);
                match !there || Checkpoint::open(path)?.0.settings == *settings {
                    true => Ok(there),
                    false => Err(other_settings(path)),
                }
            }
            _ => Ok(false),
        }
    }

    fn train(
        &self,
        work: &Work<'_>,
        settings: Settings,
        path: &Path,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        match has_checkpoint(path) {
            true => work.go_on(path, &settings, out),
            // What is there was killed before its first checkpoint.
            false => work.train(
                settings,
                |_: &Settings| Writer::create(path, !has_model(path)),
                out,
            ),
        }
    }
}

/// The error about a folder of another training.
pub fn other_settings(path: &Path) -> Error {
    let what = "holds a run with other settings than the file has for it: choose another --out, or remove it";
    Error::file(path, what)
}
