//! `autoint train --resume`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use autoint::ranks::Ranks;
use autoint::run::directory::has_checkpoint;
use autoint::run::{Checkpoint, Lock, Origin, Provenance};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::{Error, Result};

use super::session::Work;
use super::threads::Threads;
use super::{data, recorded};

/// Between the names of instruction sets that a run was trained with one after the other.
pub const THEN: &str = ", then ";

/// A run to go on with.
pub struct Resume<'a> {
    pub run: &'a Path,
    pub data: &'a [String],
    pub threads: Threads,
    pub checkpoint_every: Option<NonZeroU64>,
    pub tensorboard: Option<&'a Path>,
    pub profile: bool,
    pub no_catalogue: bool,
    pub allow_other_isa: bool,
    pub ranks: &'a Arc<dyn Ranks>,
}

impl Resume<'_> {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if !has_checkpoint(self.run) {
            return self.without_checkpoint(out);
        }
        let lock = self.ranks.first().then(|| Lock::of(self.run)).transpose()?;
        // Another program may just have come to the end.
        if !has_checkpoint(self.run) {
            return self.without_checkpoint(out);
        }
        let threads = self.threads.apply();
        let (mut origin, checkpoint) = Checkpoint::open(self.run)?;
        let isa = self.isa(&mut origin)?;
        let source = recorded::source(self.data, &origin.source)?;
        let start = Instant::now();
        let data = source.encode_with(&origin.read_schema(self.run)?)?;
        origin.check(&data, self.run)?;
        writeln!(out, "{}", data::describe(&source, &data, start))?;

        let work = Work {
            checkpoint_every: self.checkpoint_every,
            tensorboard: self.tensorboard,
            profile: self.profile,
            no_catalogue: self.no_catalogue,
            ranks: Arc::clone(self.ranks),
            ..Work::new(&data, &source, isa, threads)?
        };
        work.resume(lock, &origin, checkpoint, out)
    }

    /// A run that has come to its end has no checkpoint; all else that has none cannot be gone on with.
    fn without_checkpoint(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = self.run;
        if Provenance::read(run)?.stopped {
            let what = "was stopped, and its checkpoint is missing: train it anew";
            return Err(Error::file(run, what).into());
        }
        let path = run.display();
        writeln!(
            out,
            "{path} has come to its end: there is nothing to go on with"
        )?;
        Ok(())
    }

    /// The instruction set to go on with; another one than before is recorded.
    fn isa(&self, origin: &mut Origin) -> Result<Isa> {
        let before = origin.isa.rsplit(THEN).next().unwrap_or_default();
        let isa = recorded::isa(before)?;
        if isa.name() == before {
            return Ok(isa);
        }
        if !self.allow_other_isa {
            return Err(other_isa(self.run, before, isa));
        }
        origin.isa = format!("{}{THEN}{}", origin.isa, isa.name());
        Ok(isa)
    }
}

fn other_isa(run: &Path, before: &str, isa: Isa) -> Error {
    let what = format!(
        "was trained with instruction set `{before}`, this would go on with `{}`, and the result have other bits: \
         go on where `{before}` is, or accept that with --allow-other-isa",
        isa.name()
    );
    Error::file(run, what)
}

impl Work<'_> {
    /// Goes on with a training of a sweep, whose data are at hand.
    pub fn go_on(
        &self,
        run: &Path,
        settings: &Settings,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let lock = Lock::of(run)?;
        let (origin, checkpoint) = Checkpoint::open(run)?;
        if origin.isa != self.isa.name() {
            return Err(other_isa(run, &origin.isa, self.isa).into());
        }
        origin.check(self.data, run)?;
        let now = Origin::new(settings.clone(), self.source.clone(), self.data, self.isa)?;
        if (&origin.settings, &origin.schema) != (settings, &now.schema) {
            return Err(super::sweep::other_settings(run).into());
        }
        self.resume(Some(lock), &origin, checkpoint, out)
    }
}
