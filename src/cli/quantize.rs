//! `autoint export --quantize`: a run whose tables take fewer bits, and what that costs.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::run::precision::Tables;
use autoint::run::writer::Finished;
use autoint::run::{Provenance, Run, Writer, saving, weights};
use autoint::score::{Asked, Distribution, Scorer, evaluate, evaluate_as};
use autoint::{Error, Result};
use clap::ValueEnum;
use indicatif::HumanBytes;

use super::{recorded, table};

/// What tables are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quantize {
    /// A byte a number and a scale a row
    Int8,
    /// Two bytes a number
    Bf16,
}

impl Quantize {
    pub fn tables(self) -> Tables {
        match self {
            Quantize::Int8 => Tables::Int8,
            Quantize::Bf16 => Tables::Bf16,
        }
    }
}

/// Writes the run with its tables in fewer bits, and tells what that does to its metrics on the validation rows.
pub fn write(
    run: &Run,
    tables: Tables,
    data: &[String],
    path: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let source = recorded::source(data, &run.provenance.source)?;
    let data = source.encode_with(&run.schema)?;
    run.provenance.check(&data, &run.path)?;
    let layout = run.runtime.tape().layout();
    let kept = |tables| saving::to_bytes(layout, &run.schema, &run.parameters, tables, None);
    let (whole, fewer) = (kept(Tables::F32)?, kept(tables)?);
    let parameters = weights::from_bytes(layout, &run.schema, &fewer, path)?;
    let schema = || Cow::Borrowed(&run.schema);
    let scorer = |parameters| {
        let scorer = Scorer::new(schema(), &run.runtime, parameters);
        scorer.calibrated(run.provenance.calibration.clone())
    };
    let (before, after) = (scorer(&run.parameters), scorer(&parameters));
    tell(
        &[
            (run.path.as_path(), &before, whole.len()),
            (path, &after, fewer.len()),
        ],
        &data,
        out,
    )?;
    let catalogue = run.has_catalogue().then(|| run.catalogue()).transpose()?;
    let mut writer = Writer::create(path, false)?;
    writer.finish(Finished {
        settings: &run.settings,
        schema: &run.schema,
        provenance: &Provenance {
            tables,
            ..run.provenance.clone()
        },
        layout,
        weights: &parameters,
        distribution: Some(&Distribution::of(&after, &data)),
        catalogue: catalogue.as_ref(),
    })?;
    let evaluation = evaluate(&after, run.settings.model.name(), &data, SplitName::Test)?;
    writer.evaluation(&evaluation)?;
    Ok(writer.close()?)
}

/// AUC and logloss of each on the validation rows, and the size of its weights.
fn tell(
    all: &[(&Path, &Scorer<'_>, usize)],
    data: &Dataset,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let metrics = ["auc", "logloss"].into_iter().map(str::parse);
    let asked = Asked {
        metrics: Some(metrics.collect::<Result<_>>()?),
        ..Asked::default()
    };
    let header = ["", "weights", "valid\nAUC", "valid\nlogloss"];
    let mut told = table::new(&header.map(str::to_owned));
    for (path, scorer, bytes) in all {
        let name = path.display().to_string();
        let evaluation = evaluate_as(scorer, &*name, data, SplitName::Valid, &asked)?;
        let [auc, logloss] = ["auc", "logloss"].map(|metric| evaluation.metrics.get(metric));
        let number =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.6}"));
        told.add_row([
            name,
            HumanBytes(*bytes as u64).to_string(),
            number(auc),
            number(logloss),
        ]);
    }
    writeln!(out, "{}", told.trim_fmt())?;
    Ok(())
}

/// Refuses formats that have no place for it.
pub fn refused() -> Error {
    let what = "is of the formats run and safetensors only: leave it away, or choose one of these";
    Error::config("--quantize", what)
}
