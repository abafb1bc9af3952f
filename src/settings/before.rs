//! Configurations as they were written before models were sums of parts: `[model]` had `kind`, `linear_term` and `[model.head]`, and
//! always a section `[model.mlp]`. Files and finished runs of that time are still read.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::model::ModelConfig;

/// A whole section `[model]`, of then or of now. (Without the line of a mistake in it, which the section's own is told for.)
pub(super) fn model<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ModelConfig, D::Error> {
    let mut model = Table::deserialize(deserializer)?;
    if model.contains_key("kind") {
        renewed(&mut model);
    }
    ModelConfig::deserialize(Value::Table(model)).map_err(D::Error::custom)
}

/// The same model in today's words.
fn renewed(model: &mut Table) {
    let kind = model.remove("kind");
    if kind.as_ref().and_then(Value::as_str) == Some("autoint") {
        model.insert("mlp".into(), Value::Boolean(false));
    }
    let there = model.remove("linear_term") == Some(Value::Boolean(true));
    let linear = match there {
        true => Value::Table(Table::from_iter([("bias".into(), Value::Boolean(false))])),
        false => Value::Boolean(false),
    };
    model.insert("linear".into(), linear);
    for part in ["fm", "cross", "cin"] {
        model.insert(part.into(), Value::Boolean(false));
    }
    move_head(model);
}

/// A user's file in today's words.
pub(super) fn in_file(file: &mut Table) {
    let Some(Value::Table(model)) = file.get_mut("model") else {
        return;
    };
    if !model.contains_key("linear_term") && !model.contains_key("head") {
        return;
    }
    if let Some(there) = model.remove("linear_term") {
        model.insert("linear".into(), there);
    }
    move_head(model);
    // A copy of a whole configuration told the perceptron's settings also where there was none.
    if model.get("kind").and_then(Value::as_str) == Some("autoint")
        && let Some(mlp) = model.remove("mlp")
    {
        let parts = Value::Table(Table::from_iter([("mlp".into(), mlp)]));
        file.insert("part".into(), parts);
    }
}

fn move_head(model: &mut Table) {
    let Some(head) = model.remove("head") else {
        return;
    };
    let nothing = Value::Table(Table::new());
    let layers = model.entry("interacting").or_insert(nothing);
    if let Value::Table(layers) = layers {
        layers.insert("head".into(), head);
    }
}

/// Says what a single setting is called now.
pub(super) fn in_key(key: &str) -> Result<()> {
    let now = match key.strip_prefix("model.") {
        Some("linear_term") => "model.linear".to_owned(),
        Some(rest) if rest.starts_with("head.") => format!("model.interacting.{rest}"),
        _ => return Ok(()),
    };
    let what = format!("is called {now} now: every part of the model has a section of its own");
    Err(Error::config(key, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    /// What the version before wrote of its preset `course`, `--model autoint`, but for a linear term.
    const MODEL: &str = r#"
kind = "autoint"
linear_term = true
[embedding]
dim = 16
dropout = 0.0
init = "glorot"
[interacting]
layers = 3
heads = 2
width = 32
scale_scores = false
projection_bias = false
projection_relu = false
layer_norm = false
dropout = 0.0
composed = false
init = "truncated-normal(0.05)"
[head]
bias = false
relu = false
init = "normal(0.0001)"
[mlp]
hidden = [32, 32]
batch_norm = false
dropout = 0.4
output_relu = false
init = "normal(0.0001)"
"#;

    fn expected(kind: &str) -> ModelConfig {
        let sets = [format!("model.kind={kind}"), "model.linear=true".into()];
        Settings::layered(Some("course"), None, &sets)
            .unwrap()
            .model
    }

    #[test]
    fn a_run_of_then_is_the_same_model() {
        for kind in ["autoint", "autoint+"] {
            let text = MODEL.replace("\"autoint\"", &format!("\"{kind}\""));
            let value: Table = text.parse().unwrap();
            assert_eq!(model(Value::Table(value)).unwrap(), expected(kind));
            // Checkpoints hold their settings as JSON.
            let value: Table = text.parse().unwrap();
            let json = serde_json::to_string(&value).unwrap();
            let mut reader = serde_json::Deserializer::from_str(&json);
            assert_eq!(model(&mut reader).unwrap(), expected(kind));
        }
        let broken: Table = MODEL.replace("heads = 2\n", "").parse().unwrap();
        let error = model(Value::Table(broken)).unwrap_err().to_string();
        assert!(error.contains("heads"), "{error}");
    }

    #[test]
    fn a_file_of_then_is_the_same_model() {
        let text = MODEL
            .replace('[', "[model.")
            .replace("[model.32, 32]", "[32, 32]");
        let file = format!("preset = 'recbole'\n[model]{text}");
        let settings = Settings::layered(None, Some(file.parse().unwrap()), &[]).unwrap();
        assert_eq!(settings.model, expected("autoint"));
    }

    #[test]
    fn a_setting_of_then_says_what_it_is_called_now() {
        for (key, now) in [
            ("model.linear_term=true", "model.linear now"),
            ("model.head.bias=true", "model.interacting.head.bias now"),
        ] {
            let error = Settings::layered(None, None, &[key.into()]).unwrap_err();
            assert!(error.to_string().contains(now), "{error}");
        }
    }
}
