//! A search under way: trials trained side by side, and rung by rung when the worse of them are dropped.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use autoint::run::directory::has_checkpoint;
use autoint::run::{Run, history};
use autoint::search::halving::Halving;
use autoint::search::trial::Trial;
use autoint::settings::grid::Candidate;
use autoint::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};

use super::session::Work;
use super::side_by_side::{Event, side_by_side};
use super::sweep::Sweep;
use super::trials::Trials;

/// See the module.
pub struct Search<'a> {
    pub sweep: Sweep<'a>,
    pub trials: Trials<'a>,
    /// How many are trained at once.
    pub parallel: usize,
    /// When no other trial may be started.
    pub until: Option<Instant>,
}

/// After how many epochs a trial is to pause.
pub type Pause<'a> = &'a (dyn Fn(&Candidate) -> Option<usize> + Sync);

/// What came of a trial's turn.
enum Turn {
    Ended(Trial),
    Paused,
    /// It failed before.
    Known,
    /// The time was over before it began.
    Late,
}

impl Search<'_> {
    /// Trains all for a while and drops the worse of them, rung by rung; gives those that are to be trained to their end. When the
    /// time is over, that is the best alone.
    pub fn halve<'c>(
        &mut self,
        halving: Halving,
        mut left: Vec<&'c Candidate>,
        out: &mut dyn Write,
    ) -> anyhow::Result<Vec<&'c Candidate>> {
        for rung in 1..=halving.rungs {
            let pause =
                |candidate: &Candidate| halving.epochs(rung, candidate.settings.train.epochs);
            writeln!(
                out,
                "\nrung {rung} of {}: {} trials",
                halving.rungs,
                left.len()
            )?;
            let in_time = self.train(&left, &|candidate| Some(pause(candidate)), out)?;
            let failed = |candidate: &Candidate| {
                let trial = self.trials.get(&candidate.name);
                trial.is_some_and(|trial| trial.failed.is_some())
            };
            left.retain(|candidate| !failed(candidate));
            let keep = if in_time { halving.keep(left.len()) } else { 1 };
            left = self.best(left, keep, pause, out)?;
            let names: Vec<&str> = left
                .iter()
                .map(|candidate| candidate.name.as_str())
                .collect();
            writeln!(out, "on with {}", names.join(", "))?;
            if !in_time {
                self.until = None;
                break;
            }
        }
        Ok(left)
    }

    /// The best of the candidates by what they had after some of their epochs; the others are written down as dropped.
    fn best<'c>(
        &mut self,
        candidates: Vec<&'c Candidate>,
        keep: usize,
        pause: impl Fn(&Candidate) -> usize,
        out: &mut dyn Write,
    ) -> anyhow::Result<Vec<&'c Candidate>> {
        let mut ranked = Vec::new();
        for candidate in candidates {
            let so_far = so_far(
                &self.sweep.folder.join(&candidate.name),
                candidate,
                pause(candidate),
            )?;
            ranked.push((so_far, candidate));
        }
        let quality =
            |trial: &Option<Trial>| trial.as_ref().map_or(f64::NEG_INFINITY, Trial::quality);
        ranked.sort_by(|a, b| quality(&b.0).total_cmp(&quality(&a.0)));
        for (so_far, candidate) in ranked.split_off(keep.min(ranked.len())) {
            match so_far {
                Some(trial) => self.trials.put(trial)?,
                None => writeln!(out, "{} was not begun", candidate.name)?,
            }
        }
        Ok(ranked.into_iter().map(|(_, candidate)| candidate).collect())
    }

    /// Trains what has not come to its end yet, or only until it is to pause, and writes down what came to its end; says whether the
    /// time sufficed.
    pub fn train(
        &mut self,
        candidates: &[&Candidate],
        pause: Pause<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        let (all, parallel, until) = (candidates.len(), self.parallel, self.until);
        let known = candidates
            .iter()
            .map(|candidate| self.trials.get(&candidate.name).cloned());
        let known: Vec<Option<Trial>> = known.collect();
        let sweep = &self.sweep;
        let mut ears = Ears {
            candidates,
            known: &known,
            trials: &mut self.trials,
            work: &sweep.work,
            bar: overview(&sweep.work)?,
            prefix: parallel > 1,
            ended: 0,
            late: 0,
            said: String::new(),
            error: None,
            out,
        };
        let turn = |piece: usize, lines: &mut dyn Write| {
            let (candidate, known) = (candidates[piece], known[piece].as_ref());
            let late = until.is_some_and(|until| Instant::now() > until);
            if late && !known.is_some_and(is_whole) {
                return Some(Ok(Turn::Late));
            }
            let number = format!("trial {} of {all}", piece + 1);
            let work = work(sweep, candidate, parallel, pause(candidate));
            Some(take(sweep, &work, candidate, known, &number, lines))
        };
        let stop = sweep.work.stop;
        side_by_side(all, parallel, stop, turn, |piece, event| {
            ears.hear(piece, event)
        })?;
        ears.bar.finish_and_clear();
        sweep.work.bars.remove(&ears.bar);
        let Ears { error, late, .. } = ears;
        if let Some(error) = error {
            writeln!(out, "the same `{}` goes on with the others", sweep.command)?;
            return Err(error);
        }
        if late > 0 {
            writeln!(out, "\nthe time is over: {} of {all} trials", all - late)?;
        }
        Ok(late == 0)
    }
}

