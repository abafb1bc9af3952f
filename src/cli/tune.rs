//! `autoint tune`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::store::Target;
use autoint::files::write_text;
use autoint::run::{Lock, Run, history};
use autoint::score::evaluate;
use autoint::search::report::Report;
use autoint::search::trial::{self, PAGE, Trial};
use autoint::settings::Settings;
use autoint::settings::grid::Candidate;
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::Args;

use super::data::{Asked, DataOptions};
use super::options::Options;
use super::session::Work;
use super::sweep::Sweep;
use super::threads::Threads;
use super::{data, interrupt, numbers, table};

/// Search settings: train trials, compare them by the validation rows, and open the test rows once, for the winner.
///
/// The file given with --config (or --space) says what all trials share, and what is tried: variants `[run.NAME]` and a `[grid]` with lists of values
/// (every combination), or a `[space]` with lists and ranges, which --trials trials are drawn from at random. Each becomes a run directory in
/// --out, beside trials.jsonl, trials.csv and report.html. A trial that fails is recorded with its reason. After a stop or a kill the same
/// command goes on. Stopped by a signal, it ends with exit code 128 + the signal's number.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    options: Options,
    /// Trials that are drawn from [space]; more later go on with the same sequence
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = trials)]
    trials: u64,
    /// What trials are drawn by
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = numbers::seed)]
    space_seed: u64,
    /// Start no trial after this time, such as 90s, 30m or 2h; those that came to their end count
    #[arg(long, value_name = "TIME", value_parser = time)]
    budget: Option<Duration>,
    /// Train the best so many trials with more seeds, and let the mean decide
    #[arg(long, default_value_t = 1, value_name = "K", value_parser = finalists)]
    finalists: u64,
    /// How many seeds a finalist gets, its own included
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = finalists)]
    seeds: u64,
    #[command(flatten)]
    threads: Threads,
    /// The folder of the runs
    #[arg(long, value_name = "runs/NAME")]
    out: PathBuf,
}

fn trials(text: &str) -> std::result::Result<u64, String> {
    numbers::within(text, 1, 9_999)
}

fn finalists(text: &str) -> std::result::Result<u64, String> {
    numbers::within(text, 1, 100)
}

/// A number of seconds, minutes or hours.
fn time(text: &str) -> std::result::Result<Duration, String> {
    let wrong = || format!("expected a time such as 90s, 30m or 2h, got `{text}`");
    let end = text.char_indices().last().map_or(0, |(place, _)| place);
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let whole = number.checked_mul(seconds).ok_or_else(wrong)?;
    Ok(Duration::from_secs(whole))
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let threads = self.threads.apply();
        let isa = Isa::choose()?;
        let (candidates, refused) = self.candidates()?;
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
                untested: true,
                stop: interrupt::requested()?,
            },
            data: &self.data.data,
            threads: self.threads,
            folder: &self.out,
            command: "autoint tune",
        };
        let mut search = Search {
            sweep,
            trials: trial::read(&self.out)?,
            until: self.budget.map(|budget| start + budget),
        };
        search.refuse(refused, out)?;
        search.train(&candidates, out)?;
        let finalists = self.finalists(&candidates, &mut search, out)?;
        search.end(&finalists, out)
    }

    /// The trials of the file, and those that were drawn and make no sense.
    fn candidates(&self) -> Result<(Vec<Candidate>, Vec<Trial>)> {
        let Some(space) = self.options.space()? else {
            return Ok((self.options.candidates()?, Vec::new()));
        };
        let (preset, sets) = self.options.over_space();
        let (mut candidates, mut refused) = (Vec::new(), Vec::new());
        for number in 1..=self.trials {
            let drawn = space.draw(preset, &sets, self.space_seed, number);
            match &drawn.settings {
                Err(why) => refused.push(Trial::refused(&drawn, why)),
                Ok(settings) => candidates.push(Candidate {
                    settings: settings.clone(),
                    name: drawn.name,
                    varied: drawn.varied,
                }),
            }
        }
        match (candidates.is_empty(), refused.first()) {
            // What is wrong with all of them is wrong with the file.
            (true, Some(first)) => {
                let why = first.failed.clone().unwrap_or_default();
                Err(Error::config(
                    "space",
                    format!("no trial makes sense, the first: {why}"),
                ))
            }
            _ => Ok((candidates, refused)),
        }
    }

    /// Trains the best trials with more seeds; gives each with the mean of what it is compared by, and the number of its seeds.
    fn finalists(
        &self,
        candidates: &[Candidate],
        search: &mut Search<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<Vec<Finalist>> {
        let mut best: Vec<&Candidate> = candidates.iter().collect();
        best.sort_by(|a, b| search.quality(&b.name).total_cmp(&search.quality(&a.name)));
        best.truncate(self.finalists as usize);
        let mut finalists = Vec::new();
        for candidate in best {
            let own = candidate.settings.train.seed;
            let again = (1..self.seeds).map(|more| Candidate {
                name: format!("{}.seed-{}", candidate.name, own + more),
                settings: with_seed(&candidate.settings, own + more),
                varied: candidate.varied.clone(),
            });
            let again: Vec<Candidate> = again.collect();
            search.train(&again, out)?;
            let names = std::iter::once(candidate)
                .chain(&again)
                .map(|c| c.name.as_str());
            let values: Vec<f64> = names
                .map(|name| search.quality(name))
                .filter(|q| q.is_finite())
                .collect();
            if !values.is_empty() {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                finalists.push((candidate.name.clone(), mean, values.len()));
            }
        }
        finalists.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(finalists)
    }
}

