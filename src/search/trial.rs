//! What came of a trial, and the files that a search leaves: `trials.jsonl`, a line a trial as it ends, and `trials.csv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::space::Drawn;
use crate::error::{Error, Result};
use crate::files::{write_text, write_whole};
use crate::run::EpochRecord;
use crate::settings::grid::Candidate;

/// The file with a line a trial.
pub const LINES: &str = "trials.jsonl";
/// The same as a table.
pub const TABLE: &str = "trials.csv";
/// The page.
pub const PAGE: &str = "report.html";

/// A trial that has come to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Of its folder.
    pub name: String,
    /// What it was given that others were not.
    pub settings: BTreeMap<String, String>,
    /// Of the training; 0 where settings were refused, so that there was none.
    pub seed: u64,
    /// Of the epoch that was kept; none for a trial that failed.
    pub kept: Option<Kept>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The epochs after which it did not go on, as others were better; none for one that came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_after: Option<usize>,
}

/// What the kept epoch had on the validation rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// From 1.
    pub epoch: usize,
    /// None without validation rows, or with one class only.
    pub valid_auc: Option<f64>,
    /// Logloss in nats; none without validation rows.
    pub valid_loss: Option<f64>,
    /// What trials are compared by; larger is better. See [`EpochRecord::quality`].
    pub quality: f64,
    /// Of all epochs.
    pub train_seconds: f64,
}

impl Trial {
    /// One whose training came to its end, from its epochs; none when the kept one is not among them.
    pub fn done(candidate: &Candidate, epochs: &[EpochRecord], best: usize) -> Option<Trial> {
        let kept = epochs.iter().find(|epoch| epoch.epoch == best)?;
        let kept = Kept {
            epoch: best,
            valid_auc: kept.valid_auc,
            valid_loss: kept.valid_loss,
            quality: kept.quality(candidate.settings.train.select),
            train_seconds: epochs.iter().map(|epoch| epoch.train_seconds).sum(),
        };
        let seed = candidate.settings.train.seed;
        Some(Trial::ended(
            &candidate.name,
            &candidate.varied,
            seed,
            Ok(kept),
        ))
    }

    /// One whose settings make no sense together, so that it has no seed.
    pub fn refused(drawn: &Drawn, why: &Error) -> Trial {
        Trial::ended(&drawn.name, &drawn.varied, 0, Err(why.to_string()))
    }

    /// One that failed.
    pub fn failed(candidate: &Candidate, why: String) -> Trial {
        let seed = candidate.settings.train.seed;
        Trial::ended(&candidate.name, &candidate.varied, seed, Err(why))
    }

    fn ended(
        name: &str,
        varied: &[(String, String)],
        seed: u64,
        outcome: std::result::Result<Kept, String>,
    ) -> Trial {
        let (kept, failed) = match outcome {
            Ok(kept) => (Some(kept), None),
            Err(why) => (None, Some(why)),
        };
        Trial {
            name: name.to_owned(),
            settings: varied.iter().cloned().collect(),
            seed,
            kept,
            failed,
            dropped_after: None,
        }
    }

    /// One that others were better than after these epochs; none when there are no epochs.
    pub fn dropped(candidate: &Candidate, epochs: &[EpochRecord]) -> Option<Trial> {
        let select = candidate.settings.train.select;
        // The first of equals, as training keeps it.
        let best = epochs
            .iter()
            .rev()
            .max_by(|a, b| a.quality(select).total_cmp(&b.quality(select)))?;
        Some(Trial {
            dropped_after: Some(epochs.len()),
            ..Trial::done(candidate, epochs, best.epoch)?
        })
    }

    /// What it is compared by; the worst there is for one that failed.
    pub fn quality(&self) -> f64 {
        let quality = self.kept.as_ref().map(|kept| kept.quality);
        quality.filter(|q| !q.is_nan()).unwrap_or(f64::NEG_INFINITY)
    }
}

/// The trials that a folder holds; a last line that was torn by a kill is as if it were not there.
///
/// # Errors
/// When another line is no trial.
pub fn read(folder: &Path) -> Result<Vec<Trial>> {
    let file = folder.join(LINES);
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&file).map_err(Error::io(&file, "read"))?;
    let mut trials = Vec::new();
    for (line, text) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(text) {
            Ok(trial) => trials.push(trial),
            Err(_) if !text.ends_with('\n') => {}
            Err(error) => {
                let what =
                    format!("is no trial ({error}): remove the line to have it trained again");
                return Err(Error::line(&file, line, what));
            }
        }
    }
    Ok(trials)
}

