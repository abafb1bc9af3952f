//! What a run scored on the test rows when it was trained, as `evaluation.json` holds it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::directory::{EVALUATION, read};
use crate::error::{Error, Result};

/// Metrics by name; none where one is undefined.
pub type Named = BTreeMap<String, Option<f64>>;

/// The part of an [`crate::score::Evaluation`] that can be read back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Recorded {
    /// `test`, for a run that training wrote.
    pub split: String,
    /// How many rows were scored.
    pub rows: usize,
    /// The model's, by name.
    pub metrics: Named,
    /// By name, see [`crate::metrics::baselines`].
    pub baselines: BTreeMap<String, Named>,
}

/// Reads it; none when the training was stopped before it was measured.
///
/// # Errors
/// When the file is damaged.
pub fn recorded(run: &Path) -> Result<Option<Recorded>> {
    let file = run.join(EVALUATION);
    if !file.exists() {
        return Ok(None);
    }
    let wrong = |e| Error::file(&file, format!("is no evaluation: {e}; train the run anew"));
    serde_json::from_slice(&read(&file)?)
        .map_err(wrong)
        .map(Some)
}
