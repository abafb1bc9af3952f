//! `autoint train`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::Result;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::simd::Isa;
use autoint::train::report::Report;
use autoint::train::settings::DEFAULT_PROTOCOL;
use autoint::train::trainer::Outcome;
use autoint::train::writer::Finished;
use autoint::train::{Ended, Provenance, Settings, Trainer, Writer, evaluate};
use clap::Args;
use indicatif::HumanCount;

use super::options::Options;
use super::progress::Progress;
use super::{Threads, data, interrupt, table};

/// Where runs go that are given no folder.
const RUNS: &str = "runs";

/// Train a model, measure it on the test rows against baselines, and write a run directory.
///
/// Settings come in layers, each overriding the ones before it: the preset, the configuration file, --set, the options of
/// their own. Ctrl-C ends the training after the current batch and keeps the best epoch so far.
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
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let (mut settings, protocol) = self.options.settings()?;
        let source = data::source(self.data.as_deref(), out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_deref(), DEFAULT_PROTOCOL)?;
        settings.protocol = data.protocol_name().to_owned();
        writeln!(out, "{}", data::describe(&source, &data, start))?;

        let mut trainer = Trainer::new(&data, &settings, isa, threads)?;
        let parameters = trainer.engine().tape().layout().len();
        writeln!(
            out,
            "model  {}, preset {}: {} parameters",
            settings.model.kind,
            settings.preset,
            HumanCount(parameters as u64)
        )?;
        out.flush()?;
        let stop = interrupt::requested()?;
        let mut run = self.directory(&settings)?;
        let outcome = {
            let mut progress = Progress::new(&mut run, out)?;
            trainer.run(&mut progress, stop)?
        };
        let provenance = Provenance {
            source: source.to_string(),
            fingerprint: data.fingerprint().to_owned(),
            rows: data.rows(),
            isa: isa.name().to_owned(),
            best_epoch: outcome.best_epoch,
        };
        run.finish(Finished {
            settings: &settings,
            schema: data.schema(),
            provenance: &provenance,
            layout: trainer.engine().tape().layout(),
            parameters: &outcome.parameters,
        })?;
        let done = Done {
            run: &run,
            settings: &settings,
            data: &data,
            provenance: &provenance,
            trainer: &trainer,
            outcome: &outcome,
        };
        done.finish(out)
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

/// A training that has ended and is saved.
struct Done<'a> {
    run: &'a Writer,
    settings: &'a Settings,
    data: &'a Dataset,
    provenance: &'a Provenance,
    trainer: &'a Trainer<'a>,
    outcome: &'a Outcome,
}

impl Done<'_> {
    /// Measures (unless the user wants to leave), reports, and says where everything is.
    fn finish(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Outcome {
            parameters,
            best_epoch,
            history,
            ended,
        } = self.outcome;
        let path = self.run.path().display();
        let engine = self.trainer.engine();
        let kind = self.settings.model.kind;
        let evaluation = match ended {
            Ended::Stopped => None,
            _ => Some(evaluate(
                engine,
                parameters,
                kind,
                self.data,
                SplitName::Test,
            )?),
        };
        let report = Report {
            settings: self.settings,
            provenance: self.provenance,
            data: &self.data.summary(),
            parameters: engine.tape().layout().len(),
            history,
            ended: *ended,
            evaluation: evaluation.as_ref(),
        };
        self.run.report(&report.html()?)?;
        match (ended, best_epoch) {
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
                self.settings.train.patience
            )?,
            (Ended::Done, best) => writeln!(out, "kept epoch {best}")?,
        }
        if let Some(evaluation) = &evaluation {
            writeln!(out, "\n{}", table::metrics(evaluation))?;
            writeln!(out, "run {path}, report {path}/report.html")?;
        }
        Ok(())
    }
}
