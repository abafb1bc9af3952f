//! `autoint verify`

use std::io::Write;
use std::path::PathBuf;

use autoint::Error;
use autoint::data::dataset::Dataset;
use autoint::run::{Ended, Provenance, Run};
use autoint::simd::Isa;
use autoint::train::verify::{TOLERANCE, Verdict, compare, largest_change};
use autoint::train::{Machine, Outcome, Trainer};
use clap::Args;
use indicatif::MultiProgress;

use super::interrupt::Stopped;
use super::progress::Progress;
use super::resume::THEN;
use super::threads::Threads;
use super::{interrupt, recorded};

/// Train a run anew from its own settings and data, and compare the weights bit for bit.
///
/// Bits are promised for the instruction set the run was trained with. Where that is missing, the metrics on the test rows are
/// compared instead, within 1e-4. Stopped by a signal, it ends with exit code 128 + the signal's number.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory; nothing in it is changed
    run: PathBuf,
    /// Where the data of the training are [default: where they were]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    #[command(flatten)]
    threads: Threads,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let provenance = Provenance::read(&self.run)?;
        self.check(&provenance)?;
        let isa = recorded::isa(&provenance.isa)?;
        let run = Run::open(&self.run, isa, threads)?;
        let source = recorded::source(&self.data, &provenance.source)?;
        let data = source.encode_with(&run.schema)?;
        provenance.check(&data, &self.run)?;

        let mut trainer = Trainer::new(&data, &run.settings, &Machine::new(isa, threads))?;
        let stop = interrupt::requested()?;
        let again = trainer.run(&mut Progress::new(&MultiProgress::new(), "", out)?, stop)?;
        if again.ended == Ended::Stopped {
            return Err(Stopped("stopped: nothing is verified").into());
        }
        if isa.name() == provenance.isa {
            bits(&run, &again, out)
        } else {
            metrics(&run, &again, &data, isa, out)
        }
    }

    /// Refuses runs that no uninterrupted training gives.
    fn check(&self, provenance: &Provenance) -> autoint::Result<()> {
        let run = self.run.display();
        let what = if provenance.stopped {
            format!(
                "was stopped before its end, so a whole training gives another model: `autoint train --resume {run}` first"
            )
        } else if !provenance.members.is_empty() {
            "is made of several runs, so there is no training to do again: verify each of them (`autoint inspect` names them)".into()
        } else if !provenance.tables.is_whole() {
            "keeps its tables in fewer bits than training gives: verify the run that it was made from".into()
        } else if let Some(file) = &provenance.imported {
            let file = file.display();
            format!(
                "has weights that another program trained ({file}), so there is no training to do again"
            )
        } else if let Some(from) = &provenance.from {
            let from = from.display();
            format!(
                "started from the weights of {from}, so its own settings and data do not make it again"
            )
        } else if provenance.isa.contains(THEN) {
            let isa = &provenance.isa;
            format!(
                "was trained with several instruction sets ({isa}), so its bits cannot be made again"
            )
        } else {
            return Ok(());
        };
        Err(Error::file(&self.run, what))
    }
}

/// Says whether the weights have the same bits.
fn bits(run: &Run, again: &Outcome, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = run.path.display();
    let what = match compare(run, again)? {
        Verdict::Same { sha256 } => {
            let (isa, fingerprint) = (&run.provenance.isa, &run.provenance.fingerprint);
            writeln!(
                out,
                "verified: {path}, trained anew with {isa} on data {fingerprint}, has the same weights: sha256 {sha256}"
            )?;
            return Ok(());
        }
        Verdict::Differs { tensor, largest } => format!(
            "has other weights than a training anew gives: tensor `{tensor}` is the first that differs, the largest difference is {largest:e}"
        ),
        Verdict::File => "has the weights that a training anew gives, but not the same bytes in model.safetensors".into(),
    };
    Err(Error::file(&run.path, what).into())
}

/// Says whether the metrics are the same but for rounding.
fn metrics(
    run: &Run,
    again: &Outcome,
    data: &Dataset,
    isa: Isa,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (path, before, now) = (run.path.display(), &run.provenance.isa, isa.name());
    writeln!(
        out,
        "{path} was trained with {before}, this is {now}: bits are only promised for the same instruction set, so the metrics on the test rows are compared"
    )?;
    let Some(change) = largest_change(run, again, data)? else {
        return Err(Error::file(&run.path, "has no metric to compare").into());
    };
    let differing = format!(
        "{} differs the most, {} before and {} now",
        change.metric, change.recorded, change.again
    );
    if change.size() > TOLERANCE {
        return Err(Error::file(&run.path, format!("{differing}: more than {TOLERANCE:e}")).into());
    }
    writeln!(out, "verified within {TOLERANCE:e}: {differing}")?;
    Ok(())
}
