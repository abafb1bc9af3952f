//! A run that answers from Python.

use std::path::PathBuf;
use std::time::Instant;

use numpy::{IntoPyArray, PyArray1, PyArray4, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde::Deserialize;
use serde_json::{Value, json, to_string};
use std::borrow::Cow;

use super::codes::arrays;
use super::frame::Frame;
use super::guarded::guarded;
use super::row::row_of;
use super::schema::parsed;
use crate::autograd::Var;
use crate::autograd::cores::threads;
use crate::data::batch::Batch;
use crate::data::dataset::SplitName;
use crate::data::encode::rows::{RowEncoder, needed};
use crate::data::encode::{Rules, encode_rows};
use crate::data::source::cells::Cells;
use crate::data::source::table::cells;
use crate::data::split::SplitRule;
use crate::data::store::Target;
use crate::error::{Error, Result};
use crate::explain::row::RawRow;
use crate::explain::{Explainer, Explanation};
use crate::interop::export::{keras, npy, onnx, rows, safetensors};
use crate::metrics::MetricName;
use crate::recommend::similar::{item_field, similar};
use crate::recommend::{Model as Opened, Request, Who};
use crate::run::precision::Tables;
use crate::run::{Computing, Provenance, Run};
use crate::score::predict::probability;
use crate::score::{Asked, Scorer, evaluate_as};
use crate::settings::Settings;
use crate::simd::{Isa, Precision};

/// A run in memory.
#[pyclass(frozen, module = "autoint._engine")]
pub struct Model {
    /// The run directory.
    path: PathBuf,
    threads: usize,
    /// Scores rows, and ranks items where there is a catalogue.
    model: Opened,
    attention: Vec<Var>,
    settings: Settings,
    provenance: Provenance,
}

/// What `recommend` is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// None: `profile` says who asks.
    user: Option<String>,
    profile: Vec<(String, String)>,
    set: Vec<(String, String)>,
    top: usize,
    include_rated: bool,
    filter: Vec<(String, String)>,
    diversity: f64,
}

impl From<Wanted> for Request {
    fn from(wanted: Wanted) -> Request {
        Request {
            who: match wanted.user {
                Some(id) => Who::User(id),
                None => Who::Profile(wanted.profile),
            },
            set: wanted.set,
            top: wanted.top,
            include_rated: wanted.include_rated,
            filter: wanted.filter,
            diversity: wanted.diversity,
        }
    }
}

/// Rows to score, encoded.
enum Rows {
    One(RawRow),
    Frame(Frame),
}

impl Rows {
    fn of(scorer: &Scorer<'_>, data: &Bound<'_, PyAny>) -> PyResult<Rows> {
        let schema = scorer.schema();
        Ok(match row_of(data)? {
            Some(row) => Rows::One(row),
            None => Rows::Frame(Frame::chosen(data, &|header| {
                // For the message of a column that is missing.
                RowEncoder::new(schema, header)?;
                let used = needed(schema, Some(header));
                let places = used.iter().map(|column| column.place(header));
                let places: Vec<usize> = places.collect::<Result<_>>()?;
                Ok((0..header.len())
                    .map(|place| places.contains(&place))
                    .collect())
            })?),
        })
    }

    fn batch(self, scorer: &Scorer<'_>) -> Result<Batch> {
        match self {
            Rows::One(row) => {
                let mut encoder = RowEncoder::new(scorer.schema(), &row.header)?;
                encoder.push(&row.values)?;
                Ok(encoder.into_batch())
            }
            Rows::Frame(frame) => {
                let columns = frame.table.columns().iter();
                let header: Vec<String> = columns.map(|column| column.name.clone()).collect();
                let rows = frame.table.rows();
                let cells: Vec<Cells> = frame.table.into_values().map(cells).collect();
                let mut encoder = RowEncoder::new(scorer.schema(), &header)?;
                encoder.push_cells(&cells.iter().collect::<Vec<_>>(), rows)?;
                Ok(encoder.into_batch())
            }
        }
    }
}

