//! Several runs from one configuration file: named variants and a grid of settings.
//!
//! ```toml
//! preset = "course"          # what all runs share, as in any configuration file
//! [run.adam]                 # named variants: each overrides what is shared
//! [run.rmsprop.optimizer]
//! kind = "rmsprop"
//! momentum = 0.9
//! [grid]                     # every variant with every combination of these values
//! "schedule.kind" = ["constant", "exponential"]
//! ```

use toml::{Table, Value};

use super::resolved::Settings;
use crate::error::{Error, Result};

/// More than anyone means to train.
const MOST: usize = 1000;

/// One of the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The variant and the values of the grid, joined by `-`: the name of its folder.
    pub name: String,
    /// All of them, defaults resolved.
    pub settings: Settings,
    /// The settings that differ between runs, with their values.
    pub varied: Vec<(String, String)>,
}

/// The runs of a configuration file, sorted by variant and then in the grid's order. The other arguments are those of
/// [`Settings::layered`], and override the file in all of them.
///
/// # Errors
/// When the file has neither variants nor a grid, a setting is wrong in one of them, or two have one name.
pub fn candidates(
    preset: Option<&str>,
    mut file: Table,
    sets: &[String],
) -> Result<Vec<Candidate>> {
    let variants = section(&mut file, "run")?;
    let grid = section(&mut file, "grid")?;
    if variants.is_empty() && grid.is_empty() {
        let what = "expected variants `[run.NAME]` or `[grid]` with lists of values, got neither";
        return Err(Error::config("configuration", what));
    }
    let mut points = variants_of(&file, variants)?;
    for (key, values) in &grid {
        points = crossed(points, key, values)?;
    }
    let mut all: Vec<Candidate> = Vec::with_capacity(points.len());
    for Point {
        name,
        table,
        varied,
    } in points
    {
        if name.is_empty() {
            let what = "a run has no letter or digit in its name";
            return Err(Error::config("configuration", what));
        }
        if all.iter().any(|other| other.name == name) {
            let what = format!("two runs have the name `{name}`");
            return Err(Error::config("configuration", what));
        }
        let settings = Settings::layered(preset, Some(table), sets)?;
        all.push(Candidate {
            name,
            settings,
            varied,
        });
    }
    Ok(all)
}

/// A run in the making: its name, its layer of settings, and those that differ.
struct Point {
    name: String,
    /// What it says beyond the shared settings, to be layered over them.
    table: Table,
    /// See [`Candidate::varied`].
    varied: Vec<(String, String)>,
}

/// Takes the table at `key` out of the file.
fn section(file: &mut Table, key: &str) -> Result<Table> {
    match file.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(table)) => Ok(table),
        Some(other) => {
            let what = format!("expected a table, got {other}");
            Err(Error::config(key, what))
        }
    }
}

/// A setting that belongs outside of the runs.
fn not_of_a_run(key: &str) -> Error {
    let what = "must be the same for all runs, whose numbers are compared: set it outside of them";
    Error::config(key, what)
}

fn variants_of(shared: &Table, variants: Table) -> Result<Vec<Point>> {
    if variants.is_empty() {
        return Ok(vec![Point {
            name: String::new(),
            table: shared.clone(),
            varied: Vec::new(),
        }]);
    }
    let layered = |(name, variant): (String, Value)| {
        let key = format!("run.{name}");
        let Value::Table(variant) = variant else {
            let what = format!("expected a table of settings, got {variant}");
            return Err(Error::config(key, what));
        };
        if variant.contains_key("preset") {
            return Err(not_of_a_run(&format!("{key}.preset")));
        }
        let mut table = shared.clone();
        overlay(&mut table, variant);
        Ok(Point {
            varied: vec![("run".into(), name.clone())],
            name: as_name(&name),
            table,
        })
    };
    variants.into_iter().map(layered).collect()
}

