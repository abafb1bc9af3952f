//! A training on a data frame, or on what the command line's `--data` takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::guarded::guarded;
use super::schema::{self, parsed};
use super::told::Told;
use crate::autograd::cores::threads;
use crate::data::catalogue::Catalogue;
use crate::data::catalogue::build::{MOST_ROWS, build};
use crate::data::dataset::{Dataset, SplitName};
use crate::data::encode::{Inputs, Rules, encode_rows};
use crate::data::protocol::Protocol;
use crate::data::source::Source;
use crate::data::source::table::TableReader;
use crate::data::split::SplitRule;
use crate::data::store::Target;
use crate::error::Result;
use crate::run::{Ended, Origin, Writer};
use crate::settings::Settings;
use crate::simd::Isa;
use crate::train::session::{Extras, Session};
use crate::train::{Machine, Trainer};

/// What is asked for besides the data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The run directory to be.
    out: PathBuf,
    force: bool,
    /// None: one a core.
    threads: Option<usize>,
    /// What the columns of a data frame are.
    asked: schema::Asked,
    preset: Option<String>,
    config: Option<PathBuf>,
    /// `key=value`, as `--set` takes them.
    sets: Vec<String>,
    /// The folder for event files; none: there are none.
    tensorboard: Option<PathBuf>,
    report: bool,
    catalogue: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Trained {
    path: PathBuf,
    warnings: Vec<String>,
}

/// Where rows come from.
enum Rows {
    /// In memory; the validation and the test rows, where they have frames of their own.
    Frames {
        train: Frame,
        valid: Option<Frame>,
        test: Option<Frame>,
    },
    /// What `--data` takes.
    Source(Source),
}

impl Rows {
    fn of(
        data: &Bound<'_, PyAny>,
        valid: Option<&Bound<'_, PyAny>>,
        test: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        if let Ok(name) = data.cast::<PyString>() {
            let name: String = name.extract()?;
            let source = guarded(data.py(), || Source::named(&name))?;
            return Ok(Rows::Source(source));
        }
        Ok(Rows::Frames {
            train: Frame::of(data)?,
            valid: valid.map(Frame::of).transpose()?,
            test: test.map(Frame::of).transpose()?,
        })
    }

    fn frame(&self) -> Option<&Frame> {
        match self {
            Rows::Frames { train, .. } => Some(train),
            Rows::Source(_) => None,
        }
    }

    fn has_parts(&self) -> bool {
        matches!(self, Rows::Frames { valid, test, .. } if valid.is_some() || test.is_some())
    }

    fn source(&self, of_schema: Option<&Source>) -> Source {
        match self {
            Rows::Frames { train, .. } => Source::Frame {
                rows: train.table.rows(),
            },
            Rows::Source(source) => source.clone().with_tables(of_schema),
        }
    }

    /// The readers of frames.
    fn inputs(train: &Frame, valid: Option<&Frame>, test: Option<&Frame>) -> Result<Inputs> {
        let mut inputs: Inputs = vec![train.reader()];
        if valid.is_some() || test.is_some() {
            for part in [valid, test] {
                inputs.push(match part {
                    Some(frame) => frame.reader(),
                    None => Box::new(TableReader::new(train.without_rows()?)),
                });
            }
        }
        Ok(inputs)
    }

    fn encode(&self, source: &Source, protocol: &Protocol) -> Result<Dataset> {
        match self {
            Rows::Source(_) => source.encode(Some(protocol), Target::Anywhere),
            Rows::Frames { train, valid, test } => {
                let inputs = Rows::inputs(train, valid.as_ref(), test.as_ref())?;
                let tables = BTreeMap::new();
                encode_rows(inputs, Rules::New(protocol, &tables), Target::Anywhere)
            }
        }
    }

    fn catalogue(&self, source: &Source, protocol: &Protocol) -> Result<Option<Catalogue>> {
        match self {
            Rows::Source(_) => source.catalogue(protocol),
            Rows::Frames { train, valid, test } => {
                if protocol.roles.user.is_none() || protocol.roles.item.is_none() {
                    return Ok(None);
                }
                let inputs = Rows::inputs(train, valid.as_ref(), test.as_ref())?;
                build(inputs, protocol, &BTreeMap::new(), MOST_ROWS)
            }
        }
    }
}

/// Trains a model and writes its run directory. Gives what came of it as JSON, and what ended it early: an exception of a callback, or
/// `KeyboardInterrupt`. The run then holds the best epoch so far.
#[pyfunction]
#[pyo3(signature = (data, valid, test, request, on_batch=None, on_epoch=None))]
pub fn train(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    valid: Option<&Bound<'_, PyAny>>,
    test: Option<&Bound<'_, PyAny>>,
    request: &str,
    on_batch: Option<Py<PyAny>>,
    on_epoch: Option<Py<PyAny>>,
) -> PyResult<(String, Option<PyErr>)> {
    let rows = Rows::of(data, valid, test)?;
    let stop = AtomicBool::new(false);
    let mut told = Told::new(on_batch, on_epoch, &stop);
    let trained = guarded(py, || {
        let request: Request = parsed(request)?;
        run(&rows, &request, &mut told, &stop)
    })?;
    let json = serde_json::to_string(&trained).unwrap_or_default();
    Ok((json, told.raised))
}

impl Request {
    fn settings(&self, training_rows: Option<usize>) -> Result<Settings> {
        let plain = self.preset.is_some() || self.config.is_some();
        if let Some(rows) = training_rows.filter(|_| !plain) {
            return Settings::for_log(rows, &self.sets);
        }
        let file = self
            .config
            .as_deref()
            .map(Settings::read_file)
            .transpose()?;
        Settings::layered(self.preset.as_deref(), file, &self.sets)
    }
}

fn run(rows: &Rows, request: &Request, told: &mut Told<'_>, stop: &AtomicBool) -> Result<Trained> {
    // A wrong setting is told before any data are looked at.
    request.settings(None)?;
    let threads = threads(request.threads);
    let isa = Isa::choose()?;
    let mut asked = request.asked.told(rows.frame())?;
    if rows.has_parts() {
        asked.protocol.split = SplitRule::Files;
    }
    let source = rows.source(asked.source.as_ref());
    let data = rows.encode(&source, &asked.protocol)?;
    let training_rows = data.split(SplitName::Train).len();
    let mut settings = request.settings(asked.by_schema.then_some(training_rows))?;
    settings.settle(data.schema().offsets().last().copied().unwrap_or(0));
    let origin = Origin::new(settings, source, &data, isa)?;
    let trainer = Trainer::new(&data, &origin.settings, &Machine::new(isa, threads))?;
    let mut session = Session {
        data: &data,
        origin: &origin,
        trainer,
        run: Writer::create(&request.out, request.force)?,
    };
    let outcome = session.train(request.tensorboard.as_deref(), told, stop)?;
    let protocol = &data.schema().protocol;
    let extras = Extras {
        catalogue: match request.catalogue {
            true => rows.catalogue(&origin.source, protocol)?,
            false => None,
        },
        tested: request.report && !data.split(SplitName::Test).is_empty(),
        report: request.report,
    };
    session.finish(&outcome, &extras)?;
    let path = session.run.path().to_owned();
    if outcome.ended != Ended::Stopped {
        session.run.close()?;
    }
    Ok(Trained {
        path,
        warnings: asked.warnings,
    })
}
