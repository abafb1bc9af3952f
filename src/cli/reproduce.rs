//! `autoint reproduce`

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use autoint::Result;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::movielens::protocols;
use autoint::data::movielens::published::{Published, published};
use autoint::data::source::Source;
use autoint::data::store::Target;
use autoint::metrics::Metrics;
use autoint::metrics::interval::mean_of_few;
use autoint::run::{Lock, Run};
use autoint::score::evaluate;
use autoint::settings::grid::Candidate;
use autoint::settings::reproduce::{NAMES, with_seed};
use autoint::simd::Isa;
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::session::Work;
use super::sweep::Sweep;
use super::threads::Threads;
use super::{data, numbers, table};

/// Train the models of a published table on MovieLens-1M with several seeds, and print ours beside theirs.
///
/// The settings are those of data/reproduce, chosen on validation rows. Each model and seed becomes a run directory in --out; after a
/// stop the same command goes on.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which table
    #[arg(value_parser = PossibleValuesParser::new(NAMES))]
    protocol: String,
    /// The folder with the files of MovieLens-1M, or `synthetic` to see it work
    #[arg(long, default_value = "data/ml-1m")]
    data: String,
    /// How many seeds: 1, 2, ...
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = seeds)]
    seeds: u64,
    /// Only these models, by their names in the file
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// The folder of the runs [default: runs/reproduce-PROTOCOL]
    #[arg(long, value_name = "runs/NAME")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

fn seeds(text: &str) -> std::result::Result<u64, String> {
    numbers::within(text, 1, 1_000)
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let candidates = self.candidates()?;
        let folder = self.out.clone();
        let folder = folder.unwrap_or_else(|| format!("runs/reproduce-{}", self.protocol).into());
        let _lock = Lock::make(&folder)?;
        let source = Source::named(&self.data)?;
        let start = Instant::now();
        let protocol = protocols::named(&self.protocol)?;
        let data = source.encode(Some(&protocol), Target::Anywhere)?;
        writeln!(out, "{}", data::describe(&source, &data, start))?;
        let sweep = Sweep {
            work: Work {
                no_catalogue: true,
                ..Work::new(&data, &source, isa, threads)?
            },
            folder: &folder,
            command: "autoint reproduce",
        };
        let runs = sweep.run(&candidates, out)?;
        writeln!(out, "\n{}", self.table(&candidates, &runs, &data)?)?;
        Ok(())
    }

    /// All models with all seeds, those of one seed together.
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let mut all = Vec::new();
        for seed in 1..=self.seeds {
            let wanted = |run: &Candidate| self.only.is_empty() || self.only.contains(&run.name);
            for run in with_seed(&self.protocol, seed)?.into_iter().filter(wanted) {
                all.push(Candidate {
                    name: format!("{}.{seed}", run.name),
                    ..run
                });
            }
        }
        match all.is_empty() {
            false => Ok(all),
            true => {
                let names = with_seed(&self.protocol, 1)?
                    .into_iter()
                    .map(|run| run.name);
                let names: Vec<String> = names.collect();
                let what = format!("names no model of the file, which has {}", names.join(", "));
                Err(autoint::Error::config("--only", what))
            }
        }
    }

    fn table(&self, candidates: &[Candidate], runs: &[Run], data: &Dataset) -> Result<String> {
        let theirs = published(&self.protocol);
        let metrics: Vec<&str> = theirs[0].metrics.iter().map(|(name, _)| *name).collect();
        let mut header = vec![String::new(), "seeds".to_owned()];
        header.extend(metrics.iter().map(ToString::to_string));
        let mut told = table::new(&header);
        let mut names: Vec<&str> = candidates
            .iter()
            .filter_map(|c| c.name.rsplit_once('.'))
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let of_name = candidates.iter().zip(runs);
            let of_name =
                of_name.filter(|(c, _)| c.name.rsplit_once('.').is_some_and(|(n, _)| n == name));
            let test = |(_, run): (&Candidate, &Run)| {
                let evaluation = evaluate(&run.scorer(), name, data, SplitName::Test)?;
                Ok(evaluation.metrics)
            };
            let tests = of_name.map(test).collect::<Result<Vec<Metrics>>>()?;
            let numbers = metrics.iter().map(|metric| spread(&tests, metric));
            let start = [format!("ours: {name}"), tests.len().to_string()];
            let numbers = numbers.collect::<Result<Vec<String>>>()?;
            told.add_row(start.into_iter().chain(numbers));
        }
        for row in theirs {
            told.add_row(published_row(row));
        }
        let (rows, protocol) = (data.split(SplitName::Test).len(), &self.protocol);
        Ok(format!(
            "protocol {protocol}, {rows} test rows; ours: mean, standard deviation over seeds, 95 % interval of the mean\n{}",
            told.trim_fmt()
        ))
    }
}

fn published_row(row: &Published) -> Vec<String> {
    let start = [format!("published: {}", row.name), String::new()];
    let numbers = row.metrics.iter().map(|(_, value)| format!("{value:.4}"));
    start.into_iter().chain(numbers).collect()
}

/// The mean of a metric, and with several seeds its standard deviation and interval.
fn spread(tests: &[Metrics], metric: &str) -> Result<String> {
    let values: Vec<f64> = tests.iter().filter_map(|test| test.get(metric)).collect();
    let Some(mean) = mean_of_few(&values)? else {
        return Ok(values
            .first()
            .map_or(String::new(), |value| format!("{value:.4}")));
    };
    let deviation = mean.standard_error * (values.len() as f64).sqrt();
    Ok(format!(
        "{:.4} sd {deviation:.4} ({:.4} to {:.4})",
        mean.value, mean.low, mean.high
    ))
}
