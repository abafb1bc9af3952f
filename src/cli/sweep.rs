//! Trainings of many settings on the same rows, each into a folder of its own: trained, gone on with, or found done.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use autoint::run::directory::{has_checkpoint, has_model};
use autoint::run::{Checkpoint, Run, Writer};
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
    pub fn run(
        &self,
        candidates: &mut [Candidate],
        out: &mut dyn Write,
    ) -> anyhow::Result<Vec<Run>> {
        let rows = self.work.data.schema().offsets().last().copied();
        candidates
            .iter_mut()
            .for_each(|c| c.settings.settle(rows.unwrap_or(0)));
        let runs = candidates.len();
        for (number, candidate) in (1..).zip(&*candidates) {
            writeln!(out, "\nrun {number} of {runs}: {}", candidate.name)?;
            let trained = self.train(candidate, out);
            if self.work.stop.load(Ordering::Relaxed) {
                writeln!(out, "the same `{}` goes on with the others", self.command)?;
                return Err(trained.err().unwrap_or_else(|| Stopped("").into()));
            }
            trained?;
        }
        let opened = candidates.iter().map(|candidate| {
            let path = self.folder.join(&candidate.name);
            let run = Run::open(&path, self.work.isa, self.work.threads)?;
            run.provenance.check(self.work.data, &run.path)?;
            Ok(run)
        });
        Ok(opened.collect::<Result<Vec<Run>>>()?)
    }

    /// Trains one; gives its run.
    pub fn one(&self, candidate: &Candidate, out: &mut dyn Write) -> anyhow::Result<Run> {
        let mut candidate = candidate.clone();
        let rows = self.work.data.schema().offsets().last().copied();
        candidate.settings.settle(rows.unwrap_or(0));
        self.train(&candidate, out)?;
        let path = self.folder.join(&candidate.name);
        let run = Run::open(&path, self.work.isa, self.work.threads)?;
        run.provenance.check(self.work.data, &run.path)?;
        Ok(run)
    }

    /// Trains, goes on, or finds that all is done.
    fn train(&self, candidate: &Candidate, out: &mut dyn Write) -> anyhow::Result<()> {
        let path = self.folder.join(&candidate.name);
        if has_checkpoint(&path) {
            let (origin, _) = Checkpoint::open(&path)?;
            same(origin.settings == candidate.settings, &path)?;
            let resume = Resume {
                run: &path,
                data: self.data,
                threads: self.threads,
                checkpoint_every: None,
                profile: false,
                no_catalogue: self.work.no_catalogue,
                untested: self.work.untested,
                allow_other_isa: false,
            };
            return resume.run(out);
        }
        if !has_model(&path) {
            let settings = candidate.settings.clone();
            return self
                .work
                .train(settings, |_| Writer::create(&path, false), out);
        }
        let run = Run::open(&path, self.work.isa, self.work.threads)?;
        same(run.settings == candidate.settings, &path)?;
        writeln!(out, "trained before")?;
        Ok(())
    }
}

fn same(settings: bool, path: &Path) -> Result<()> {
    if settings {
        return Ok(());
    }
    let what = "holds a run with other settings than the file has for it: choose another --out, or remove it";
    Err(Error::file(path, what))
}