/// Every point with every value of one setting of the grid.
fn crossed(points: Vec<Point>, key: &str, values: &Value) -> Result<Vec<Point>> {
    let values = match values {
        Value::Array(values) if !values.is_empty() => values,
        other => {
            let what = format!("expected a list of values, got {other}");
            return Err(Error::config(format!("grid.{key}"), what));
        }
    };
    if points.len() * values.len() > MOST {
        let what = format!(
            "expected at most {MOST} runs, got {}",
            points.len() * values.len()
        );
        return Err(Error::config("grid", what));
    }
    let mut all = Vec::with_capacity(points.len() * values.len());
    for Point {
        name,
        table,
        varied,
    } in &points
    {
        for value in values {
            let mut table = table.clone();
            overlay(&mut table, nested(key, value.clone()));
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let parts = [name.as_str(), &as_name(&text)];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let mut varied = varied.clone();
            varied.push((key.to_owned(), text.clone()));
            all.push(Point {
                name: parts.join("-"),
                table,
                varied,
            });
        }
    }
    Ok(all)
}

/// `a.b = value` as tables.
pub fn nested(key: &str, value: Value) -> Table {
    let (first, value) = match key.split_once('.') {
        None => (key, value),
        Some((first, rest)) => (first, Value::Table(nested(rest, value))),
    };
    Table::from_iter([(first.to_owned(), value)])
}

/// Puts `over` on top of `base`; what is unknown is found when the layers become settings.
pub fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => overlay(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// `text` as part of a folder's name: words of letters, digits, `_` and inner dots, joined by `-`.
fn as_name(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let words = text.split(|c| !plain(c)).map(|word| word.trim_matches('.'));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::{OptimizerKind, ScheduleKind};

    fn of(text: &str) -> Result<Vec<Candidate>> {
        candidates(None, text.parse().unwrap(), &["train.epochs=1".into()])
    }

    #[test]
    fn variants_times_grid() {
        let all = of("preset = 'course'\n[train]\nseed = 4\n[run.b.optimizer]\nkind = 'rmsprop'\n[run.a]\n[grid]\n\
             'schedule.kind' = ['constant', 'exponential']\n'model.mlp.hidden' = [[8], [8, 4]]")
        .unwrap();
        let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "a-8-constant",
                "a-8-exponential",
                "a-8-4-constant",
                "a-8-4-exponential",
                "b-8-constant",
                "b-8-exponential",
                "b-8-4-constant",
                "b-8-4-exponential"
            ]
        );
        let settings = &all[7].settings;
        assert_eq!(settings.preset, "course");
        assert_eq!((settings.train.seed, settings.train.epochs), (4, 1));
        assert_eq!(settings.optimizer.kind, OptimizerKind::RmsProp);
        assert_eq!(settings.schedule.kind, ScheduleKind::Exponential);
        assert_eq!(settings.model.mlp.as_ref().unwrap().hidden, [8, 4]);
        assert_eq!(all[0].settings.optimizer.kind, OptimizerKind::Adam);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, what) in [
            ("[train]\nseed = 1", "got neither"),
            ("run = 1", "run"),
            ("[run]\na = 1", "run.a"),
            ("[run.a]\npreset = 'paper'", "run.a.preset"),
            ("[run.a]\nprotocol = 'paper'", "--protocol"),
            ("[grid]\nprotocol = ['paper', 'course']", "--protocol"),
            ("[grid]\n'train.seed' = 1", "grid.train.seed"),
            ("[grid]\n'train.seed' = []", "grid.train.seed"),
            ("[grid]\n'train.speed' = [1]", "train.speed"),
            ("[grid]\n'train.epochs.x' = [1]", "train.epochs"),
            ("[run.'..']", "no letter"),
            ("[run.'a b']\n[run.'a/b']", "the name `a-b`"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
        let many: Vec<String> = (0..1001).map(|seed| seed.to_string()).collect();
        let error = of(&format!("[grid]\n'train.seed' = [{}]", many.join(","))).unwrap_err();
        assert!(error.to_string().contains("at most 1000"));
    }

    #[test]
    fn names_are_safe_for_folders() {
        assert_eq!(as_name("../../etc"), "etc");
        assert_eq!(as_name("[128, 64]"), "128-64");
        assert_eq!(as_name(".hidden"), "hidden");
        assert_eq!(as_name("0.001"), "0.001");
    }
}
