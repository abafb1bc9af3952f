//! `autoint train --resume`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Instant;

use autoint::run::directory::has_checkpoint;
use autoint::run::{Checkpoint, Lock, Origin, Provenance, Writer};
use autoint::simd::Isa;
use autoint::train::Trainer;
use autoint::{Error, Result};
use indicatif::HumanCount;

use super::session::Session;
use super::threads::Threads;
use super::{data, interrupt, recorded};

/// Between the names of instruction sets that a run was trained with one after the other.
pub const THEN: &str = ", then ";

/// A run to go on with.
pub struct Resume<'a> {
    pub run: &'a Path,
    pub data: &'a [String],
    pub threads: Threads,
    pub checkpoint_every: Option<NonZeroU64>,
    pub profile: bool,
    pub no_catalogue: bool,
    /// Leave the test rows closed.
    pub untested: bool,
    pub allow_other_isa: bool,
}

impl Resume<'_> {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if !has_checkpoint(self.run) {
            return self.without_checkpoint(out);
        }
        let lock = Lock::of(self.run)?;
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

        let trainer = Trainer::resume(&data, &origin.settings, checkpoint, isa, threads)?;
        let at = trainer.position();
        writeln!(
            out,
            "resume {} after {} batches: epoch {}, row {}",
            self.run.display(),
            HumanCount(at.step),
            at.epoch,
            HumanCount(at.done as u64)
        )?;
        out.flush()?;
        let stop = interrupt::requested()?;
        let session = Session {
            data: &data,
            origin: &origin,
            run: Writer::resume(lock, &at.history)?,
            trainer,
            checkpoint_every: self.checkpoint_every,
            profile: self.profile,
            no_catalogue: self.no_catalogue,
            untested: self.untested,
            stop,
        };
        session.run(out)
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
            let what = format!(
                "was trained with instruction set `{before}`, this would go on with `{}`, and the result have other bits: \
                 go on where `{before}` is, or accept that with --allow-other-isa",
                isa.name()
            );
            return Err(Error::file(self.run, what));
        }
        origin.isa = format!("{}{THEN}{}", origin.isa, isa.name());
        Ok(isa)
    }
}
