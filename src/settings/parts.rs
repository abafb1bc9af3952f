//! Settings in the making: the values of all parts of a model, and which of the parts it has.
//!
//! The values of a part outlast its absence: a preset without a perceptron still says how wide the one is that `--model autoint+`
//! adds. Within a layer the name of a model (`model.kind`) comes first; what the layer says of single parts then adds them to it
//! or takes them away.

use clap::ValueEnum;
use toml::{Table, Value};

use super::before;
use super::layers::{merge, set_one};
use crate::error::{Error, Result};
use crate::model::{ModelKind, Part};

/// What the layers so far come to.
#[derive(Debug, Clone)]
pub(super) struct Layered {
    /// Every setting, those of parts that are not there included.
    table: Table,
    /// Those that the model has so far.
    there: Vec<Part>,
}

impl Layered {
    /// What starts from nothing: a file with every setting, as [`Layered::layer`] reads it.
    pub fn first(file: Table) -> Result<Layered> {
        let mut table = file.clone();
        let spare = spare(&mut table)?;
        if let Some(Value::Table(model)) = table.get_mut("model") {
            model.extend(spare);
        }
        let mut layered = Layered {
            table,
            there: Vec::new(),
        };
        layered.layer(file)?;
        Ok(layered)
    }

    /// Puts a configuration file on top.
    pub fn layer(&mut self, mut file: Table) -> Result<()> {
        before::in_file(&mut file);
        for (name, values) in spare(&mut file)? {
            let (Some(part), Value::Table(values)) = (part(&name), values) else {
                let names: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
                let what = format!(
                    "expected the values of a part: {}, got `{name}`",
                    names.join(", ")
                );
                return Err(Error::config("part", what));
            };
            let path = format!("part.{}.", part.name());
            merge(self.values(part)?, values, &path)?;
        }
        if let Some(Value::Table(model)) = file.get_mut("model") {
            if let Some(kind) = model.remove("kind") {
                self.choose(&kind)?;
            }
            for part in Part::ALL {
                match model.get(part.name()) {
                    Some(&Value::Boolean(there)) => {
                        model.remove(part.name());
                        self.put(part, there);
                    }
                    Some(Value::Table(_)) => self.put(part, true),
                    _ => {}
                }
            }
        }
        merge(&mut self.table, file, "")
    }

    /// Sets single settings, each `key=value`: models first, whichever place they have.
    pub fn set(&mut self, sets: &[String]) -> Result<()> {
        let mut pairs = Vec::with_capacity(sets.len());
        for set in sets {
            let expected = || Error::config("--set", format!("expected key=value, got `{set}`"));
            let (key, value) = set.split_once('=').ok_or_else(expected)?;
            pairs.push((key.trim(), value.trim()));
        }
        let (kinds, others): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(key, _)| *key == "model.kind");
        for (_, kind) in kinds {
            self.choose(&Value::String(kind.trim_matches(['"', '\'']).into()))?;
        }
        for (key, value) in others {
            self.set_one(key, value)?;
        }
        Ok(())
    }

    fn set_one(&mut self, key: &str, value: &str) -> Result<()> {
        before::in_key(key)?;
        let path = key.strip_prefix("model.").unwrap_or_default();
        let name = path.split('.').next().unwrap_or_default();
        let Some(part) = part(name) else {
            return set_one(&mut self.table, key, value);
        };
        if path != name {
            set_one(&mut self.table, key, value)?;
            self.put(part, true);
            return Ok(());
        }
        match value.parse() {
            Ok(there) => {
                self.put(part, there);
                Ok(())
            }
            Err(_) => {
                let what = format!(
                    "expected true or false, whether the model has the part, got `{value}`; its settings are set one by one"
                );
                Err(Error::config(key, what))
            }
        }
    }

    /// The parts of a named model.
    fn choose(&mut self, kind: &Value) -> Result<()> {
        let text = kind.as_str().unwrap_or_default();
        let kind = ModelKind::from_str(text, false).map_err(|_| {
            let names: Vec<&str> = ModelKind::ALL.iter().map(|kind| kind.name()).collect();
            let what = format!("expected one of {}, got `{text}`", names.join(", "));
            Error::config("model.kind", what)
        })?;
        for part in Part::ALL {
            if part != Part::Linear || !kind.may_be_linear() {
                self.put(part, kind.parts().contains(&part));
            }
        }
        if kind.needs_bias() {
            self.values(Part::Linear)?
                .insert("bias".into(), Value::Boolean(true));
        }
        Ok(())
    }

    fn put(&mut self, part: Part, there: bool) {
        self.there.retain(|&other| other != part);
        if there {
            self.there.push(part);
        }
    }

    /// The values of a part.
    fn values(&mut self, part: Part) -> Result<&mut Table> {
        let model = self.table.get_mut("model").and_then(Value::as_table_mut);
        let values = model.and_then(|model| model.get_mut(part.name())?.as_table_mut());
        values.ok_or_else(|| Error::config(format!("model.{}", part.name()), "has no values"))
    }

    /// As a run's `config.toml` holds it: parts that are not there are `false`.
    pub fn resolved(mut self) -> Table {
        if let Some(Value::Table(model)) = self.table.get_mut("model") {
            for part in Part::ALL
                .into_iter()
                .filter(|part| !self.there.contains(part))
            {
                model.insert(part.name().into(), Value::Boolean(false));
            }
        }
        self.table
    }
}

fn part(name: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|part| part.name() == name)
}

/// Takes the values of parts that are not there out of a file.
fn spare(file: &mut Table) -> Result<Table> {
    match file.remove("part") {
        None => Ok(Table::new()),
        Some(Value::Table(parts)) => Ok(parts),
        Some(other) => {
            let what = format!("expected sections [part.NAME], got {other}");
            Err(Error::config("part", what))
        }
    }
}
