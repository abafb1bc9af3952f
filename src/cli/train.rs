//! `autoint train`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use autoint::data::dataset::SplitName;
use autoint::data::schema::Schema;
use autoint::data::store::Target;
use autoint::ranks::Ranks;
use autoint::run::{Run, Writer};
use autoint::settings::Settings;
use autoint::simd::Isa;
use autoint::train::warm::growth;
use autoint::{Error, Result};
use clap::Args;

use super::data::{Asked, DataOptions};
use super::options::Options;
use super::resume::Resume;
use super::session::Work;
use super::threads::Threads;
use super::{data, numbers, recorded};

/// Where runs go that are given no folder.
const RUNS: &str = "runs";

/// Train a model, measure it on the test rows against baselines, and write a run directory.
///
/// Settings come in layers, each overriding the ones before it: the preset, the configuration file, --set, the options of
/// their own. Ctrl-C ends the training after the current batch and keeps the best epoch so far; a second one kills at once. Both
/// end with exit code 128 + the signal's number (130; 143 for SIGTERM, 129 when the terminal goes), so that no script takes an
/// unfinished model for a finished one. However a training was stopped, --resume goes on from its last checkpoint, and the
/// result is that of a training that was never stopped, bit for bit.
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
    #[arg(long, value_name = "STEPS", allow_negative_numbers = true, value_parser = steps)]
    checkpoint_every: Option<NonZeroU64>,
    /// Also write TensorBoard's event files, into a folder of the run's name in DIR
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,
    /// Show in the end where the time went, op by op
    #[arg(long)]
    profile: bool,
    /// Leave users and items out of the run: it then scores rows, but cannot `recommend`
    #[arg(long)]
    no_catalogue: bool,
    /// Start from the weights of this run on new --data in its schema: its vocabularies take in new values, old ones keep their
    /// weights, and its settings hold where no others are given
    #[arg(long, value_name = "RUN", conflicts_with_all = ["schema", "protocol", "weight_column"])]
    from: Option<PathBuf>,
    /// Go on with a run that was stopped, with its own settings
    #[arg(long, value_name = "RUN", conflicts_with_all = ["Options", "out", "force"])]
    resume: Option<PathBuf>,
    /// Go on also where the run's instruction set is missing; the result then has other bits
    #[arg(long, requires = "resume")]
    allow_other_isa: bool,
}

fn steps(text: &str) -> std::result::Result<NonZeroU64, String> {
    let steps = numbers::within(text, 1, u64::MAX)?;
    NonZeroU64::new(steps).ok_or_else(String::new)
}

impl Arguments {
    pub fn run(&self, ranks: &Arc<dyn Ranks>, out: &mut dyn Write) -> anyhow::Result<()> {
        if let Some(run) = &self.resume {
            let resume = Resume {
                run,
                data: &self.data.data,
                threads: self.threads,
                checkpoint_every: self.checkpoint_every,
                tensorboard: self.tensorboard.as_deref(),
                profile: self.profile,
                no_catalogue: self.no_catalogue,
                allow_other_isa: self.allow_other_isa,
                ranks,
            };
            return resume.run(out);
        }
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        if let Some(from) = &self.from {
            return self.warm(&Run::open(from, isa, threads)?, isa, threads, ranks, out);
        }
        // A wrong setting is told before any data are read.
        let settings = self.options.settings()?;
        let Asked {
            source,
            protocol,
            by_schema,
        } = self.data.asked(out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_ref(), Target::Anywhere)?;
        writeln!(out, "{}", data::describe(&source, &data, start))?;

        let settings = match by_schema {
            true => self
                .options
                .settings_for(data.split(SplitName::Train).len())?,
            false => settings,
        };
        let work = Work {
            ranks: Arc::clone(ranks),
            ..Work::new(&data, &source, isa, threads)?
        };
        let directory = |settings: &Settings| self.directory(settings, data.schema(), by_schema);
        self.with_options(work).train(settings, directory, out)
    }

    /// Trains from the weights of another run.
    fn warm(
        &self,
        run: &Run,
        isa: Isa,
        threads: usize,
        ranks: &Arc<dyn Ranks>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        if self.data.data.is_empty() {
            let what = "needs the new data: name them with --data";
            return Err(Error::config("--from", what).into());
        }
        let settings = self.options.settings_over(&run.settings)?;
        let source = recorded::source(&self.data.data, &run.provenance.source)?;
        let start = Instant::now();
        let data = source.encode_grown(&run.schema)?;
        writeln!(out, "{}", data::describe(&source, &data, start))?;
        let fields = growth(&run.schema, data.schema()).into_iter();
        let grown = fields.filter(|growth| growth.known + growth.new > 0);
        let told = grown.map(|g| format!("{} {} + {}", g.field, g.known, g.new));
        writeln!(
            out,
            "values known and new: {}",
            told.collect::<Vec<_>>().join(", ")
        )?;
        let work = Work {
            from: Some(run),
            ranks: Arc::clone(ranks),
            ..Work::new(&data, &source, isa, threads)?
        };
        let directory = |settings: &Settings| self.directory(settings, data.schema(), true);
        self.with_options(work).train(settings, directory, out)
    }

    fn with_options<'a>(&'a self, work: Work<'a>) -> Work<'a> {
        Work {
            tensorboard: self.tensorboard.as_deref(),
            checkpoint_every: self.checkpoint_every,
            profile: self.profile,
            no_catalogue: self.no_catalogue,
            ..work
        }
    }

    fn directory(&self, settings: &Settings, schema: &Schema, by_schema: bool) -> Result<Writer> {
        match &self.out {
            Some(path) => Writer::create(path, self.force),
            None => {
                let (protocol, preset) = (&schema.protocol.name, &settings.preset);
                let name = match by_schema {
                    true => protocol.clone(),
                    false => format!("{protocol}-{preset}-{}", settings.model.name()),
                };
                Writer::next_free(Path::new(RUNS), &name)
            }
        }
    }
}
