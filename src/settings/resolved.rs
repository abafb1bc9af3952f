//! Everything a run is told, every default resolved: `config.toml` of the run directory.
//!
//! Settings are made in layers: a preset, a file (`--config`), single settings (`--set key=value`), the command line's own
//! options. Each layer overrides the ones before it; an unknown key is an error.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::before;
use super::cluster::ClusterConfig;
use super::config::TrainConfig;
use super::parts::Layered;
use super::presets::{self, DEFAULT_PRESET};
use crate::error::{Error, Result, one_line};
use crate::model::ModelConfig;
use crate::optim::{OptimizerConfig, ScheduleConfig, ScheduleKind};

/// A run's settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// See [`presets`].
    pub preset: String,
    /// The section `[model]`: its parts, and their sizes.
    #[serde(deserialize_with = "before::model")]
    pub model: ModelConfig,
    /// The section `[train]`: epochs, batches, seed, when to stop.
    pub train: TrainConfig,
    /// The section `[optimizer]`.
    pub optimizer: OptimizerConfig,
    /// The section `[schedule]`: the learning rate over time.
    pub schedule: ScheduleConfig,
    /// The section `[cluster]`: where several ranks keep the tables; changes no bit of the model.
    #[serde(default, skip_serializing_if = "ClusterConfig::is_default")]
    pub cluster: ClusterConfig,
}

impl Settings {
    /// A preset's settings.
    ///
    /// # Errors
    /// When there is no such preset.
    pub fn preset(name: &str) -> Result<Settings> {
        resolved(presets::layered(name)?, name)
    }

    /// Reads a configuration file for [`Settings::layered`].
    ///
    /// # Errors
    /// When it cannot be read or is not TOML; the message names the line.
    pub fn read_file(path: &Path) -> Result<Table> {
        parse(
            path,
            &std::fs::read_to_string(path).map_err(Error::io(path, "read"))?,
        )
    }

    /// The settings in the bytes of a run's `config.toml`. Nothing may be missing in it: a default in its place could be another
    /// model.
    ///
    /// # Errors
    /// When they are not whole, or make no sense; the message names the file and the line.
    pub fn of_run(path: &Path, bytes: &[u8]) -> Result<Settings> {
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|_| Error::file(path, "is not UTF-8 text"))?;
        let settings: Settings = parse(path, text)?;
        settings
            .validate()
            .map_err(|error| Error::file(path, error.to_string()))?;
        Ok(settings)
    }

    /// Layers a configuration file and single settings over a preset. `preset` may also stand in the file; given as an argument
    /// it wins.
    ///
    /// # Errors
    /// When a setting does not parse, makes no sense, or names something unknown.
    pub fn layered(preset: Option<&str>, file: Option<Table>, sets: &[String]) -> Result<Settings> {
        let file = file.unwrap_or_default();
        if file.contains_key("protocol") {
            let what = "is no setting: it says what the data are, not how to train; give it as --protocol or --schema";
            return Err(Error::config("protocol", what));
        }
        let of_file = text(&file, "preset")?;
        let name = preset.or(of_file).unwrap_or(DEFAULT_PRESET).to_owned();
        settled(presets::layered(&name)?, &name, file, sets)
    }

    /// Settles what hangs on the size of the embedding tables, which have so many rows.
    pub fn settle(&mut self, table_rows: usize) {
        let mode = self.optimizer.embedding_mode;
        self.optimizer.embedding_mode = mode.for_rows(table_rows);
    }

    /// Layers a configuration file and single settings over those of another run.
    ///
    /// # Errors
    /// As [`Settings::layered`]; also when a preset is named, which would replace all of them.
    pub fn over(base: &Settings, file: Option<Table>, sets: &[String]) -> Result<Settings> {
        let file = file.unwrap_or_default();
        if file.contains_key("preset") {
            let what = "is that of the run that training starts from: leave it out";
            return Err(Error::config("preset", what));
        }
        let mut table =
            Table::try_from(base).map_err(|e| Error::config("configuration", e.to_string()))?;
        table.remove("preset");
        // The preset has values for parts that the run has not.
        let mut layered = presets::layered(&base.preset)?;
        layered.layer(table)?;
        settled(layered, &base.preset, file, sets)
    }

    /// Refuses what makes no sense, before any work starts.
    ///
    /// # Errors
    /// Names the setting.
    pub fn validate(&self) -> Result<()> {
        presets::text(&self.preset)?;
        self.model.validate()?;
        self.train.validate()?;
        self.optimizer.validate()?;
        self.schedule.validate()?;
        let (plateau, stop) = (self.schedule.patience, self.train.patience);
        if self.schedule.kind == ScheduleKind::Plateau && plateau >= stop {
            let what = format!(
                "expected less than train.patience ({stop}), which ends training, got {plateau}"
            );
            return Err(Error::config("schedule.patience", what));
        }
        Ok(())
    }

    /// As `config.toml` holds them.
    ///
    /// # Errors
    /// Never for settings that validate; TOML cannot hold every number.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::config("configuration", e.to_string()))
    }
}

