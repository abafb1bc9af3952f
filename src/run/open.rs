//! Opening a run directory: a trained model, ready to score.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directory::{CATALOGUE, CONFIG, DISTRIBUTION, SCHEMA, WEIGHTS, read, schema_of};
use super::provenance::Provenance;
use super::seal::{Sums, check};
use super::weights;
use crate::autograd::{Parameters, Runtime, Var};
use crate::data::catalogue::Catalogue;
use crate::data::schema::Schema;
use crate::data::source::Source;
use crate::error::{Error, Result};
use crate::model::{Model, build};
use crate::score::{Distribution, Scorer};
use crate::settings::Settings;
use crate::simd::{Isa, Precision};

/// A trained model, ready to score.
///
/// ```
/// # use autoint::data::protocol::{Protocol, label::LabelRule};
/// # use autoint::data::schema::{FieldKind, FieldSpec};
/// # use autoint::data::{source::Source, store::Target};
/// use autoint::autograd::Parameters;
/// use autoint::model::build;
/// use autoint::run::writer::Finished;
/// use autoint::run::{Ended, Origin, Run, Writer};
/// use autoint::settings::Settings;
/// use autoint::simd::Isa;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("clicks.csv");
/// # std::fs::write(&file, format!("user,clicked\n{}", "ann,1\nbob,0\n".repeat(5)))?;
/// # let mut protocol = Protocol::new("shop", LabelRule { column: "clicked".into(), positive: None });
/// # protocol.fields = vec![FieldSpec::new("user", FieldKind::Categorical)];
/// # let source = Source::of_files(vec![file]);
/// # let data = source.encode(Some(&protocol), Target::Anywhere)?;
/// # let path = folder.path().join("run");
/// // Rows of two users, ann and bob in turn, and logistic regression with weights that are set by hand.
/// let settings = Settings::layered(None, None, &["model.kind=lr".to_owned()])?;
/// let model = build(&settings.model, &data.schema().offsets())?;
/// let mut weights = Parameters::initialise(model.tape.layout(), 1);
/// weights.dense[0] = 0.5; // the bias
/// weights.tables[0].copy_from_slice(&[0.0, 1.0, -1.0]); // unknown, ann, bob
///
/// let isa = Isa::choose()?;
/// let provenance = Origin::new(settings.clone(), source, &data, isa)?.provenance(1, Ended::Done);
/// Writer::create(&path, false)?.finish(Finished {
///     settings: &settings,
///     schema: data.schema(),
///     provenance: &provenance,
///     layout: model.tape.layout(),
///     weights: &weights,
///     distribution: None,
///     catalogue: None,
/// })?;
///
/// let run = Run::open(&path, isa, 1)?;
/// assert_eq!(run.scorer().rows(&data, &[0, 1]), [0.5 + 1.0, 0.5 - 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Run {
    /// The run directory.
    pub path: PathBuf,
    /// All of them, as `config.toml` has them.
    pub settings: Settings,
    /// How raw values become the model's input.
    pub schema: Schema,
    /// Where it came from: data, best epoch, instruction set, calibration.
    pub provenance: Provenance,
    /// Of its files.
    pub sums: Sums,
    /// The recorded tape, and the threads that replay it.
    pub runtime: Arc<Runtime>,
    /// The weights of the best epoch, as f32 however they are kept.
    pub parameters: Parameters,
    /// Per interacting layer: the attention weights, `[H, F, F]`.
    pub attention: Vec<Var>,
}

/// What a run computes with.
#[derive(Debug, Clone, Copy)]
pub struct Computing {
    /// Its precision does not count.
    pub isa: Isa,
    /// The results are the same with any number.
    pub threads: usize,
    /// In what products are taken; none: as in the training.
    pub precision: Option<Precision>,
}

impl Run {
    /// Opens a run directory and builds its model, which computes as it did when it was trained.
    ///
    /// # Errors
    /// When it is no finished run, or a file is missing, was changed, or does not fit the others.
    pub fn open(path: &Path, isa: Isa, threads: usize) -> Result<Run> {
        let precision = None;
        Run::open_with(
            path,
            Computing {
                isa,
                threads,
                precision,
            },
        )
    }

