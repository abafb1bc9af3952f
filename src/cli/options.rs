//! The options of `train` that are settings, and the settings they lead to.

use std::path::PathBuf;

use autoint::model::{ModelKind, Part};
use autoint::search::space::Space;
use autoint::settings::grid::{Candidate, candidates};
use autoint::settings::{Settings, presets};
use autoint::simd::Precision;
use autoint::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::numbers;

/// See [`Settings::layered`].
#[derive(Debug, Default, Args)]
pub struct Options {
    /// Which parts the model is the sum of [default: the preset's]; --set model.PART=true or false adds or takes away one
    #[arg(long)]
    model: Option<ModelKind>,
    /// Named hyper-parameters to start from [default: autoint]
    #[arg(long, value_parser = PossibleValuesParser::new(presets::NAMES))]
    preset: Option<String>,
    /// A configuration file, such as the config.toml of a run directory
    #[arg(long, visible_alias = "space", value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Any setting of a configuration file, such as model.interacting.dropout=0.1; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// The most epochs (train.epochs); training ends earlier when validation stops improving
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    epochs: Option<usize>,
    /// Rows of a step (train.batch_size)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    batch_size: Option<usize>,
    /// The optimiser's step size, where its schedule starts (optimizer.learning_rate)
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = numbers::fraction)]
    learning_rate: Option<f64>,
    /// Numbers of an embedding (model.embedding.dim)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    embed_dim: Option<usize>,
    /// Attention heads of a layer (model.interacting.heads); they share its width, so they must divide it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    heads: Option<usize>,
    /// Interacting layers (model.interacting.layers)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    layers: Option<usize>,
    /// Dropout of the MLP (model.mlp.dropout), for models that have one; attention and embeddings have their own settings
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = numbers::fraction)]
    dropout: Option<f64>,
    /// Rows with another item, never one the user has a training row of, drawn beside each positive row in every epoch
    /// (train.negatives): for logs that hold only what was chosen
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::whole)]
    negatives: Option<usize>,
    /// In what products of matrices are taken (train.precision): in eight significant bits they are faster where the processor has them
    #[arg(long)]
    precision: Option<Precision>,
    /// Seed of initialisation, shuffling and dropout (train.seed), up to 9223372036854775807
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::seed)]
    seed: Option<u64>,
}

impl Options {
    /// The settings.
    ///
    /// # Errors
    /// When the file is not one, or a setting is wrong.
    pub fn settings(&self) -> Result<Settings> {
        let file = self
            .config
            .as_deref()
            .map(Settings::read_file)
            .transpose()?;
        self.checked(|sets| Settings::layered(self.preset.as_deref(), file.clone(), sets))
    }

    /// The settings for a log of so many training rows that nobody tuned a preset on, see [`Settings::for_log`].
    ///
    /// # Errors
    /// As [`Options::settings`].
    pub fn settings_for(&self, rows: usize) -> Result<Settings> {
        if self.preset.is_some() || self.config.is_some() {
            return self.settings();
        }
        self.checked(|sets| Settings::for_log(rows, sets))
    }

    /// The settings of a training that starts from the weights of a run with the settings `base`.
    ///
    /// # Errors
    /// As [`Options::settings`], and when another preset is asked for.
    pub fn settings_over(&self, base: &Settings) -> Result<Settings> {
        if self.preset.is_some() {
            let what = "is that of the run that training starts from: leave it out";
            return Err(Error::config("--preset", what));
        }
        let file = self
            .config
            .as_deref()
            .map(Settings::read_file)
            .transpose()?;
        self.checked(|sets| Settings::over(base, file.clone(), sets))
    }

    /// The space of the configuration file; none when it has none, or there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, or its `[space]` is none.
    pub fn space(&self) -> Result<Option<Space>> {
        match self.config.as_deref() {
            None => Ok(None),
            Some(path) => Space::of(Settings::read_file(path)?),
        }
    }

    /// What is laid over the trials that are drawn from a space.
    pub fn over_space(&self) -> (Option<&str>, Vec<String>) {
        (self.preset.as_deref(), self.sets())
    }

    /// The runs of the configuration file, which must be there.
    ///
    /// # Errors
    /// As [`Options::settings`], and when the file names no runs.
    pub fn candidates(&self) -> Result<Vec<Candidate>> {
        let what =
            "expected a file with variants `[run.NAME]`, a `[grid]` or a `[space]`, got none";
        let missing = || Error::config("--config", what);
        let file = Settings::read_file(self.config.as_deref().ok_or_else(missing)?)?;
        let made = |sets: &[String]| candidates(self.preset.as_deref(), file.clone(), sets);
        if let Ok(without) = made(&self.without_parts()) {
            for candidate in &without {
                self.check_parts(&candidate.settings)?;
            }
        }
        made(&self.sets())
    }