fn with_seed(settings: &Settings, seed: u64) -> Settings {
    let mut settings = settings.clone();
    settings.train.seed = seed;
    settings
}

/// A trial's name, the mean of its seeds, and their number.
type Finalist = (String, f64, usize);

/// A search under way.
struct Search<'a> {
    sweep: Sweep<'a>,
    trials: Vec<Trial>,
    /// When no other trial may be started.
    until: Option<Instant>,
}

impl Search<'_> {
    fn quality(&self, name: &str) -> f64 {
        let trial = self.trials.iter().find(|trial| trial.name == name);
        trial.map_or(f64::NEG_INFINITY, Trial::quality)
    }

    /// Writes down the trials that cannot be trained.
    fn refuse(&mut self, refused: Vec<Trial>, out: &mut dyn Write) -> anyhow::Result<()> {
        for trial in refused {
            let why = trial.failed.as_deref().unwrap_or_default();
            writeln!(out, "{} cannot be trained: {why}", trial.name)?;
            if !self.trials.iter().any(|known| known.name == trial.name) {
                self.trials.push(trial);
            }
        }
        Ok(trial::write(self.sweep.folder, &self.trials)?)
    }

    /// Trains what has not come to its end yet, and writes down what came of it.
    fn train(&mut self, candidates: &[Candidate], out: &mut dyn Write) -> anyhow::Result<()> {
        for (number, candidate) in (1..).zip(candidates) {
            let known = self
                .trials
                .iter()
                .find(|trial| trial.name == candidate.name);
            if let Some(why) = known.and_then(|trial| trial.failed.as_ref()) {
                writeln!(out, "\n{}: failed before: {why}", candidate.name)?;
                continue;
            }
            if self.until.is_some_and(|until| Instant::now() > until) && known.is_none() {
                writeln!(
                    out,
                    "\nthe time is over: {} of {} trials",
                    number - 1,
                    candidates.len()
                )?;
                return Ok(());
            }
            writeln!(
                out,
                "\ntrial {number} of {}: {}",
                candidates.len(),
                told(candidate)
            )?;
            let trial = match self.sweep.one(candidate, out) {
                Ok(run) => ended(candidate, &run)?,
                Err(error) if is_of_trial(&error) => {
                    writeln!(out, "failed: {error}")?;
                    Trial::failed(candidate, error.to_string())
                }
                Err(error) => return Err(error),
            };
            if known.is_none() {
                self.trials.push(trial);
                trial::write(self.sweep.folder, &self.trials)?;
                self.page(&[], None)?;
            }
            let best = self
                .trials
                .iter()
                .max_by(|a, b| a.quality().total_cmp(&b.quality()));
            if let Some(kept) = best.and_then(|best| best.kept.as_ref().map(|kept| (best, kept))) {
                let loss = table::number(kept.1.valid_loss);
                let auc = table::number(kept.1.valid_auc);
                writeln!(
                    out,
                    "best so far: {}, validation AUC {auc}, logloss {loss}",
                    kept.0.name
                )?;
            }
        }
        Ok(())
    }

    /// Tells all trials, and opens the test rows for the winner.
    fn end(&self, finalists: &[Finalist], out: &mut dyn Write) -> anyhow::Result<()> {
        let data = self.sweep.work.data;
        writeln!(out, "\n{}", summary(&self.trials, data))?;
        let Some((winner, ..)) = finalists.first() else {
            let what = "no trial came to its end: see trials.jsonl for why";
            return Err(Error::file(self.sweep.folder, what).into());
        };
        for (name, mean, seeds) in finalists.iter().filter(|finalist| finalist.2 > 1) {
            writeln!(out, "{name}: mean of {seeds} seeds {mean:.4}")?;
        }
        let path = self.sweep.folder.join(winner);
        let run = Run::open(&path, self.sweep.work.isa, self.sweep.work.threads)?;
        let name = run.settings.model.name();
        let evaluation = evaluate(&run.scorer(), name, data, SplitName::Test)?;
        let measured = table::metrics(&evaluation);
        self.page(finalists, Some((winner, &measured)))?;
        writeln!(
            out,
            "\nthe winner is {winner}; only for it the test rows were opened"
        )?;
        writeln!(out, "{measured}")?;
        writeln!(
            out,
            "run {}, report {}",
            path.display(),
            self.sweep.folder.join(PAGE).display()
        )?;
        Ok(())
    }

    fn page(&self, finalists: &[Finalist], winner: Option<(&str, &str)>) -> Result<()> {
        let several: Vec<Finalist> = finalists.iter().filter(|f| f.2 > 1).cloned().collect();
        let report = Report {
            protocol: self.sweep.work.data.protocol_name(),
            trials: &self.trials,
            finalists: &several,
            winner,
        };
        write_text(&self.sweep.folder.join(PAGE), &report.html())
    }
}

