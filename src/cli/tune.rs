//! `autoint tune`

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use autoint::data::dataset::SplitName;
use autoint::data::store::Target;
use autoint::run::{Lock, Run};
use autoint::score::evaluate;
use autoint::search::halving::Halving;
use autoint::search::trial::{PAGE, Trial};
use autoint::settings::Settings;
use autoint::settings::grid::Candidate;
use autoint::simd::Isa;
use autoint::{Error, Result};
use clap::{Args, ValueEnum};

use super::data::{Asked, DataOptions};
use super::options::Options;
use super::search::Search;
use super::session::Work;
use super::sweep::Sweep;
use super::threads::Threads;
use super::trials::{Finalist, Trials};
use super::{data, numbers, table};

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
    /// How trials are chosen: all of [run.NAME] and [grid], drawn at random from [space], or either with halving: all train for a few of
    /// their epochs, and the better ones go on [default: grid or random, as the file has it]
    #[arg(long, value_enum)]
    strategy: Option<Strategy>,
    /// Of halving: of so many trials one goes on, to so many times the epochs
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = factor)]
    factor: usize,
    /// Train so many trials at once, each with its share of the threads; no result depends on it
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = parallel)]
    parallel: usize,
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
    /// Also write TensorBoard's event files, into a folder a trial in DIR
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,
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

fn factor(text: &str) -> std::result::Result<usize, String> {
    numbers::within(text, 2, 100).map(|factor| factor as usize)
}

fn parallel(text: &str) -> std::result::Result<usize, String> {
    numbers::within(text, 1, 1_024).map(|trials| trials as usize)
}

/// How trials are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Strategy {
    Grid,
    Random,
    Halving,
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
                untested: true,
                tensorboard: self.tensorboard.as_deref(),
                ..Work::new(&data, &source, isa, threads)?
            },
            folder: &self.out,
            command: "autoint tune",
        };
        let order = refused.iter().map(|trial| &trial.name);
        let order = order.chain(candidates.iter().map(|candidate| &candidate.name));
        let mut order: Vec<String> = order.cloned().collect();
        if !refused.is_empty() {
            // Drawn trials are numbered.
            order.sort();
        }
        let mut search = Search {
            sweep,
            trials: Trials::read(&self.out, data.protocol_name(), order)?,
            parallel: self.parallel,
            until: self.budget.map(|budget| start + budget),
        };
        for trial in refused {
            let why = trial.failed.as_deref().unwrap_or_default();
            writeln!(out, "{} cannot be trained: {why}", trial.name)?;
            search.trials.put(trial)?;
        }
        let mut left: Vec<&Candidate> = candidates.iter().collect();
        if self.strategy == Some(Strategy::Halving) {
            left = search.halve(self.halving(&left), left, out)?;
        }
        search.train(&left, &|_| None, out)?;
        let finalists = self.finalists(left, &mut search, out)?;
        self.end(&finalists, &search, out)
    }

    fn halving(&self, candidates: &[&Candidate]) -> Halving {
        let epochs = candidates
            .iter()
            .map(|candidate| candidate.settings.train.epochs);
        Halving::new(self.factor, candidates.len(), epochs.max().unwrap_or(1))
    }

    /// The trials of the file, and those that were drawn and make no sense.
    fn candidates(&self) -> Result<(Vec<Candidate>, Vec<Trial>)> {
        let space = self.options.space()?;
        self.check(space.is_some())?;
        let Some(space) = space else {
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

    /// Refuses a strategy that the file has nothing for.
    fn check(&self, space: bool) -> Result<()> {
        let (strategy, what) = match (self.strategy, space) {
            (Some(Strategy::Grid), true) => (
                "grid",
                "the file has a [space], which trials are drawn from at random",
            ),
            (Some(Strategy::Random), false) => ("random", "the file has no [space] to draw from"),
            _ => return Ok(()),
        };
        let what = format!("`{strategy}` does not fit: {what}; leave the option out");
        Err(Error::config("--strategy", what))
    }

    /// Trains the best trials with more seeds; gives each with the mean of what it is compared by, and the number of its seeds.
    fn finalists(
        &self,
        mut best: Vec<&Candidate>,
        search: &mut Search<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<Vec<Finalist>> {
        let quality = |search: &Search<'_>, name: &str| search.trials.quality(name);
        best.sort_by(|a, b| quality(search, &b.name).total_cmp(&quality(search, &a.name)));
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
            let all: Vec<&Candidate> = again.iter().collect();
            search.train(&all, &|_| None, out)?;
            let names = std::iter::once(candidate)
                .chain(&again)
                .map(|c| c.name.as_str());
            let values: Vec<f64> = names
                .map(|name| quality(search, name))
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

    /// Tells all trials, and opens the test rows for the winner.
    fn end(
        &self,
        finalists: &[Finalist],
        search: &Search<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let work = &search.sweep.work;
        writeln!(out, "\n{}", search.trials.table())?;
        let Some((winner, ..)) = finalists.first() else {
            let what = "no trial came to its end: see trials.jsonl for why";
            return Err(Error::file(&self.out, what).into());
        };
        for (name, mean, seeds) in finalists.iter().filter(|finalist| finalist.2 > 1) {
            writeln!(out, "{name}: mean of {seeds} seeds {mean:.4}")?;
        }
        let path = self.out.join(winner);
        let run = Run::open(&path, work.isa, work.threads)?;
        let name = run.settings.model.name();
        let evaluation = evaluate(&run.scorer(), name, work.data, SplitName::Test)?;
        let measured = table::metrics(&evaluation);
        search.trials.page(finalists, Some((winner, &measured)))?;
        writeln!(
            out,
            "\nthe winner is {winner}; only for it the test rows were opened"
        )?;
        writeln!(out, "{measured}")?;
        let page = self.out.join(PAGE);
        writeln!(out, "run {}, report {}", path.display(), page.display())?;
        Ok(())
    }
}

fn with_seed(settings: &Settings, seed: u64) -> Settings {
    let mut settings = settings.clone();
    settings.train.seed = seed;
    settings
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
