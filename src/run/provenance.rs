//! Where a run's model came from: its data, its settings, its instruction set.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directory::{PROVENANCE, SCHEMA, check_complete, read, schema_bytes, schema_of};
use super::history::Ended;
use super::precision::Tables;
use super::seal::{Sums, check, reseal, sum, unseal};
use crate::data::dataset::Dataset;
use crate::data::schema::Schema;
use crate::data::source::Source;
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::score::Calibration;
use crate::settings::Settings;
use crate::simd::Isa;

/// Where a run's data came from, and what of its making the settings do not tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Where the rows were, so that later commands find them.
    pub source: Source,
    /// The run whose weights the training started from, when it started from some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// [`crate::data::dataset::Dataset::fingerprint`]; empty, with no rows, where there are no data.
    pub fingerprint: String,
    /// Of the whole data set, all parts of the split together.
    pub rows: usize,
    /// The instruction set the weights were trained with, or imported with.
    pub isa: String,
    /// The epoch that was kept, counted from 1; 0 when training was stopped in the first.
    pub best_epoch: usize,
    /// Whether the training was stopped, or paused by a search, before its end.
    pub stopped: bool,
    /// Of an ensemble: the runs that it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<PathBuf>,
    /// Of a model that another program trained: the file that its weights came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<PathBuf>,
    /// How its embedding tables are kept.
    #[serde(default, skip_serializing_if = "Tables::is_whole")]
    pub tables: Tables,
    /// What logits are mended with when rows are scored, see [`crate::score::calibration`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

impl Provenance {
    /// Reads that of a run directory.
    ///
    /// # Errors
    /// When it has no model, or the file is damaged.
    pub fn read(run: &Path) -> Result<Provenance> {
        Ok(Provenance::read_with_sums(run)?.0)
    }

    /// The same with the sums of the other files.
    pub(super) fn read_with_sums(run: &Path) -> Result<(Provenance, Sums)> {
        check_complete(run)?;
        let file = run.join(PROVENANCE);
        let (provenance, sums): (Provenance, Sums) = unseal(&file, &read(&file)?)?;
        let checked = provenance.calibration.as_ref().map(Calibration::check);
        checked
            .transpose()
            .map_err(|error| Error::file(&file, error.to_string()))?;
        Ok((provenance, sums))
    }

    /// Puts another calibration in the place of a run's own, and leaves all else.
    ///
    /// # Errors
    /// When the run has no model, or the file cannot be written.
    pub fn recalibrate(run: &Path, calibration: Option<Calibration>) -> Result<()> {
        let (mut provenance, sums) = Provenance::read_with_sums(run)?;
        provenance.calibration = calibration;
        let bytes = reseal(&provenance, &sums)?;
        let file = run.join(PROVENANCE);
        write_whole(&file, |to| std::io::Write::write_all(to, &bytes))
    }

    /// Refuses data that are not those of the training; `run` is its directory.
    ///
    /// # Errors
    /// Tells both fingerprints.
    pub fn check(&self, data: &Dataset, run: &Path) -> Result<()> {
        same_data(&self.fingerprint, data, run)
    }
}

/// See [`Provenance::check`].
fn same_data(fingerprint: &str, data: &Dataset, run: &Path) -> Result<()> {
    // An imported model may have come without any.
    if fingerprint.is_empty() || data.fingerprint() == fingerprint {
        return Ok(());
    }
    let what = format!(
        "was trained on data with fingerprint {fingerprint}, these have {}: they have changed, give the old ones with --data",
        data.fingerprint()
    );
    Err(Error::file(run, what))
}

/// What a run was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// All of them, defaults resolved.
    pub settings: Settings,
    /// See [`Provenance::source`].
    pub source: Source,
    /// See [`Provenance::from`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// See [`Provenance::fingerprint`].
    pub fingerprint: String,
    /// See [`Provenance::rows`].
    pub rows: usize,
    /// See [`Provenance::isa`].
    pub isa: String,
    /// The SHA-256 of `schema.json`: a run that was stopped is gone on with in the same codes.
    pub schema: String,
}

impl Origin {
    /// What a training is made from.
    ///
    /// # Errors
    /// Never for data whose schema was checked.
    pub fn new(settings: Settings, source: Source, data: &Dataset, isa: Isa) -> Result<Origin> {
        Ok(Origin {
            settings,
            source,
            from: None,
            fingerprint: data.fingerprint().to_owned(),
            rows: data.rows(),
            isa: isa.name().to_owned(),
            schema: sum(&schema_bytes(data.schema())?),
        })
    }

    /// Reads the schema of a run that was stopped.
    ///
    /// # Errors
    /// When the file is missing or not the one that the training began with.
    pub fn read_schema(&self, run: &Path) -> Result<Schema> {
        let file = run.join(SCHEMA);
        let bytes = read(&file)?;
        check(&file, &bytes, &self.schema)?;
        schema_of(&file, &bytes)
    }

    /// Refuses data that are not those of the training; `run` is its directory.
    ///
    /// # Errors
    /// Tells both fingerprints.
    pub fn check(&self, data: &Dataset, run: &Path) -> Result<()> {
        same_data(&self.fingerprint, data, run)
    }

    /// What the run directory tells once training has ended; `best_epoch` counts from 1, see [`Provenance::best_epoch`].
    pub fn provenance(&self, best_epoch: usize, ended: Ended) -> Provenance {
        Provenance {
            source: self.source.clone(),
            from: self.from.clone(),
            fingerprint: self.fingerprint.clone(),
            rows: self.rows,
            isa: self.isa.clone(),
            best_epoch,
            stopped: matches!(ended, Ended::Stopped | Ended::Paused),
            members: Vec::new(),
            imported: None,
            tables: Tables::F32,
            calibration: None,
        }
    }
}
