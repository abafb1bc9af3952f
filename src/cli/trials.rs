//! The record of a search: its trials in the order of the file, the files that hold them, and the table that is printed.

use std::path::Path;

use autoint::Result;
use autoint::files::write_text;
use autoint::search::report::Report;
use autoint::search::trial::{self, PAGE, Trial};

use super::table;

/// A trial's name, the mean of its seeds, and their number.
pub type Finalist = (String, f64, usize);

/// See the module.
pub struct Trials<'a> {
    folder: &'a Path,
    protocol: &'a str,
    /// The names of all that is tried, in the order of the file; those that are not among them come last.
    order: Vec<String>,
    all: Vec<Trial>,
}

impl<'a> Trials<'a> {
    /// Those that the folder holds.
    ///
    /// # Errors
    /// When its file has a line that is no trial.
    pub fn read(folder: &'a Path, protocol: &'a str, order: Vec<String>) -> Result<Trials<'a>> {
        Ok(Trials {
            folder,
            protocol,
            order,
            all: trial::read(folder)?,
        })
    }

    /// What came of a trial, when it is known.
    pub fn get(&self, name: &str) -> Option<&Trial> {
        self.all.iter().find(|trial| trial.name == name)
    }

    /// What a trial is compared by; the worst there is for one that is not known.
    pub fn quality(&self, name: &str) -> f64 {
        self.get(name).map_or(f64::NEG_INFINITY, Trial::quality)
    }

    /// Takes a trial in, in the place of one of its name, and writes all files.
    pub fn put(&mut self, trial: Trial) -> Result<()> {
        self.all.retain(|known| known.name != trial.name);
        self.all.push(trial);
        let place = |trial: &Trial| self.order.iter().position(|name| *name == trial.name);
        self.all
            .sort_by_key(|trial| place(trial).unwrap_or(usize::MAX));
        trial::write(self.folder, &self.all)?;
        self.page(&[], None)
    }

    /// Writes the page; with the winner's name and test metrics, when there is one.
    pub fn page(&self, finalists: &[Finalist], winner: Option<(&str, &str)>) -> Result<()> {
        let several: Vec<Finalist> = finalists.iter().filter(|f| f.2 > 1).cloned().collect();
        let report = Report {
            protocol: self.protocol,
            trials: &self.all,
            finalists: &several,
            winner,
        };
        write_text(&self.folder.join(PAGE), &report.html())
    }

    /// The best so far and its numbers; empty before there is one.
    pub fn best(&self) -> String {
        let best = self
            .all
            .iter()
            .max_by(|a, b| a.quality().total_cmp(&b.quality()));
        let Some((trial, kept)) = best.and_then(|best| Some((best, best.kept.as_ref()?))) else {
            return String::new();
        };
        let (loss, auc) = (
            table::number(kept.valid_loss),
            table::number(kept.valid_auc),
        );
        format!(
            "best so far: {}, validation AUC {auc}, logloss {loss}",
            trial.name
        )
    }

    /// All trials, the best first.
    pub fn table(&self) -> String {
        let mut sorted: Vec<&Trial> = self.all.iter().collect();
        sorted.sort_by(|a, b| b.quality().total_cmp(&a.quality()));
        let header = [
            "trial",
            "kept\nepoch",
            "valid\nloss",
            "valid\nAUC",
            "s",
            "dropped\nafter",
        ];
        let mut told = table::new(&header.map(str::to_owned));
        for trial in sorted {
            let row = match &trial.kept {
                None => ["failed", "-", "-", "-", ""].map(str::to_owned),
                Some(kept) => [
                    kept.epoch.to_string(),
                    table::number(kept.valid_loss),
                    table::number(kept.valid_auc),
                    format!("{:.1}", kept.train_seconds),
                    trial
                        .dropped_after
                        .map(|epochs| epochs.to_string())
                        .unwrap_or_default(),
                ],
            };
            told.add_row(std::iter::once(trial.name.clone()).chain(row));
        }
        format!("protocol {}\n{}", self.protocol, told.trim_fmt())
    }
}