/// Whether a trial needs no more training.
fn is_whole(trial: &Trial) -> bool {
    trial.dropped_after.is_none()
}

/// What a trial is trained with: its share of the threads, and its name on its bar.
fn work<'a>(
    sweep: &Sweep<'a>,
    candidate: &Candidate,
    parallel: usize,
    pause: Option<usize>,
) -> Work<'a> {
    Work {
        pause_after: pause,
        threads: (sweep.work.threads / parallel).max(1),
        name: format!("{}  ", candidate.name),
        ..sweep.work.clone()
    }
}

/// A trial's turn.
fn take(
    sweep: &Sweep<'_>,
    work: &Work<'_>,
    candidate: &Candidate,
    known: Option<&Trial>,
    number: &str,
    lines: &mut dyn Write,
) -> anyhow::Result<Turn> {
    if let Some(why) = known.and_then(|trial| trial.failed.as_ref()) {
        writeln!(lines, "\n{}: failed before: {why}", candidate.name)?;
        return Ok(Turn::Known);
    }
    writeln!(lines, "\n{number}: {}", told(candidate))?;
    match sweep.reach(work, candidate, lines) {
        Ok(()) if has_checkpoint(&sweep.folder.join(&candidate.name)) => Ok(Turn::Paused),
        Ok(()) => Ok(Turn::Ended(ended(candidate, &sweep.open(candidate)?)?)),
        Err(error) if is_of_trial(&error) => {
            writeln!(lines, "failed: {error}")?;
            Ok(Turn::Ended(Trial::failed(candidate, error.to_string())))
        }
        Err(error) => Err(error),
    }
}

/// Hears of all trials, tells the user, and writes down what came of them.
struct Ears<'a, 'b> {
    candidates: &'a [&'a Candidate],
    known: &'a [Option<Trial>],
    trials: &'a mut Trials<'b>,
    work: &'a Work<'a>,
    bar: ProgressBar,
    /// Put the trial's name before its lines.
    prefix: bool,
    ended: usize,
    late: usize,
    /// The last line about the best so far.
    said: String,
    /// Why it ends before its time.
    error: Option<anyhow::Error>,
    out: &'a mut dyn Write,
}

impl Ears<'_, '_> {
    fn hear(&mut self, piece: usize, event: Event<Turn>) -> anyhow::Result<()> {
        let turn = match event {
            Event::Line(line) if self.prefix && !line.is_empty() => {
                let name = &self.candidates[piece].name;
                return self.tell(&format!("{name}  {line}"));
            }
            Event::Line(line) => return self.tell(&line),
            Event::Ended(turn) => turn,
        };
        self.ended += 1;
        match turn {
            Ok(Turn::Late) => {
                self.late += 1;
                return Ok(());
            }
            Ok(Turn::Ended(trial)) if !self.known[piece].as_ref().is_some_and(is_whole) => {
                self.trials.put(trial)?
            }
            Ok(_) => {}
            Err(error) => {
                // The others end too; the first error is the one that tells why.
                self.work.stop.store(true, Ordering::Relaxed);
                self.error.get_or_insert(error);
                return Ok(());
            }
        }
        let best = self.trials.best();
        let (ended, all) = (self.ended, self.candidates.len());
        self.bar
            .set_message(format!("{ended} of {all} trials   {best}"));
        match best == self.said {
            true => Ok(()),
            false => {
                self.said.clone_from(&best);
                self.tell(&best)
            }
        }
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let out = &mut *self.out;
        Ok(self
            .work
            .bars
            .suspend(|| writeln!(out, "{line}").and_then(|()| out.flush()))?)
    }
}

/// A line above the bars of what is trained.
fn overview(work: &Work<'_>) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{elapsed_precise}   {msg}")?;
    let bar = ProgressBar::no_length().with_style(style);
    Ok(work.bars.insert(0, bar))
}

/// Whether an error is that of the trial's settings, which another trial need not have.
fn is_of_trial(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<Error>(),
        Some(Error::NotFinite { .. } | Error::Config { .. } | Error::Shape { .. })
    )
}

/// A trial as it was after so many of its epochs; none when it has not begun.
fn so_far(run: &Path, candidate: &Candidate, epochs: usize) -> Result<Option<Trial>> {
    if !run.exists() {
        return Ok(None);
    }
    let history = history::read(run)?;
    Ok(Trial::dropped(
        candidate,
        &history[..history.len().min(epochs)],
    ))
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