    /// The same, where it may compute in another precision.
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn open_with(path: &Path, computing: Computing) -> Result<Run> {
        let (provenance, sums) = Provenance::read_with_sums(path)?;
        let checked = |name: &str| {
            let file = path.join(name);
            let bytes = read(&file)?;
            check(&file, &bytes, sums.of(name))?;
            Ok::<_, Error>((file, bytes))
        };
        let (file, bytes) = checked(CONFIG)?;
        let settings = Settings::of_run(&file, &bytes)?;
        let precision = computing.precision.unwrap_or(settings.train.precision);
        let isa = computing.isa.with(precision);
        let (file, bytes) = checked(SCHEMA)?;
        let schema = schema_of(&file, &bytes)?;
        let Model {
            tape,
            logit,
            attention,
            ..
        } = build(&settings.model, &schema.offsets())?;
        let (file, bytes) = checked(WEIGHTS)?;
        let parameters = weights::from_bytes(tape.layout(), &schema, &bytes, &file)?;
        Ok(Run {
            path: path.to_path_buf(),
            settings,
            schema,
            provenance,
            sums,
            runtime: Arc::new(Runtime::new(tape, logit, isa, computing.threads)?),
            parameters,
            attention,
        })
    }

    /// Whether it was written with a catalogue.
    pub fn has_catalogue(&self) -> bool {
        !self.sums.of(CATALOGUE).is_empty()
    }

    /// Who and what its data were about.
    ///
    /// # Errors
    /// When the run has none, or the file was changed.
    pub fn catalogue(&self) -> Result<Catalogue> {
        let file = self.path.join(CATALOGUE);
        if !self.has_catalogue() && self.provenance.source == Source::Absent {
            let what = "the run has no catalogue of users and items: it was imported without data; import it anew with --data";
            return Err(Error::file(&self.path, what));
        }
        if !self.has_catalogue() {
            let what = "the run has no catalogue of users and items: its data were encoded already (a store), have no `user` and \
                `item` in [roles], or it was trained with --no-catalogue; train it from the files of a schema that has both";
            return Err(Error::file(&self.path, what));
        }
        let bytes = read(&file)?;
        check(&file, &bytes, self.sums.of(CATALOGUE))?;
        Catalogue::from_bytes(&bytes)
            .map_err(|what| Error::file(&file, format!("is no usable catalogue: {what}")))
    }

    /// The same, none where the run has none.
    ///
    /// # Errors
    /// When the file was changed.
    pub fn catalogue_if_any(&self) -> Result<Option<Catalogue>> {
        self.has_catalogue().then(|| self.catalogue()).transpose()
    }

    /// What its fields and scores were like in training; none of a run that was written before there was one.
    ///
    /// # Errors
    /// When the file was changed.
    pub fn distribution(&self) -> Result<Option<Distribution>> {
        let sum = self.sums.of(DISTRIBUTION);
        if sum.is_empty() {
            return Ok(None);
        }
        let file = self.path.join(DISTRIBUTION);
        let bytes = read(&file)?;
        check(&file, &bytes, sum)?;
        let wrong = |what: String| Error::file(&file, what);
        let distribution: Distribution = serde_json::from_slice(&bytes)
            .map_err(|e| wrong(format!("is no distribution of fields: {e}")))?;
        let checked = distribution.check(&self.schema);
        checked.map_err(|e| wrong(e.to_string()))?;
        Ok(Some(distribution))
    }

    /// What its weights are scored with. Keep it: freezing them takes time.
    pub fn scorer(&self) -> Scorer<'_> {
        self.scorer_of(&self.parameters)
    }

    /// The same with other weights of this model.
    pub fn scorer_of<'a>(&'a self, parameters: &'a Parameters) -> Scorer<'a> {
        Scorer::new(Cow::Borrowed(&self.schema), &self.runtime, parameters)
            .calibrated(self.provenance.calibration.clone())
    }
}