#[pymethods]
impl Model {
    /// Opens a run directory.
    #[new]
    #[pyo3(signature = (path, threads=None, precision=None))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        threads: Option<usize>,
        precision: Option<&str>,
    ) -> PyResult<Model> {
        guarded(py, || {
            let precision = precision.map(Precision::named).transpose()?;
            Model::of(path, threads, precision)
        })
    }

    /// The logit of each row.
    fn logits<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let rows = Rows::of(self.model.scorer(), data)?;
        let logits = guarded(py, || self.scored(rows))?;
        Ok(logits.into_pyarray(py))
    }

    /// The probability of each row, as `autoint predict` gives it.
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let rows = Rows::of(self.model.scorer(), data)?;
        let scored = guarded(py, || {
            let mut scored = self.scored(rows)?;
            for score in &mut scored {
                *score = probability(*score);
            }
            Ok(scored)
        })?;
        Ok(scored.into_pyarray(py))
    }

    /// The attention weights of each row: an array `[B, H, F, F]` a layer.
    fn attention<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyArray4<f32>>>> {
        let rows = Rows::of(self.model.scorer(), data)?;
        let (read, batch) = guarded(py, || {
            let batch = rows.batch(self.model.scorer())?;
            let vars: Vec<&Var> = self.attention.iter().collect();
            Ok((self.model.scorer().read(&batch, &vars), batch.rows))
        })?;
        let fields = self.model.scorer().schema().fields.len();
        let layers = read.into_iter().map(|layer| {
            let heads = layer.len() / (batch * fields * fields).max(1);
            layer
                .into_pyarray(py)
                .reshape([batch, heads, fields, fields])
        });
        layers.collect()
    }

    /// What the rows of a frame, all of them, score: JSON, as `evaluate --json` gives it.
    fn evaluate(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        train: Option<&Bound<'_, PyAny>>,
        metrics: Option<Vec<String>>,
        intervals: bool,
    ) -> PyResult<String> {
        let frame = Frame::of(data)?;
        let train = train.map(Frame::of).transpose()?;
        guarded(py, || {
            let names = metrics.map(|names| names.iter().map(|name| name.parse()).collect());
            let names: Option<Vec<MetricName>> = names.transpose()?;
            let mut schema = self.model.scorer().schema().clone();
            schema.protocol.split = SplitRule::Files;
            let data = encode_rows(
                frame.as_test(train.as_ref())?,
                Rules::Fitted(&schema),
                Target::Anywhere,
            )?;
            let asked = Asked {
                metrics: names,
                ranking: None,
                intervals,
            };
            let (scorer, model) = (self.model.scorer(), self.settings.model.name());
            text(&evaluate_as(scorer, model, &data, SplitName::Test, &asked)?)
        })
    }

    /// The best items for somebody: JSON, as `recommend --json` gives it.
    fn recommend(&self, py: Python<'_>, wanted: &str) -> PyResult<String> {
        guarded(py, || {
            let request = Request::from(parsed::<Wanted>(wanted)?);
            text(&self.model.ranker(&self.name())?.recommend(&request)?)
        })
    }

    /// The values nearest to a value of a field, or to an item: JSON, as `similar --json` gives it.
    fn similar(
        &self,
        py: Python<'_>,
        field: Option<String>,
        value: String,
        top: usize,
    ) -> PyResult<String> {
        guarded(py, || {
            let scorer = self.model.scorer();
            let field = match &field {
                Some(field) => field,
                None => item_field(
                    scorer.schema(),
                    self.model.ranker(&self.name())?.catalogue(),
                )?,
            };
            text(&similar(scorer, field, &value, top)?)
        })
    }

    /// Why a row has its logit: JSON, as `explain --json` gives it, and the drawing of it as SVG.
    fn explain(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<(String, String)> {
        let row = row_of(data)?;
        guarded(py, || {
            let missing = || Error::Data("expected one row: a dict of single values".into());
            let row = row.ok_or_else(missing)?;
            let scorer = self.model.scorer();
            // Of a frame's row, what is no field's is no mistake.
            let used = needed(scorer.schema(), Some(&row.header));
            let (header, values): (Vec<String>, Vec<String>) = row
                .header
                .into_iter()
                .zip(row.values)
                .filter(|(name, _)| used.iter().any(|column| column.to_string() == *name))
                .unzip();
            let explainer = Explainer::new(scorer, &self.attention);
            drawn(&explainer.raw(&header, &values)?)
        })
    }

    /// The same of the row of a user and an item.
    fn explain_pair(
        &self,
        py: Python<'_>,
        user: &str,
        item: &str,
        set: &str,
    ) -> PyResult<(String, String)> {
        guarded(py, || {
            let set: Vec<(String, String)> = parsed(set)?;
            let ranker = self.model.ranker(&self.name())?;
            drawn(&ranker.explain(&self.attention, &Who::User(user.to_owned()), &set, item)?)
        })
    }

    /// Writes the model for other programs.
    #[pyo3(signature = (format, out, raw=true))]
    fn export(&self, py: Python<'_>, format: &str, out: PathBuf, raw: bool) -> PyResult<()> {
        guarded(py, || {
            let run = Run::open(&self.path, Isa::choose()?, self.threads)?;
            let inputs = match raw {
                true => onnx::Inputs::Raw,
                false => onnx::Inputs::Codes,
            };
            match format {
                "onnx" => onnx::write(&run, inputs, &out),
                "safetensors" => safetensors::write(&run, Tables::default(), &out),
                "npy" => npy::write(&run, &out),
                "keras" => keras::write(&run, &out),
                "csv" => rows::write_csv(&run, &out).map(drop),
                "parquet" => rows::write_parquet(&run, &out).map(drop),
                other => {
                    let what = format!(
                        "expected onnx, safetensors, npy, keras, csv or parquet, got {other:?}"
                    );
                    Err(Error::config("format", what))
                }
            }
        })
    }

    /// The bytes of the graph that `export(\"onnx\", raw=False)` writes.
    fn graph<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = guarded(py, || {
            let run = Run::open(&self.path, Isa::choose()?, self.threads)?;
            onnx::to_bytes(&run, onnx::Inputs::Codes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The rows as that graph takes them: an array a field.
    fn codes<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let rows = Rows::of(self.model.scorer(), data)?;
        let batch = guarded(py, || rows.batch(self.model.scorer()))?;
        arrays(py, self.model.scorer().schema(), &batch)
    }

    /// Median seconds that the engine alone takes for rows that are encoded: what benches hold a whole call beside.
    fn engine_seconds(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        rounds: usize,
    ) -> PyResult<f64> {
        let rows = Rows::of(self.model.scorer(), data)?;
        guarded(py, || {
            let scorer = self.model.scorer();
            let (batch, mut logits) = (rows.batch(scorer)?, Vec::new());
            let mut seconds: Vec<f64> = (0..rounds.max(1))
                .map(|_| {
                    let start = Instant::now();
                    scorer.logits(&batch, &mut logits);
                    start.elapsed().as_secs_f64()
                })
                .collect();
            seconds.sort_by(f64::total_cmp);
            Ok(seconds[seconds.len() / 2])
        })
    }

    /// What is known of the run: JSON.
    fn info(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || {
            let scorer = self.model.scorer();
            let schema = scorer.schema();
            let all: Value = json!({
                "path": self.path,
                "model": self.settings.model.name(),
                "protocol": schema.protocol,
                "fields": schema.field_names(),
                "settings": self.settings.to_toml()?,
                "provenance": self.provenance,
                "parameters": scorer.runtime().tape().layout().len(),
                "recommends": matches!(self.model, Opened::Ranks(_)),
            });
            text(&all)
        })
    }
}

impl Model {
    fn of(path: PathBuf, asked: Option<usize>, precision: Option<Precision>) -> Result<Model> {
        let threads = threads(asked);
        let computing = Computing {
            isa: Isa::choose()?,
            threads,
            precision,
        };
        let run = Run::open_with(&path, computing)?;
        let catalogue = run.catalogue_if_any()?;
        let scorer = Scorer::new(Cow::Owned(run.schema), &run.runtime, run.parameters)
            .calibrated(run.provenance.calibration.clone());
        Ok(Model {
            path,
            threads,
            model: Opened::new(scorer, catalogue)?,
            attention: run.attention,
            settings: run.settings,
            provenance: run.provenance,
        })
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn scored(&self, rows: Rows) -> Result<Vec<f32>> {
        let scorer = self.model.scorer();
        let mut logits = Vec::new();
        scorer.logits(&rows.batch(scorer)?, &mut logits);
        Ok(logits)
    }
}

fn drawn(explanation: &Explanation) -> Result<(String, String)> {
    Ok((text(explanation)?, explanation.drawing().svg()))
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    to_string(value).map_err(|e| Error::Data(format!("the answer cannot be written as JSON: {e}")))
}
