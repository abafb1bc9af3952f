//! `autoint train`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::Result;
use autoint::data::source::Asked;
use autoint::run::Writer;
use autoint::settings::{DEFAULT_PROTOCOL, Settings};
use autoint::simd::Isa;
use clap::Args;

use super::options::Options;
use super::resume::Resume;
use super::session::Work;
use super::threads::Threads;
use super::{data, interrupt};

/// Where runs go that are given no folder.
const RUNS: &str = "runs";

/// Train a model, measure it on the test rows against baselines, and write a run directory.
///
/// Settings come in layers, each overriding the ones before it: the preset, the configuration file, --set, the options of
/// their own. Ctrl-C ends the training after the current batch and keeps the best epoch so far. However a training was
/// stopped, --resume goes on from its last checkpoint, and the result is that of a training that was never stopped, bit for
/// bit.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder with the files of MovieLens-1M or MovieLens-100K, a file written by `prepare`, or `synthetic`
    /// (`synthetic:ROWS` for another size) [default: data/ml-1m when it is there, else synthetic]
    #[arg(long)]
    data: Option<String>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    threads: Threads,
    /// The run directory [default: the next free of runs/PROTOCOL-PRESET-MODEL, runs/PROTOCOL-PRESET-MODEL-2, ...]
    #[arg(long, value_name = "runs/NAME")]
    out: Option<PathBuf>,
    /// Replace the run that --out holds
    #[arg(long, requires = "out")]
    force: bool,
    /// Also keep a checkpoint whenever so many batches are done, not only after every epoch and at Ctrl-C
    #[arg(long, value_name = "STEPS")]
    checkpoint_every: Option<NonZeroU64>,
    /// Show in the end where the time went, op by op
    #[arg(long)]
    profile: bool,
    /// Go on with a run that was stopped, with its own settings
    #[arg(long, value_name = "RUN", conflicts_with_all = ["Options", "out", "force"])]
    resume: Option<PathBuf>,
    /// Go on also where the run's instruction set is missing; the result then has other bits
    #[arg(long, requires = "resume")]
    allow_other_isa: bool,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if let Some(run) = &self.resume {
            let resume = Resume {
                run,
                data: self.data.as_deref(),
                threads: self.threads,
                checkpoint_every: self.checkpoint_every,
                profile: self.profile,
                allow_other_isa: self.allow_other_isa,
            };
            return resume.run(out);
        }
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let (mut settings, protocol) = self.options.settings()?;
        let source = data::source(self.data.as_deref(), out)?;
        let start = Instant::now();
        let asked = Asked {
            protocol: protocol.as_deref(),
            ..settings.asked()
        };
        let data = source.encode(asked, DEFAULT_PROTOCOL)?;
        settings.adopt(data.schema());
        writeln!(out, "{}", data::describe(&source, &data, start))?;

        let work = Work {
            data: &data,
            source: &source,
            isa,
            threads,
            checkpoint_every: self.checkpoint_every,
            profile: self.profile,
            stop: interrupt::requested()?,
        };
        work.train(settings, |settings| self.directory(settings), out)
    }

    fn directory(&self, settings: &Settings) -> Result<Writer> {
        match &self.out {
            Some(path) => Writer::create(path, self.force),
            None => {
                let (protocol, preset) = (&settings.protocol, &settings.preset);
                let name = format!("{protocol}-{preset}-{}", settings.model.kind);
                Writer::next_free(Path::new(RUNS), &name)
            }
        }
    }
}