    /// The settings that `made` makes of all single ones. An option such as `--heads` does not add a part as `--set` would: who gives it
    /// believes the part to be there.
    fn checked(&self, made: impl Fn(&[String]) -> Result<Settings>) -> Result<Settings> {
        // (What is wrong even without those options is told below.)
        if let Ok(without) = made(&self.without_parts()) {
            self.check_parts(&without)?;
        }
        made(&self.sets())
    }

    /// `--set` and the options with a name of their own, which win.
    pub(super) fn sets(&self) -> Vec<String> {
        let mut sets = self.sets.clone();
        sets.extend(self.own_sets());
        sets
    }

    /// The same without those that set something of a part.
    fn without_parts(&self) -> Vec<String> {
        let others = Options {
            heads: None,
            layers: None,
            dropout: None,
            model: self.model,
            sets: self.sets.clone(),
            ..Options::default()
        };
        others.sets()
    }

    fn check_parts(&self, settings: &Settings) -> Result<()> {
        let layers = "is of the interacting layers";
        let mlp =
            "is of the MLP (there are model.interacting.dropout and model.embedding.dropout too)";
        for (key, given, part, is) in [
            ("--heads", self.heads.is_some(), Part::Interacting, layers),
            ("--layers", self.layers.is_some(), Part::Interacting, layers),
            ("--dropout", self.dropout.is_some(), Part::Mlp, mlp),
        ] {
            if given && !settings.model.has(part) {
                let what = format!(
                    "{is}, and {} has none: leave it out, or add them by --set model.{}=true",
                    settings.model.name(),
                    part.name()
                );
                return Err(Error::config(key, what));
            }
        }
        Ok(())
    }

    /// The options that have a name of their own, as `--set` would have them.
    fn own_sets(&self) -> Vec<String> {
        let text = |key: &str, value: Option<String>| value.map(|value| format!("{key}={value}"));
        let whole = |key, value: Option<usize>| text(key, value.map(|n| n.to_string()));
        let fraction = |key, value: Option<f64>| text(key, value.map(as_toml));
        let all = [
            text("model.kind", self.model.map(|kind| kind.to_string())),
            whole("train.epochs", self.epochs),
            whole("train.negatives", self.negatives),
            whole("train.batch_size", self.batch_size),
            fraction("optimizer.learning_rate", self.learning_rate),
            whole("model.embedding.dim", self.embed_dim),
            whole("model.interacting.heads", self.heads),
            whole("model.interacting.layers", self.layers),
            fraction("model.mlp.dropout", self.dropout),
            text("train.precision", self.precision.map(|p| p.to_string())),
            text("train.seed", self.seed.map(|seed| seed.to_string())),
        ];
        all.into_iter().flatten().collect()
    }
}

/// TOML writes what is no number in small letters.
fn as_toml(x: f64) -> String {
    format!("{x:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_reaches_its_setting_and_wins_over_a_set() {
        let options = Options {
            preset: Some("compact".into()),
            sets: vec!["train.seed=1".into(), "train.patience=7".into()],
            epochs: Some(3),
            batch_size: Some(64),
            learning_rate: Some(5e-5),
            embed_dim: Some(24),
            heads: Some(4),
            layers: Some(1),
            dropout: Some(0.0),
            seed: Some(u64::MAX >> 1),
            ..Options::default()
        };
        let settings = options.settings().unwrap();
        let (model, train) = (&settings.model, &settings.train);
        assert_eq!((train.epochs, train.batch_size, train.patience), (3, 64, 7));
        assert_eq!(settings.optimizer.learning_rate, 5e-5);
        assert_eq!(train.seed, u64::MAX >> 1);
        let layers = model.interacting.as_ref().unwrap();
        assert_eq!(
            (model.embedding.dim, layers.heads, layers.layers),
            (24, 4, 1)
        );
        assert_eq!(model.mlp.as_ref().unwrap().dropout, 0.0);
    }

    #[test]
    fn an_option_of_a_part_that_is_not_there_is_refused() {
        let mut options = Options {
            model: Some(ModelKind::AutoInt),
            dropout: Some(0.1),
            ..Options::default()
        };
        let error = options.settings().unwrap_err().to_string();
        assert!(error.contains("model.interacting.dropout"), "{error}");
        assert!(error.contains("--set model.mlp=true"), "{error}");
        options.model = Some(ModelKind::AutoIntPlus);
        assert!(options.settings().is_ok());
        options.model = Some(ModelKind::Lr);
        options.sets = vec!["model.mlp=true".into()];
        assert_eq!(options.settings().unwrap().model.name(), "linear+mlp");
        options.heads = Some(2);
        let error = options.settings().unwrap_err().to_string();
        assert!(
            error.contains("--heads") && error.contains("linear+mlp"),
            "{error}"
        );
    }
}
