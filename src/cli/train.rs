//! `autoint train`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::protocol;
use autoint::model::{ModelKind, preset};
use autoint::simd::Isa;
use autoint::train::report::Report;
use autoint::train::settings::DEFAULT_PROTOCOL;
use autoint::train::trainer::Outcome;
use autoint::train::writer::Finished;
use autoint::train::{Ended, Provenance, Settings, Trainer, Writer, evaluate};
use autoint::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::HumanCount;

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
    /// Which rows, fields, labels and split [default: course, or what the data were prepared with]
    #[arg(long, value_parser = PossibleValuesParser::new(protocol::NAMES))]
    protocol: Option<String>,
    /// AutoInt, or AutoInt+ with an MLP beside it [default: the preset's]
    #[arg(long)]
    model: Option<ModelKind>,
    /// Named hyper-parameters to start from [default: autoint]
    #[arg(long, value_parser = PossibleValuesParser::new(preset::NAMES))]
    preset: Option<String>,
    /// A configuration file, such as the config.toml of a run directory
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Any setting of a configuration file, such as model.interacting.dropout=0.1; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// The most epochs (train.epochs); training ends earlier when validation stops improving
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Rows of a step (train.batch_size)
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Adam's step size (train.learning_rate)
    #[arg(long, value_name = "X")]
    learning_rate: Option<f64>,
    /// Numbers of an embedding (model.embedding.dim)
    #[arg(long, value_name = "N")]
    embed_dim: Option<usize>,
    /// Attention heads of a layer (model.interacting.heads); they share its width, so they must divide it
    #[arg(long, value_name = "N")]
    heads: Option<usize>,
    /// Interacting layers (model.interacting.layers)
    #[arg(long, value_name = "N")]
    layers: Option<usize>,
    /// Dropout of the MLP (model.mlp.dropout), for autoint+ only; attention and embeddings have their own settings
    #[arg(long, value_name = "X")]
    dropout: Option<f64>,
    /// Seed of initialisation, shuffling and dropout (train.seed)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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
        let (mut settings, protocol) = self.settings()?;
        let source = data::source(self.data.as_deref(), out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_deref(), DEFAULT_PROTOCOL)?;
        settings.protocol = data.protocol_name().to_owned();
        writeln!(out, "{}", data::describe(&source, &data, start))?;

        let mut trainer = Trainer::new(&data, &settings.model, &settings.train, isa, threads)?;
        let parameters = trainer.engine().tape().layout().len();
        writeln!(
            out,
            "model  {}, preset {}: {} parameters",
            settings.model.kind,
            settings.preset,
            HumanCount(parameters as u64)
        )?;
        out.flush()?;
        let mut run = self.directory(&settings)?;
        let stop = interrupt::requested()?;
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

    /// The settings, and the protocol when one was asked for.
    fn settings(&self) -> Result<(Settings, Option<String>)> {
        let file = self.config.as_deref().map(Settings::read_file);
        let file = file.transpose()?;
        let of_file = file
            .as_ref()
            .and_then(|file| file.get("protocol")?.as_str());
        let protocol = self.protocol.as_deref().or(of_file).map(str::to_owned);
        let mut sets = self.sets.clone();
        sets.extend(self.own_sets());
        let preset = self.preset.as_deref();
        let settings = Settings::layered(preset, protocol.as_deref(), file, &sets)?;
        if self.dropout.is_some() && settings.model.kind == ModelKind::AutoInt {
            let what = "is the MLP's, and autoint has none: use --set model.interacting.dropout=X or \
                --set model.embedding.dropout=X";
            return Err(Error::config("--dropout", what));
        }
        Ok((settings, protocol))
    }

    /// The options that have a name of their own, as `--set` would have them.
    fn own_sets(&self) -> Vec<String> {
        let text = |key: &str, value: Option<String>| value.map(|value| format!("{key}={value}"));
        let whole = |key, value: Option<usize>| text(key, value.map(|n| n.to_string()));
        let fraction = |key, value: Option<f64>| text(key, value.map(|x| format!("{x:?}")));
        let all = [
            text("model.kind", self.model.map(|kind| kind.to_string())),
            whole("train.epochs", self.epochs),
            whole("train.batch_size", self.batch_size),
            fraction("train.learning_rate", self.learning_rate),
            whole("model.embedding.dim", self.embed_dim),
            whole("model.interacting.heads", self.heads),
            whole("model.interacting.layers", self.layers),
            fraction("model.mlp.dropout", self.dropout),
            text("train.seed", self.seed.map(|seed| seed.to_string())),
        ];
        all.into_iter().flatten().collect()
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
