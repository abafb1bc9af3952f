//! The settings whose results stand beside published ones, a file a protocol (`data/reproduce/NAME.toml`): files like a user's own for
//! `tune`, whose variants were chosen on validation rows alone.

use toml::Table;

use super::grid::{Candidate, candidates};
use crate::error::{Error, Result};

/// The protocols that have one.
pub const NAMES: [&str; 4] = ["course", "recbole", "paper", "topk"];

/// The file of a protocol.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn text(protocol: &str) -> Result<&'static str> {
    match protocol {
        "course" => Ok(include_str!("../../data/reproduce/course.toml")),
        "recbole" => Ok(include_str!("../../data/reproduce/recbole.toml")),
        "paper" => Ok(include_str!("../../data/reproduce/paper.toml")),
        "topk" => Ok(include_str!("../../data/reproduce/topk.toml")),
        _ => {
            let what = format!("expected one of {}, got `{protocol}`", NAMES.join(", "));
            Err(Error::config("protocol", what))
        }
    }
}

/// Its runs with a seed.
///
/// # Errors
/// As [`text`].
pub fn with_seed(protocol: &str, seed: u64) -> Result<Vec<Candidate>> {
    let file: Table = text(protocol)?
        .parse()
        .map_err(|error: toml::de::Error| Error::config("protocol", error.to_string()))?;
    candidates(None, file, &[format!("train.seed={seed}")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::published::published;

    #[test]
    fn every_published_model_of_ours_has_its_settings() {
        for protocol in NAMES {
            let runs = with_seed(protocol, 7).unwrap();
            assert!(runs.iter().all(|run| run.settings.train.seed == 7));
            // A model is of the kind that its row is called by: a shared `[model.PART]` would add the part to all.
            for run in &runs {
                let kind = run.name.replace("-plus", "+");
                assert_eq!(run.settings.model.name(), kind, "{protocol} {}", run.name);
            }
            for ours in published(protocol).iter().filter_map(|row| row.ours) {
                assert!(runs.iter().any(|run| run.name == ours), "{protocol} {ours}");
            }
        }
        assert!(
            with_seed("nothing", 1)
                .unwrap_err()
                .to_string()
                .contains("course, recbole, paper")
        );
    }
}
