//! `autoint tune`

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::store::Target;
use autoint::metrics::Metrics;
use autoint::run::{EpochRecord, Lock, Run, history};
use autoint::score::evaluate;
use autoint::settings::grid::Candidate;
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::Args;

use super::data::{Asked, DataOptions};
use super::options::Options;
use super::session::Work;
use super::sweep::Sweep;
use super::threads::Threads;
use super::{data, interrupt, table};

/// Train every run of one configuration file, and compare them.
///
/// The file names variants (`[run.NAME]`) and a grid (`[grid]` with lists of values) beside what all runs share. Each becomes
/// a run directory in --out. After a stop the same command goes on; finished runs are not trained again. The table is sorted
/// by the validation metric that picks a run's epoch (train.select): choose by that, report the test metrics beside it. Stopped
/// by a signal, it ends with exit code 128 + the signal's number.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    threads: Threads,
    /// The folder of the runs
    #[arg(long, value_name = "runs/NAME")]
    out: PathBuf,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let mut candidates = self.options.candidates()?;
        let _lock = Lock::make(&self.out)?;
        let Asked {
            source, protocol, ..
        } = self.data.asked(out)?;
        let start = Instant::now();
        let data = source.encode(protocol.as_ref(), Target::Anywhere)?;
        writeln!(out, "{}", data::describe(&source, &data, start))?;
        let sweep = Sweep {
            work: Work {
                data: &data,
                source: &source,
                from: None,
                isa,
                threads,
                checkpoint_every: None,
                profile: false,
                no_catalogue: false,
                stop: interrupt::requested()?,
            },
            data: &self.data.data,
            threads: self.threads,
            folder: &self.out,
            command: "autoint tune",
        };
        let runs = sweep.run(&mut candidates, out)?;
        let rows = candidates.iter().zip(&runs);
        let rows = rows.map(|(candidate, run)| Row::of(candidate, run, &data));
        let rows = rows.collect::<Result<Vec<Row>>>()?;
        writeln!(out, "\n{}", summary(rows, &data))?;
        Ok(())
    }
}

/// A run in the table.
struct Row {
    name: String,
    best: EpochRecord,
    /// What the epochs are chosen by; larger is better.
    quality: f64,
    test: Metrics,
}

impl Row {
    fn of(candidate: &Candidate, run: &Run, data: &Dataset) -> Result<Row> {
        let history = history::read(&run.path)?;
        let best = history
            .iter()
            .find(|r| r.epoch == run.provenance.best_epoch);
        let best = best.cloned().ok_or_else(|| {
            let what = "has no line for its best epoch in metrics.jsonl: train it anew";
            Error::file(&run.path, what)
        })?;
        let kind = run.settings.model.name();
        let test = evaluate(&run.scorer(), kind, data, SplitName::Test)?;
        Ok(Row {
            name: candidate.name.clone(),
            quality: best.quality(candidate.settings.train.select),
            best,
            test: test.metrics,
        })
    }
}

fn summary(mut rows: Vec<Row>, data: &Dataset) -> String {
    rows.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    let metrics = &data.schema().protocol.metrics;
    let own = ["run", "best\nepoch", "valid\nloss", "valid\nAUC"].map(str::to_owned);
    let test = metrics.iter().map(|name| format!("test\n{name}"));
    let mut table = table::new(&own.into_iter().chain(test).collect::<Vec<_>>());
    for row in rows {
        let best = [row.best.valid_loss, row.best.valid_auc];
        let numbers = best.into_iter().chain(row.test.values());
        let own = [row.name, row.best.epoch.to_string()];
        table.add_row(own.into_iter().chain(numbers.map(table::number)));
    }
    format!("protocol {}\n{}", data.protocol_name(), table.trim_fmt())
}
