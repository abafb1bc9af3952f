//! `autoint evaluate`

use std::io::Write;
use std::path::PathBuf;

use autoint::data::dataset::SplitName;
use autoint::data::protocol::Ranking;
use autoint::run::Run;
use autoint::score::{Asked, evaluate_as};
use autoint::simd::Isa;
use autoint::study::future;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::measured::Measured;
use super::output::note;
use super::threads::Threads;
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
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let run = Run::open(&self.run, Isa::choose()?, threads)?;
        let data =
            recorded::source(&self.data, &run.provenance.source)?.encode_with(&run.schema)?;
        let known = run.provenance.rows > 0;
        if known && data.fingerprint() != run.provenance.fingerprint {
            note(&format!(
                "note: these are not the data of the training: fingerprint {}, trained on {}",
                data.fingerprint(),
                run.provenance.fingerprint
            ));
        }
        let model = run.settings.model.name();
        let asked = Asked {
            metrics: self.measured.asked(),
            ranking: self.full.then_some(Ranking::Catalogue),
            intervals: self.intervals,
        };
        let evaluation = evaluate_as(&run.scorer(), model, &data, self.split, &asked)?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&evaluation)?)?;
        } else {
            writeln!(out, "{}", table::metrics(&evaluation))?;
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
