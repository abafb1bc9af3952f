//! Named hyper-parameters. A preset sets the model and how it is trained; the protocol (data, split, metrics) is separate.
//!
//! A preset is a configuration file like a user's own (`presets/NAME.toml`): its key `preset` names the one it starts from.
//! `autoint.toml` starts from nothing and so has every setting.

use toml::{Table, Value};

use super::parts::Layered;
use crate::error::{Error, Result};

/// The preset of a run that is told nothing.
pub const DEFAULT_PRESET: &str = "autoint";

/// The presets' names:
///
/// - `autoint`: our default.
/// - `paper`: the equations of the paper.
/// - `authors`: the authors' published code.
/// - `course`, `course-best`: variant A of the course projects, and its best run.
/// - `compact`: the configuration of the speed measurements.
/// - `recbole`: RecBole's hybrid with MLP and linear term.
pub const NAMES: [&str; 7] = [
    "autoint",
    "paper",
    "authors",
    "course",
    "course-best",
    "compact",
    "recbole",
];

/// The file of the preset called `name`.
///
/// # Errors
/// When there is none of that name; the message lists them.
pub fn text(name: &str) -> Result<&'static str> {
    Ok(match name {
        "autoint" => include_str!("presets/autoint.toml"),
        "paper" => include_str!("presets/paper.toml"),
        "authors" => include_str!("presets/authors.toml"),
        "course" => include_str!("presets/course.toml"),
        "course-best" => include_str!("presets/course-best.toml"),
        "compact" => include_str!("presets/compact.toml"),
        "recbole" => include_str!("presets/recbole.toml"),
        _ => {
            let what = format!("expected one of {}, got `{name}`", NAMES.join(", "));
            return Err(Error::config("preset", what));
        }
    })
}

/// A preset over those that it starts from.
///
/// # Errors
/// When there is none of that name.
pub(super) fn layered(name: &str) -> Result<Layered> {
    let wrong = |e: toml::de::Error| Error::config("preset", e.to_string());
    let mut own: Table = text(name)?.parse().map_err(wrong)?;
    let Some(Value::String(start)) = own.remove("preset") else {
        return Layered::first(own);
    };
    let mut all = layered(&start)?;
    all.layer(own)?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelConfig, Part};
    use crate::settings::Settings;

    /// What sets a preset apart: preset, model, dim, layers, heads, width, hidden layers, epochs, batch size, learning rate.
    type Line = (
        &'static str,
        &'static str,
        [usize; 4],
        [usize; 2],
        [usize; 2],
        f64,
    );

    const LINES: [Line; 7] = [
        (
            "autoint",
            "autoint+",
            [16, 2, 2, 32],
            [128, 128],
            [6, 2048],
            2e-3,
        ),
        (
            "paper",
            "autoint",
            [16, 3, 2, 64],
            [400, 400],
            [20, 1024],
            1e-3,
        ),
        (
            "authors",
            "autoint",
            [16, 3, 2, 64],
            [400, 400],
            [20, 1024],
            1e-3,
        ),
        (
            "course",
            "autoint+",
            [16, 3, 2, 32],
            [32, 32],
            [5, 2048],
            1e-4,
        ),
        (
            "course-best",
            "autoint+",
            [32, 3, 8, 256],
            [32, 32],
            [5, 1024],
            1e-3,
        ),
        (
            "compact",
            "autoint+",
            [16, 3, 2, 16],
            [32, 32],
            [5, 2048],
            1e-3,
        ),
        (
            "recbole",
            "autoint+",
            [16, 3, 2, 16],
            [128, 128],
            [20, 4096],
            1e-3,
        ),
    ];

    #[test]
    fn every_preset_is_what_its_name_stands_for() {
        assert_eq!(LINES.map(|line| line.0), NAMES);
        for (name, kind, shape, hidden, [epochs, batch_size], learning_rate) in LINES {
            let settings = Settings::preset(name).unwrap();
            settings.validate().unwrap();
            let Settings {
                model,
                train,
                optimizer,
                ..
            } = &settings;
            // What the preset says of the parts that it has not, too.
            let sets = ["model.mlp=true".to_owned()];
            let mlp = Settings::layered(Some(name), None, &sets)
                .unwrap()
                .model
                .mlp;
            let layers = model.interacting.as_ref().unwrap();
            let of = [
                model.embedding.dim,
                layers.layers,
                layers.heads,
                layers.width,
            ];
            assert_eq!((model.name().as_str(), of), (kind, shape), "{name}");
            assert_eq!(mlp.unwrap().hidden, hidden, "{name}");
            assert_eq!(
                (train.epochs, train.batch_size),
                (epochs, batch_size),
                "{name}"
            );
            assert_eq!(optimizer.learning_rate, learning_rate, "{name}");
        }
    }

    /// What the variants of the model are about, by name: no preset of one shape is another's equal.
    #[test]
    fn presets_differ_where_they_should() {
        let [autoint, paper, authors, course, compact] =
            ["autoint", "paper", "authors", "course", "compact"]
                .map(|name| Settings::preset(name).unwrap());
        let layers = |settings: &Settings| settings.model.interacting.clone().unwrap();
        assert!(autoint.model.has(Part::Linear) && layers(&autoint).scale_scores);
        assert!(!paper.model.has(Part::Linear) && !layers(&paper).scale_scores);
        assert_eq!(layers(&paper).dropout, 0.0);
        let of = layers(&authors);
        assert!(of.projection_bias && of.projection_relu && of.layer_norm && of.scale_scores);
        let plus = ["model.kind=autoint+".to_owned()];
        let plus = Settings::layered(Some("authors"), None, &plus).unwrap();
        let mlp = |model: ModelConfig| model.mlp.unwrap();
        let dropout = [
            authors.model.embedding.dropout,
            of.dropout,
            mlp(plus.model).dropout,
        ];
        assert_eq!(dropout, [0.1, 0.4, 0.4]);
        assert!(!layers(&course).head.bias && layers(&paper).head.bias);
        assert_eq!(
            (course.optimizer.epsilon, paper.optimizer.epsilon),
            (1e-7, 1e-8)
        );
        let init = |settings: &Settings| String::from(layers(settings).init);
        assert_eq!(
            [init(&course), init(&compact)],
            ["truncated-normal(0.05)", "glorot"]
        );
        assert_eq!(String::from(mlp(course.model).init), "normal(0.0001)");
    }

    /// Who starts from a preset's file has the preset, under the name of the one that the file itself starts from.
    #[test]
    fn a_preset_is_also_a_users_file() {
        for name in NAMES {
            let preset = Settings::preset(name).unwrap();
            let file = text(name).unwrap().parse().unwrap();
            let mut settings = Settings::layered(None, Some(file), &[]).unwrap();
            settings.preset = name.into();
            assert_eq!(settings, preset);
        }
        assert!(
            Settings::preset("none")
                .unwrap_err()
                .to_string()
                .contains("recbole")
        );
    }
}
