//! Spaces of settings, and drawing from them.
//!
//! ```toml
//! preset = "recbole"                  # what all trials share, as in any configuration file
//! [space]
//! "optimizer.learning_rate" = { min = 1e-4, max = 1e-2, log = true }
//! "model.interacting.layers" = { min = 1, max = 4 }      # whole numbers, as both ends are
//! "model.mlp.hidden" = [[128, 128], [256, 256, 256]]     # one of these
//! ```
//!
//! Drawing at random finds better settings than a grid of as many points where only some settings matter (Bergstra and Bengio, "Random Search
//! for Hyper-Parameter Optimization", JMLR 2012). Trial i depends on the seed and i alone: a search that goes on, or asks for more trials,
//! continues the same sequence.

use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::settings::grid::{nested, overlay};

/// What may be tried: a range or a list for each setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// What all trials share, as a configuration file has it.
    shared: Table,
    /// The setting's name, and what it may be.
    axes: Vec<(String, Axis)>,
}

/// A trial that was drawn.
#[derive(Debug)]
pub struct Drawn {
    /// Of its folder: `t0007`.
    pub name: String,
    /// The settings that were drawn, with their values.
    pub varied: Vec<(String, String)>,
    /// All settings; an error when these make no sense together.
    pub settings: Result<Settings>,
}

/// The values of a setting.
#[derive(Debug, Clone, PartialEq)]
enum Axis {
    /// Each equally likely.
    OneOf(Vec<Value>),
    /// Evenly between the ends; with `log`, evenly in powers.
    Real { min: f64, max: f64, log: bool },
    /// The same of whole numbers, both ends included.
    Whole { min: i64, max: i64, log: bool },
}

impl Space {
    /// Takes the section `[space]` out of a configuration file; none when it has none.
    ///
    /// # Errors
    /// When a setting has neither a list nor a range.
    pub fn of(mut file: Table) -> Result<Option<Space>> {
        let axes = match file.remove("space") {
            None => return Ok(None),
            Some(Value::Table(table)) if !table.is_empty() => table,
            Some(other) => {
                let what = format!("expected settings with lists or ranges, got {other}");
                return Err(Error::config("space", what));
            }
        };
        if let Some(key) = ["run", "grid"]
            .into_iter()
            .find(|key| file.contains_key(*key))
        {
            let what = "stands beside [space]: a file has either, as one is tried as a whole and the other drawn from";
            return Err(Error::config(key, what));
        }
        let axis = |(key, value): (String, Value)| Ok((key.clone(), Axis::of(&key, &value)?));
        Ok(Some(Space {
            axes: axes.into_iter().map(axis).collect::<Result<_>>()?,
            shared: file,
        }))
    }

    /// Trial number `number` (from 1). The other arguments are those of [`Settings::layered`].
    pub fn draw(&self, preset: Option<&str>, sets: &[String], seed: u64, number: u64) -> Drawn {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        let (mut table, mut varied) = (self.shared.clone(), Vec::new());
        for (key, axis) in &self.axes {
            let value = axis.draw(&mut generator);
            varied.push((key.clone(), told(&value)));
            overlay(&mut table, nested(key, value));
        }
        let settings = Settings::layered(preset, Some(table), sets);
        Drawn {
            name: format!("t{number:04}"),
            varied,
            settings,
        }
    }
}

