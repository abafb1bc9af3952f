//! `autoint ensemble`

use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use autoint::autograd::Runtime;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::run::ensemble::{Ensemble, equal, fitted};
use autoint::run::precision::Tables;
use autoint::run::writer::Finished;
use autoint::run::{Provenance, Run, Writer};
use autoint::score::logistic::Fitted;
use autoint::score::scorer::labels_of;
use autoint::score::{Distribution, Scorer, evaluate};
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::{Args, ValueEnum};

use super::threads::Threads;
use super::{recorded, table};

/// Make one run of several: their logits are weighted and added.
///
/// The runs have one protocol and the same data; the weights are fitted on the validation rows. What comes out is a run like any other:
/// `predict`, `evaluate`, `recommend`, `explain` and `serve` take it. It is as large and as slow as its members together.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directories, two or more
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The folder of the new run
    #[arg(long, value_name = "runs/NAME")]
    out: PathBuf,
    /// `fitted` on the validation rows, or `equal`
    #[arg(long, value_enum, default_value = "fitted")]
    weights: Weights,
    /// The data, as `train` takes them [default: those of the first run's training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    /// Replace a run in that folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Weights {
    Fitted,
    Equal,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let open = |path: &PathBuf| Run::open(path, isa, threads);
        let runs = self.runs.iter().map(open).collect::<Result<Vec<Run>>>()?;
        let first = &runs[0];
        let mut ensemble = Ensemble::of(&runs)?;
        let source = recorded::source(&self.data, &first.provenance.source)?;
        let data = source.encode_with(&first.schema)?;
        first.provenance.check(&data, &first.path)?;
        let shares = self.shares(&runs, &data)?;
        for (run, share) in runs.iter().zip(&shares.weights) {
            writeln!(
                out,
                "{share:.4}  {}  {}",
                run.path.display(),
                run.settings.model.name()
            )?;
        }
        writeln!(out, "{:+.4}  bias", shares.bias)?;
        ensemble.share(&shares)?;
        writeln!(out, "\n{}", self.keep(first, ensemble, &data)?)?;
        writeln!(out, "run {}", self.out.display())?;
        Ok(())
    }

    fn shares(&self, runs: &[Run], data: &Dataset) -> Result<Fitted> {
        let valid = data.split(SplitName::Valid);
        match self.weights {
            Weights::Equal => Ok(equal(runs.len())),
            Weights::Fitted => {
                let logits = |run: &Run| run.scorer().calibrated(None).rows(data, valid);
                let logits: Vec<Vec<f32>> = runs.iter().map(logits).collect();
                fitted(&logits, &labels_of(data, valid))
            }
        }
    }

    /// Writes the run, and measures it; gives its metrics as a table.
    fn keep(&self, first: &Run, ensemble: Ensemble, data: &Dataset) -> anyhow::Result<String> {
        let Ensemble {
            settings,
            model,
            parameters,
            ..
        } = ensemble;
        let (isa, threads) = (first.runtime.isa(), first.runtime.threads());
        let runtime = Arc::new(Runtime::new(model.tape, model.logit, isa, threads)?);
        let schema = Cow::Borrowed(&first.schema);
        let scorer = Scorer::new(schema, &runtime, &parameters);
        let catalogue = first
            .has_catalogue()
            .then(|| first.catalogue())
            .transpose()?;
        let mut writer = Writer::create(&self.out, self.force)?;
        writer.finish(Finished {
            settings: &settings,
            schema: &first.schema,
            provenance: &Provenance {
                from: None,
                stopped: false,
                best_epoch: 0,
                isa: isa.name().to_owned(),
                members: self.members()?,
                imported: None,
                tables: Tables::F32,
                calibration: None,
                ..first.provenance.clone()
            },
            layout: runtime.tape().layout(),
            weights: &parameters,
            distribution: Some(&Distribution::of(&scorer, data)),
            catalogue: catalogue.as_ref(),
        })?;
        let evaluation = evaluate(&scorer, settings.model.name(), data, SplitName::Test)?;
        writer.evaluation(&evaluation)?;
        writer.close()?;
        Ok(table::metrics(&evaluation))
    }

    fn members(&self) -> Result<Vec<PathBuf>> {
        let absolute = |path: &PathBuf| std::path::absolute(path).map_err(Error::io(path, "find"));
        self.runs.iter().map(absolute).collect()
    }
}