/// The settings of some layers with a file and single settings on top.
fn settled(
    mut layered: Layered,
    preset: &str,
    mut file: Table,
    sets: &[String],
) -> Result<Settings> {
    file.remove("preset");
    layered.layer(file)?;
    layered.set(sets)?;
    let settings = resolved(layered, preset)?;
    settings.validate()?;
    Ok(settings)
}

fn resolved(layered: Layered, preset: &str) -> Result<Settings> {
    let mut table = layered.resolved();
    table.insert("preset".into(), Value::String(preset.into()));
    from_table(table)
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = 1 + before.map_or(0, |text| text.matches('\n').count() as u64);
        let what = match error.message() {
            // Beyond 64 bits the reader has a number of its own, which it then cannot take.
            message if message.contains("too large") || message.contains("as i128") => {
                "a number is too large: TOML holds whole numbers up to 9223372036854775807".into()
            }
            message => one_line(message),
        };
        Error::line(path, line, what)
    })
}

/// The text at `key` of a file, when there is one.
fn text<'t>(file: &'t Table, key: &str) -> Result<Option<&'t str>> {
    file.get(key)
        .map(|value| {
            let what = format!("expected a text in quotes, got {value}");
            value.as_str().ok_or_else(|| Error::config(key, what))
        })
        .transpose()
}

fn from_table(table: Table) -> Result<Settings> {
    let wrong = |e: toml::de::Error| Error::config("configuration", one_line(&e.to_string()));
    Value::Table(table).try_into().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Table> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn layers_override_each_other_in_order() {
        let file = "preset = 'compact'\n[optimizer]\nlearning_rate = 0.5\n[train]\nseed = 9\n[model.mlp]\ndropout = 0";
        let sets = [
            "optimizer.learning_rate=2e-3".to_owned(),
            "model.kind=autoint+".to_owned(),
        ];
        let settings = Settings::layered(None, parsed(file), &sets).unwrap();
        assert_eq!(settings.preset, "compact");
        assert_eq!(settings.optimizer.learning_rate, 2e-3);
        assert_eq!(settings.train.seed, 9);
        assert_eq!(settings.model.name(), "autoint+");
        assert_eq!(settings.model.mlp.unwrap().dropout, 0.0);
        let chosen = Settings::layered(Some("paper"), parsed("preset = 'compact'"), &[]);
        assert_eq!(chosen.unwrap().preset, "paper");
    }

    #[test]
    fn every_preset_survives_the_way_through_its_file() {
        for name in presets::NAMES {
            let settings = Settings::preset(name).unwrap();
            let text = settings.to_toml().unwrap();
            assert_eq!(
                Settings::layered(None, parsed(&text), &[]).unwrap(),
                settings
            );
        }
    }

    #[test]
    fn unknown_and_senseless_settings_are_named() {
        let fails = |file: &str, set: &str| {
            let sets: Vec<String> = (!set.is_empty())
                .then(|| set.to_owned())
                .into_iter()
                .collect();
            Settings::layered(None, parsed(file), &sets)
                .unwrap_err()
                .to_string()
        };
        assert!(fails("[train]\nspeed = 1", "").contains("train.speed"));
        assert!(fails("", "model.mlp.depth=3").contains("model.mlp.depth"));
        assert!(fails("", "nothing").contains("key=value"));
        assert!(fails("", "model.interacting.heads=5").contains("heads"));
        assert!(fails("", "train.epochs=many").contains("epochs"));
        assert!(fails("protocol = 'x'", "").contains("--schema"));
        assert!(fails("preset = 3", "").contains("text in quotes"));
        assert!(fails("", "protocol=paper").contains("--protocol paper"));
        assert!(!fails("", "train.select=best").contains('\n'));
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wrong.toml");
        std::fs::write(&path, "preset = 'paper'\n\n[train\nseed = 1\n").unwrap();
        let error = Settings::read_file(&path).unwrap_err().to_string();
        assert!(error.contains("wrong.toml:3: "), "{error}");
        assert!(!error.contains('\n'), "{error}");
        assert!(Settings::read_file(&folder.path().join("none")).is_err());
    }

    /// Settings that runs of before have not: they are what these were trained with.
    const LATER: [&str; 5] = [
        "per_head",
        "residual",
        "output_projection",
        "gate",
        "norm_first",
    ];

    #[test]
    fn a_run_tells_every_setting() {
        let settings = Settings::preset("course").unwrap();
        let text = settings.to_toml().unwrap();
        let read = |text: &str| Settings::of_run(Path::new("config.toml"), text.as_bytes());
        assert_eq!(read(&text).unwrap(), settings);
        let lines: Vec<&str> = text.lines().collect();
        for missing in 0..lines.len() {
            let mut lines = lines.clone();
            // A header that is missing, or an empty line, is another matter.
            let line = lines.remove(missing);
            if LATER.iter().any(|name| line.starts_with(name)) {
                assert_eq!(read(&lines.join("\n")).unwrap(), settings, "{line}");
            } else if line.contains('=') {
                assert!(read(&lines.join("\n")).is_err(), "{line}");
            }
        }
        let error = read(&text.replace("\"course\"", "\"curse\"")).unwrap_err();
        assert!(error.to_string().contains("`curse`"), "{error}");
        let error = read(&text.replace("heads = 2", "heads = 3")).unwrap_err();
        assert!(error.to_string().contains("config.toml"), "{error}");
    }
}
