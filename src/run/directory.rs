//! The files of a run directory, and which of them are there.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::data::schema::Schema;
use crate::error::{Error, Result};
use crate::files::is_temporary;

pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(super) const SCHEMA: &str = "schema.json";
pub(super) const CONFIG: &str = "config.toml";
pub(super) const PROVENANCE: &str = "data.json";
/// Who and what the data are about.
pub(super) const CATALOGUE: &str = "catalogue.bin";
/// What its fields and scores were like.
pub(super) const DISTRIBUTION: &str = "distribution.json";
pub(super) const METRICS: &str = "metrics.jsonl";
/// What the model scored on the test rows, and what it has to beat.
pub(super) const EVALUATION: &str = "evaluation.json";
pub(super) const REPORT: &str = "report.html";
/// What its first steps were made of.
pub(super) const TRACE: &str = "trace.jsonl";
/// The folder of the checkpoint.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The file in it.
const STATE: &str = "state.bin";

/// Every file that a run directory may hold.
pub(super) const FILES: [&str; 10] = [
    METRICS,
    CONFIG,
    SCHEMA,
    PROVENANCE,
    EVALUATION,
    REPORT,
    TRACE,
    CATALOGUE,
    DISTRIBUTION,
    WEIGHTS,
];

/// The weights of a run.
pub fn weights_file(run: &Path) -> PathBuf {
    run.join(WEIGHTS)
}

/// What the catalogue of a run takes on disk, in bytes; none when it has none.
pub fn catalogue_size(run: &Path) -> Option<u64> {
    Some(fs::metadata(run.join(CATALOGUE)).ok()?.len())
}

/// The checkpoint of a run.
pub(super) fn checkpoint_file(run: &Path) -> PathBuf {
    run.join(CHECKPOINT).join(STATE)
}

/// Whether a folder holds a run with a model.
pub fn has_model(run: &Path) -> bool {
    weights_file(run).exists()
}

/// Whether a run directory has a checkpoint.
pub fn has_checkpoint(run: &Path) -> bool {
    checkpoint_file(run).exists()
}

/// Says what is wrong with a path that is no run directory, or with a run that was never finished.
pub(super) fn check_complete(path: &Path) -> Result<()> {
    let missing: Vec<_> = [CONFIG, SCHEMA, PROVENANCE, WEIGHTS]
        .into_iter()
        .filter(|name| !path.join(name).exists())
        .collect();
    let what = if missing.is_empty() {
        return Ok(());
    } else if !path.exists() {
        "no such run directory; `autoint train` makes one".to_owned()
    } else if has_checkpoint(path) {
        let path = path.display();
        format!(
            "is a run that was stopped before it had a model; `autoint train --resume {path}` goes on with it"
        )
    } else if missing.len() == 4 {
        "is not a run directory; `autoint train` makes one".to_owned()
    } else {
        format!(
            "is not a whole run directory, it lacks {}; train it anew",
            missing.join(", ")
        )
    };
    Err(Error::file(path, what))
}

/// Reads a file.
pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(Error::io(file, "read"))
}

/// The bytes of `schema.json`.
///
/// # Errors
/// Never for a schema that was checked.
pub(super) fn schema_bytes(schema: &Schema) -> Result<Vec<u8>> {
    let json = |e| Error::Data(format!("the schema cannot be written as JSON: {e}"));
    serde_json::to_vec_pretty(schema).map_err(json)
}

/// The schema in the bytes of the file.
///
/// # Errors
/// When they are damaged.
pub(super) fn schema_of(file: &Path, bytes: &[u8]) -> Result<Schema> {
    let schema: Schema = serde_json::from_slice(bytes)
        .map_err(|e| Error::file(file, format!("is not a schema: {e}")))?;
    schema
        .check()
        .map_err(|e| Error::file(file, e.to_string()))?;
    Ok(schema)
}

/// The names in a folder.
pub(super) fn names_in(path: &Path) -> Result<Vec<OsString>> {
    fs::read_dir(path)
        .and_then(|entries| entries.map(|e| Ok(e?.file_name())).collect())
        .map_err(Error::io(path, "read"))
}

/// Removes what writers that were killed left in a folder; it may be missing.
pub(super) fn remove_temporaries(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::io(folder, "read"))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io(folder, "read"))?;
        if is_temporary(&entry.file_name()) {
            let path = entry.path();
            fs::remove_file(&path).map_err(Error::io(&path, "remove"))?;
        }
    }
    Ok(())
}
