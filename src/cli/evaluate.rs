//! `autoint evaluate`

use std::io::Write;
use std::path::PathBuf;

use autoint::data::dataset::SplitName;
use autoint::data::protocol::Ranking;
use autoint::data::protocol::condition::Condition;
use autoint::score::{Asked, Evaluation, Segment, evaluate_as, segments};
use autoint::study::future;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::computing::With;
use super::measured::Measured;
use super::output::note;
use super::split_report::SplitReport;
use super::{recorded, table};

/// Measure a trained model on the data it was trained on, or on others of the same form.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// Which part of the data
    #[arg(long, default_value = "test", value_parser = PossibleValuesParser::new(["train", "valid", "test"])
        .try_map(|name| name.parse::<SplitName>()))]
    split: SplitName,
    /// The data, as `train` takes them [default: those of the training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    #[command(flatten)]
    measured: Measured,
    /// Rank all items for each user, those aside that the user had before, instead of the rows of the part
    #[arg(long)]
    full: bool,
    /// Tell how sure each metric is: its 95 % interval, for the choice of test users
    #[arg(long)]
    intervals: bool,
    /// Also tell of each value of this field: how good the model is there, and whether its probabilities are what they say
    #[arg(long, value_name = "FIELD", conflicts_with = "split_report")]
    by: Option<String>,
    /// Train the run's model again in its own split and in one by time, and show both side by side: how much better the numbers are because
    /// training rows come after test rows
    #[arg(long, conflicts_with_all = ["json", "split"])]
    split_report: bool,
    /// For --split-report: leave these rows out too, such as `user_id >= 3000`
    #[arg(long, requires = "split_report", value_name = "CONDITION", value_parser = condition)]
    drop: Vec<Condition>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    with: With,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = self.with.open(&self.run)?;
        let threads = run.runtime.threads();
        let source = recorded::source(&self.data, &run.provenance.source)?;
        let asked = Asked {
            metrics: self.measured.asked(),
            ranking: self.full.then_some(Ranking::Catalogue),
            intervals: self.intervals,
        };
        if self.split_report {
            let report = SplitReport {
                run: &run,
                source: &source,
                drop: &self.drop,
                asked: &asked,
                threads,
            };
            return report.tell(out);
        }
        let data = source.encode_with(&run.schema)?;
        let known = run.provenance.rows > 0;
        if known && data.fingerprint() != run.provenance.fingerprint {
            note(&format!(
                "note: these are not the data of the training: fingerprint {}, trained on {}",
                data.fingerprint(),
                run.provenance.fingerprint
            ));
        }
        let model = run.settings.model.name();
        let evaluation = evaluate_as(&run.scorer(), model, &data, self.split, &asked)?;
        let by = self.by.as_deref();
        let segments = by.map(|field| segments(&run.scorer(), &data, self.split, field));
        let segments = segments.transpose()?;
        if self.json {
            writeln!(out, "{}", json(&evaluation, segments.as_deref())?)?;
        } else {
            writeln!(out, "{}", table::metrics(&evaluation))?;
            if let Some((field, segments)) = by.zip(segments) {
                writeln!(out, "\n{}\n", by_value(field, &segments))?;
            }
            if let Some(rule) = future::blind(&data.schema().protocol) {
                writeln!(
                    out,
                    "the split ({rule}) does not look at time: the model was trained on rows that came after these, so tomorrow's will be predicted less well"
                )?;
            }
        }
        Ok(())
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    text.parse()
}

/// What `--json` prints.
fn json(evaluation: &Evaluation, segments: Option<&[Segment]>) -> serde_json::Result<String> {
    let mut all = serde_json::to_value(evaluation)?;
    if let (Some(segments), Some(all)) = (segments, all.as_object_mut()) {
        all.insert("segments".into(), serde_json::to_value(segments)?);
    }
    serde_json::to_string(&all)
}

fn by_value(field: &str, segments: &[Segment]) -> String {
    let header = [field, "rows", "positive", "said", "auc", "logloss", "ece"];
    let mut told = table::new(&header.map(str::to_owned));
    for segment in segments {
        told.add_row([
            segment.value.clone(),
            segment.rows.to_string(),
            table::number(Some(segment.rate)),
            table::number(Some(segment.said)),
            table::number(segment.auc),
            table::number(segment.logloss),
            table::number(segment.ece),
        ]);
    }
    told.trim_fmt()
}
