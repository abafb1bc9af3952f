//! `autoint train`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::Result;
use autoint::data::schema::Schema;
use autoint::data::store::Target;
use autoint::run::Writer;
use autoint::settings::Settings;
use autoint::simd::Isa;
use clap::Args;

use super::data::{Asked, DataOptions};
use super::options::Options;
use super::resume::Resume;
use super::session::Work;
use super::{Threads, data, interrupt};

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
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    threads: Threads,
    /// The run directory [default: the next free of runs/SCHEMA or runs/PROTOCOL-PRESET-MODEL, with -2, -3, ... behind]
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
                data: &self.data.data,
                threads: self.threads,
                checkpoint_every: self.checkpoint_every,
                profile: self.profile,
                allow_other_isa: self.allow_other_isa,
            };
            return resume.run(out);
        }
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let settings = self.options.settings()?;
        let Asked {
            source,
            protocol,
            by_schema,
        } = self.data.asked(out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_ref(), Target::Anywhere)?;
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
        let directory = |settings: &Settings| self.directory(settings, data.schema(), by_schema);
        work.train(settings, directory, out)
    }

    fn directory(&self, settings: &Settings, schema: &Schema, by_schema: bool) -> Result<Writer> {
        match &self.out {
            Some(path) => Writer::create(path, self.force),
            None => {
                let (protocol, preset) = (&schema.protocol.name, &settings.preset);
                let name = match by_schema {
                    true => protocol.clone(),
                    false => format!("{protocol}-{preset}-{}", settings.model.kind),
                };
                Writer::next_free(Path::new(RUNS), &name)
            }
        }
    }
}
