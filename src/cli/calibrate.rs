//! `autoint calibrate`

use std::io::Write;
use std::path::PathBuf;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::metrics::{MetricName, Scores, evaluate};
use autoint::run::{Lock, Provenance, Run};
use autoint::score::Calibration;
use autoint::score::calibration::Method;
use autoint::score::scorer::labels_of;
use autoint::simd::Isa;
use clap::{Args, ValueEnum};

use super::threads::Threads;
use super::{recorded, table};

/// Mend what a run's probabilities say: a map of its logits, fitted on the validation rows and kept in the run.
///
/// From then on `predict`, `evaluate`, `recommend` and `serve` use it. The table shows what it does on the test rows.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// `platt` (a straight line, which keeps the order of rows), `isotonic` (any rising shape; takes thousands of rows) or `none`, which
    /// takes the map away
    #[arg(long, value_enum, default_value = "platt")]
    method: Choice,
    /// The data, as `train` takes them [default: those of the training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    Platt,
    Isotonic,
    None,
}

/// What the table shows.
const SHOWN: [&str; 4] = ["logloss", "brier", "ece", "auc"];

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let run = Run::open(&self.run, Isa::choose()?, threads)?;
        let _lock = Lock::make(&self.run)?;
        let method = match self.method {
            Choice::Platt => Method::Platt,
            Choice::Isotonic => Method::Isotonic,
            Choice::None => {
                Provenance::recalibrate(&self.run, None)?;
                writeln!(out, "{}: its logits are as trained", self.run.display())?;
                return Ok(());
            }
        };
        let source = recorded::source(&self.data, &run.provenance.source)?;
        let data = source.encode_with(&run.schema)?;
        run.provenance.check(&data, &self.run)?;
        let scorer = run.scorer().calibrated(None);
        let logits = |split| scorer.rows(&data, data.split(split));
        let valid = data.split(SplitName::Valid);
        let fitted = Calibration::fit(method, &logits(SplitName::Valid), &labels_of(&data, valid))?;
        let before = logits(SplitName::Test);
        let after: Vec<f32> = before.iter().map(|&z| fitted.apply(z)).collect();
        writeln!(
            out,
            "{}",
            told(&data, [("as trained", &before), ("calibrated", &after)])?
        )?;
        if let Calibration::Platt { a, b } = &fitted {
            writeln!(
                out,
                "logit {a:.4} z {b:+.4}, fitted on {} validation rows",
                valid.len()
            )?;
        }
        Provenance::recalibrate(&self.run, Some(fitted))?;
        writeln!(out, "kept in {}", self.run.display())?;
        Ok(())
    }
}

fn told(data: &Dataset, both: [(&str, &Vec<f32>); 2]) -> anyhow::Result<String> {
    let labels = labels_of(data, data.split(SplitName::Test));
    let names = SHOWN
        .iter()
        .map(|name| name.parse())
        .collect::<autoint::Result<Vec<MetricName>>>()?;
    let header: Vec<String> = std::iter::once("test")
        .chain(SHOWN)
        .map(str::to_owned)
        .collect();
    let mut table = table::new(&header);
    for (name, logits) in both {
        let metrics = evaluate(Scores::Logits(logits), &labels, None, &names)?;
        let numbers = metrics.values().map(table::number);
        table.add_row(std::iter::once(name.to_owned()).chain(numbers));
    }
    Ok(format!(
        "protocol {}, {} rows\n{}",
        data.protocol_name(),
        labels.len(),
        table.trim_fmt()
    ))
}