/// A value as people read it.
fn told(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl Axis {
    fn of(key: &str, value: &Value) -> Result<Axis> {
        let wrong = |what: String| Error::config(format!("space.{key}"), what);
        let table = match value {
            Value::Array(values) if !values.is_empty() => return Ok(Axis::OneOf(values.clone())),
            Value::Table(table) => table,
            other => {
                let what = format!("expected a list of values or {{ min, max }}, got {other}");
                return Err(wrong(what));
            }
        };
        if let Some(other) = table
            .keys()
            .find(|key| !["min", "max", "log"].contains(&key.as_str()))
        {
            return Err(wrong(format!(
                "expected `min`, `max` and `log`, got `{other}`"
            )));
        }
        let log = table.get("log").map_or(Some(false), Value::as_bool);
        let log = log.ok_or_else(|| wrong("expected `log` to be true or false".into()))?;
        let (Some(min), Some(max)) = (table.get("min"), table.get("max")) else {
            return Err(wrong("expected both `min` and `max`".into()));
        };
        let axis = match (min.as_integer(), max.as_integer()) {
            (Some(min), Some(max)) => Axis::Whole { min, max, log },
            _ => {
                let number = |value: &Value| {
                    let whole = value.as_integer().map(|whole| whole as f64);
                    let number = value.as_float().or(whole).filter(|x| x.is_finite());
                    number.ok_or_else(|| wrong(format!("expected a number, got {value}")))
                };
                Axis::Real {
                    min: number(min)?,
                    max: number(max)?,
                    log,
                }
            }
        };
        let (low, high) = axis.ends();
        match low < high && (!log || low > 0.0) {
            true => Ok(axis),
            false => Err(wrong(format!(
                "expected `min` below `max`{}, got {low} and {high}",
                if log { " and, with `log`, above 0" } else { "" }
            ))),
        }
    }

    fn ends(&self) -> (f64, f64) {
        match *self {
            Axis::OneOf(_) => (0.0, 1.0),
            Axis::Real { min, max, .. } => (min, max),
            Axis::Whole { min, max, .. } => (min as f64, max as f64),
        }
    }

    fn draw(&self, generator: &mut ChaCha8Rng) -> Value {
        // 53 bits: every step of 2^-53 in 0..1.
        let share = (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        match self {
            Axis::OneOf(values) => {
                let place = (share * values.len() as f64) as usize;
                values.get(place).cloned().unwrap_or(Value::Boolean(false))
            }
            Axis::Real { min, max, log } => Value::Float(within(*min, *max, *log, share)),
            // Half a step around each whole number, so that the ends are as likely as the others.
            Axis::Whole { min, max, log } => {
                let drawn = within(*min as f64 - 0.5, *max as f64 + 0.5, *log, share);
                Value::Integer((drawn.round() as i64).clamp(*min, *max))
            }
        }
    }
}

fn within(min: f64, max: f64, log: bool, share: f64) -> f64 {
    match log {
        false => min + share * (max - min),
        true => (min.ln() + share * (max.ln() - min.ln())).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(text: &str) -> Result<Space> {
        Ok(Space::of(text.parse().unwrap())?.unwrap())
    }

    const SPACE: &str = "[train]\nepochs = 3\n[space]\n'optimizer.learning_rate' = { min = 1e-4, max = 1e-2, log = true }\n\
        'model.interacting.layers' = { min = 1, max = 3 }\n'model.mlp.hidden' = [[8], [8, 4]]\n";

    #[test]
    fn a_trial_hangs_on_seed_and_number_alone() {
        let space = space(SPACE).unwrap();
        let draw =
            |seed, number| space.draw(Some("recbole"), &["train.seed=5".into()], seed, number);
        assert_eq!(draw(1, 7).settings.unwrap(), draw(1, 7).settings.unwrap());
        assert_ne!(draw(1, 7).varied, draw(1, 8).varied);
        assert_ne!(draw(1, 7).varied, draw(2, 7).varied);
        let one = draw(1, 7);
        let settings = one.settings.as_ref().unwrap();
        assert_eq!(
            (
                one.name.as_str(),
                settings.train.seed,
                settings.train.epochs
            ),
            ("t0007", 5, 3)
        );
        assert_eq!(settings.preset, "recbole");
        let names: Vec<&str> = one.varied.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            names,
            [
                "model.interacting.layers",
                "model.mlp.hidden",
                "optimizer.learning_rate"
            ]
        );
    }

    #[test]
    fn draws_cover_their_ranges_evenly() {
        let space = space(SPACE).unwrap();
        let all: Vec<Settings> = (1..=600)
            .map(|n| space.draw(None, &[], 3, n).settings.unwrap())
            .collect();
        let count = |wanted: &dyn Fn(&Settings) -> bool| all.iter().filter(|s| wanted(s)).count();
        for layers in 1..=3 {
            let found = count(&|s| s.model.interacting.as_ref().unwrap().layers == layers);
            assert!((150..250).contains(&found), "{layers}: {found}");
        }
        // Half of a logarithmic range lies below its geometric mean.
        let below = count(&|s| s.optimizer.learning_rate < 1e-3);
        assert!((240..360).contains(&below), "{below}");
        assert_eq!(
            count(&|s| (1e-4..=1e-2).contains(&s.optimizer.learning_rate)),
            600
        );
        let short = count(&|s| s.model.mlp.as_ref().unwrap().hidden == [8]);
        assert!((240..360).contains(&short), "{short}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            Space::of("[train]\nseed = 1".parse().unwrap()).unwrap(),
            None
        );
        for (text, what) in [
            ("space = 1", "setting `space`"),
            ("[space]", "setting `space`"),
            ("[space]\n'train.seed' = 1", "space.train.seed"),
            ("[space]\n'train.seed' = []", "space.train.seed"),
            (
                "[space]\n'train.seed' = { min = 1 }",
                "both `min` and `max`",
            ),
            (
                "[space]\n'train.seed' = { min = 2, max = 1 }",
                "`min` below `max`",
            ),
            (
                "[space]\n'train.seed' = { min = 0, max = 1, log = true }",
                "above 0",
            ),
            (
                "[space]\n'train.seed' = { min = 1, max = 2, step = 1 }",
                "`step`",
            ),
            (
                "[space]\n'train.seed' = { min = 'a', max = 2 }",
                "expected a number",
            ),
            (
                "[space]\n'train.seed' = [1]\n[grid]\n'train.epochs' = [1]",
                "beside [space]",
            ),
        ] {
            let error = Space::of(text.parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
        let drawn = space("[space]\n'train.speed' = [1]")
            .unwrap()
            .draw(None, &[], 1, 1);
        assert!(
            drawn
                .settings
                .unwrap_err()
                .to_string()
                .contains("train.speed")
        );
    }
}