/// Whether an error is that of the trial's settings, which another trial need not have.
fn is_of_trial(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<Error>(),
        Some(Error::NotFinite { .. } | Error::Config { .. } | Error::Shape { .. })
    )
}

fn ended(candidate: &Candidate, run: &Run) -> Result<Trial> {
    let epochs = history::read(&run.path)?;
    let missing = || missing(&run.path);
    Trial::done(candidate, &epochs, run.provenance.best_epoch).ok_or_else(missing)
}

fn missing(run: &Path) -> Error {
    Error::file(
        run,
        "has no line for its best epoch in metrics.jsonl: train it anew",
    )
}

/// A trial's name and what it was given.
fn told(candidate: &Candidate) -> String {
    let pairs: BTreeMap<_, _> = candidate
        .varied
        .iter()
        .filter(|(key, _)| key != "run")
        .cloned()
        .collect();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    match pairs.is_empty() {
        true => candidate.name.clone(),
        false => format!("{}: {}", candidate.name, pairs.join(", ")),
    }
}

fn summary(trials: &[Trial], data: &Dataset) -> String {
    let mut sorted: Vec<&Trial> = trials.iter().collect();
    sorted.sort_by(|a, b| b.quality().total_cmp(&a.quality()));
    let header = ["trial", "kept\nepoch", "valid\nloss", "valid\nAUC", "s"];
    let mut told = table::new(&header.map(str::to_owned));
    for trial in sorted {
        let row = match &trial.kept {
            None => ["failed", "-", "-", "-"].map(str::to_owned),
            Some(kept) => [
                kept.epoch.to_string(),
                table::number(kept.valid_loss),
                table::number(kept.valid_auc),
                format!("{:.1}", kept.train_seconds),
            ],
        };
        told.add_row(std::iter::once(trial.name.clone()).chain(row));
    }
    format!("protocol {}\n{}", data.protocol_name(), told.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(time("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(time("30m").unwrap(), Duration::from_secs(1_800));
        assert_eq!(time("2h").unwrap(), Duration::from_secs(7_200));
        for wrong in [
            "",
            "h",
            "5",
            "1.5h",
            "-1s",
            "5d",
            "é",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
