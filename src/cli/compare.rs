//! `autoint compare`

use std::io::Write;
use std::path::{Path, PathBuf};

use autoint::data::dataset::{Dataset, SplitName};
use autoint::files::write_text;
use autoint::metrics::loss::sigmoid;
use autoint::report::comparison::{Comparison, Pair};
use autoint::run::Run;
use autoint::score::compare::{Rows, Scored, Verdict};
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::measured::Measured;
use super::threads::Threads;
use super::{recorded, scores, table};

/// Tell which models are better on the same rows, and which differences are more than luck.
///
/// Each is compared with the first: the AUC by DeLong's paired test, the others by the paired bootstrap over users. A difference whose 95 %
/// interval holds 0 is not told apart. The interval covers the choice of test users, not that of the training's seed: compare
/// several seeds for that.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run directories, trained on the same rows; their fields may differ
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Scores of another system: a CSV file with the columns `row` and `score`, a line for each row of the part; rows are
    /// numbered from 0 as in the file of `prepare --split-to`
    #[arg(long, value_name = "FILE.csv")]
    scores: Vec<PathBuf>,
    /// Which part of the data
    #[arg(long, default_value = "test", value_parser = PossibleValuesParser::new(["train", "valid", "test"])
        .try_map(|name| name.parse::<SplitName>()))]
    split: SplitName,
    /// The data, as `train` takes them [default: those of each run's training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    #[command(flatten)]
    measured: Measured,
    /// Also write a page with the differences drawn
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print one JSON object a comparison instead of tables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let mut first: Option<(Rows, Dataset)> = None;
        let mut systems = Vec::new();
        for path in &self.runs {
            let (rows, data, scored) = self.scored(path, isa, threads)?;
            match &first {
                Some((others, _)) if *others != rows => {
                    let what = format!(
                        "its {} rows are not those of {}: compare runs of one split of one set of rows",
                        self.split,
                        self.runs[0].display()
                    );
                    return Err(Error::file(path, what).into());
                }
                Some(_) => {}
                None => first = Some((rows, data)),
            }
            systems.push(scored);
        }
        let Some((rows, data)) = first else {
            return Ok(());
        };
        for file in &self.scores {
            systems.push(scores::read(file, data.split(self.split))?);
        }
        if systems.len() < 2 {
            let what = "is one alone: give another run, or --scores of another system";
            return Err(Error::file(&self.runs[0], what).into());
        }
        let names = self.measured.asked();
        let names = names.unwrap_or_else(|| data.schema().protocol.metrics.clone());
        let mut pairs = Vec::new();
        for other in &systems[1..] {
            let pair = Pair {
                first: systems[0].name.clone(),
                second: other.name.clone(),
                differences: rows.compare(&systems[0], other, &names)?,
            };
            self.tell(&pair, &data, out)?;
            pairs.push(pair);
        }
        if let Some(file) = &self.report {
            let comparison = Comparison {
                protocol: data.protocol_name(),
                split: &self.split.to_string(),
                rows: data.split(self.split).len(),
                pairs: &pairs,
            };
            write_text(file, &comparison.html())?;
        }
        Ok(())
    }

    fn scored(&self, path: &Path, isa: Isa, threads: usize) -> Result<(Rows, Dataset, Scored)> {
        let run = Run::open(path, isa, threads)?;
        let source = recorded::source(&self.data, &run.provenance.source)?;
        let data = source.encode_with(&run.schema)?;
        let logits = run.scorer().rows(&data, data.split(self.split));
        let scores = logits.into_iter().map(|logit| sigmoid(f64::from(logit)));
        let scored = Scored {
            name: path.display().to_string(),
            scores: scores.collect(),
        };
        Ok((Rows::of(&data, self.split), data, scored))
    }

    fn tell(&self, pair: &Pair, data: &Dataset, out: &mut dyn Write) -> anyhow::Result<()> {
        let (a, b, differences) = (&pair.first, &pair.second, &pair.differences);
        let (split, protocol) = (self.split.to_string(), data.protocol_name());
        let rows = data.split(self.split).len();
        if self.json {
            let json = serde_json::json!({"first": a, "second": b, "protocol": protocol,
                "split": split, "rows": rows, "differences": differences});
            writeln!(out, "{json}")?;
            return Ok(());
        }
        let header = ["", "difference", "95 % interval", ""].map(str::to_owned);
        let mut told = table::new(&header);
        for difference in differences {
            let estimate = &difference.estimate;
            told.add_row([
                difference.metric.to_string(),
                format!("{:+.4}", estimate.value),
                format!("{:+.4} to {:+.4}", estimate.low, estimate.high),
                match difference.verdict() {
                    Verdict::FirstBetter => format!("{a} is better"),
                    Verdict::SecondBetter => format!("{b} is better"),
                    Verdict::NotTold => "not told apart".to_owned(),
                },
            ]);
        }
        writeln!(
            out,
            "{a} less {b}: {split} rows, protocol {protocol}, {rows} rows"
        )?;
        writeln!(out, "{}\n", told.trim_fmt())?;
        Ok(())
    }
}