/// Writes all files but the page: whole or not at all.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, trials: &[Trial]) -> Result<()> {
    let line = |trial: &Trial| serde_json::to_string(trial).map(|json| json + "\n");
    let lines = trials
        .iter()
        .map(line)
        .collect::<serde_json::Result<String>>();
    let lines =
        lines.map_err(|e| Error::Data(format!("a trial cannot be written as JSON: {e}")))?;
    write_text(&folder.join(LINES), &lines)?;
    let table =
        table(trials).map_err(|e| Error::Data(format!("trials cannot be written as CSV: {e}")))?;
    write_whole(&folder.join(TABLE), |to| to.write_all(&table))
}

/// The settings that any trial has a value of, in their order.
pub fn keys(trials: &[Trial]) -> Vec<String> {
    let mut keys: Vec<String> = trials
        .iter()
        .flat_map(|t| t.settings.keys().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn table(trials: &[Trial]) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let keys = keys(trials);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let own = [
        "trial",
        "seed",
        "epoch",
        "valid_auc",
        "valid_loss",
        "train_seconds",
        "dropped_after",
        "failed",
    ];
    writer.write_record(own.iter().copied().chain(keys.iter().map(String::as_str)))?;
    for trial in trials {
        let kept = trial.kept.as_ref();
        let number = |value: Option<f64>| value.map(|x| x.to_string()).unwrap_or_default();
        let own = [
            trial.name.clone(),
            trial.seed.to_string(),
            kept.map(|kept| kept.epoch.to_string()).unwrap_or_default(),
            number(kept.and_then(|kept| kept.valid_auc)),
            number(kept.and_then(|kept| kept.valid_loss)),
            number(kept.map(|kept| kept.train_seconds)),
            trial
                .dropped_after
                .map(|epochs| epochs.to_string())
                .unwrap_or_default(),
            trial.failed.clone().unwrap_or_default(),
        ];
        let values = keys
            .iter()
            .map(|key| trial.settings.get(key).cloned().unwrap_or_default());
        writer.write_record(own.into_iter().chain(values))?;
    }
    Ok(writer.into_inner()?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn trial(name: &str, settings: &[(&str, &str)], quality: Option<f64>) -> Trial {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Trial {
            name: name.into(),
            settings: settings.iter().map(pair).collect(),
            seed: 1,
            kept: quality.map(|quality| Kept {
                epoch: 2,
                valid_auc: Some(quality),
                valid_loss: Some(0.5),
                quality,
                train_seconds: 1.5,
            }),
            failed: quality
                .is_none()
                .then(|| "not finite, \"really\"".to_owned()),
            dropped_after: None,
        }
    }

    #[test]
    fn trials_survive_their_file_and_a_torn_line_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
        let all = [
            trial("a", &[("x", "1")], Some(0.7)),
            trial("b", &[("y", "[1, 2]")], None),
        ];
        write(folder.path(), &all).unwrap();
        assert_eq!(read(folder.path()).unwrap(), all);
        let file = folder.path().join(LINES);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, &text[..text.len() - 5]).unwrap();
        assert_eq!(read(folder.path()).unwrap(), all[..1]);
        fs::write(&file, format!("nonsense\n{text}")).unwrap();
        assert!(
            read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("trials.jsonl:1: is no trial")
        );
    }

    #[test]
    fn the_table_has_a_column_for_every_setting() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                trial("a", &[("x", "1")], Some(0.7)),
                trial("b", &[("y", "[1, 2]")], None),
            ],
        )
        .unwrap();
        let text = fs::read_to_string(folder.path().join(TABLE)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "trial,seed,epoch,valid_auc,valid_loss,train_seconds,dropped_after,failed,x,y"
        );
        assert_eq!(lines[1], "a,1,2,0.7,0.5,1.5,,,1,");
        assert_eq!(
            lines[2],
            "b,1,,,,,,\"not finite, \"\"really\"\"\",,\"[1, 2]\""
        );
    }

    #[test]
    fn what_failed_is_the_worst() {
        assert!(trial("a", &[], None).quality() < trial("b", &[], Some(-1e9)).quality());
        assert!(trial("a", &[], Some(f64::NAN)).quality() < -1e300);
    }
}
