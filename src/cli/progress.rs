//! How training goes: a bar on a terminal, and a line an epoch.

use std::fmt;
use std::io::Write;

use autoint::Result;
use autoint::run::EpochRecord;
use autoint::train::Observer;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

/// Shows the progress of a training.
pub struct Progress<'a> {
    out: &'a mut dyn Write,
    /// Hidden when standard error is no terminal.
    bar: ProgressBar,
    bars: MultiProgress,
    /// The epoch the bar is at.
    epoch: usize,
    /// Of the training, where several are under way.
    name: String,
}

impl<'a> Progress<'a> {
    pub fn new(
        bars: &MultiProgress,
        name: &str,
        out: &'a mut dyn Write,
    ) -> anyhow::Result<Progress<'a>> {
        let template = "{prefix} {wide_bar} {human_pos}/{human_len} rows  {msg}  {speed}";
        let speed = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A number that cannot be shown is no reason to stop.
            let _ = write!(out, "{} rows/s", HumanCount(state.per_sec() as u64));
        };
        let style = ProgressStyle::with_template(template)?.with_key("speed", speed);
        Ok(Progress {
            out,
            bar: bars.add(ProgressBar::new(0).with_style(style)),
            bars: bars.clone(),
            epoch: 0,
            name: name.to_owned(),
        })
    }
}

impl Observer for Progress<'_> {
    fn batch(&mut self, epoch: usize, done: usize, rows: usize, loss: f64) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.bar.set_prefix(format!("{}epoch {epoch}", self.name));
            self.bar.set_length(rows as u64);
            self.bar.reset();
        }
        self.bar.set_message(format!("loss {loss:.4}"));
        self.bar.set_position(done as u64);
    }

    fn epoch(&mut self, record: &EpochRecord, best: bool) -> Result<()> {
        let line = line(record, best);
        // What is trained is worth more than a line about it.
        self.bars
            .suspend(|| writeln!(self.out, "{line}").and_then(|()| self.out.flush()))
            .unwrap_or(());
        Ok(())
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

fn line(record: &EpochRecord, best: bool) -> String {
    let valid = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    format!(
        "epoch {:>2}   train loss {:.4}   valid loss {}   valid AUC {}   {:.1} s   {} rows/s{}",
        record.epoch,
        record.train_loss,
        valid(record.valid_loss),
        valid(record.valid_auc),
        record.train_seconds,
        HumanCount(record.rows_per_second as u64),
        if best { "   best so far" } else { "" }
    )
}
