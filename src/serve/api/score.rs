//! `POST /v1/score`: raw rows in, logits and probabilities out, as `autoint predict` gives them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::{Body, given};
use crate::data::encode::rows::{RowEncoder, needed};
use crate::data::source::cells::LIST;
use crate::data::source::columns::ColumnRef;
use crate::score::predict::probability;
use crate::serve::app::App;
use crate::serve::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default, deserialize_with = "given")]
    model: Option<String>,
    rows: Vec<Map<String, Value>>,
}

/// One result a row, in the order of the rows.
#[derive(Debug, Serialize)]
pub struct Answer {
    model: String,
    results: Vec<Scored>,
}

#[derive(Debug, Serialize)]
struct Scored {
    logit: f32,
    probability: f32,
    /// Fields whose value the model does not know.
    unknown: Vec<String>,
}

/// See the module.
pub async fn score(State(app): State<Arc<App>>, body: Body) -> Result<Json<Answer>, Problem> {
    app.work(move |app| {
        let request: Request = body.json()?;
        scored(app, &request).map(Json)
    })
    .await
}

fn scored(app: &App, request: &Request) -> Result<Answer, Problem> {
    let model = app.model(request.model.as_deref())?;
    let most = app.limits.rows;
    let Some(first) = request.rows.first().filter(|_| request.rows.len() <= most) else {
        let detail = format!("{} rows, expected 1 to {most}", request.rows.len());
        return Err(Problem::value("rows", detail));
    };
    let scorer = model.scorer();
    let keys: Vec<String> = first.keys().cloned().collect();
    let columns = needed(scorer.schema(), Some(&keys));
    let mut encoder = RowEncoder::of_columns(scorer.schema(), &columns)?;
    let mut unknown = Vec::with_capacity(request.rows.len());
    for (number, row) in request.rows.iter().enumerate() {
        let values = values(&columns, row, number)?;
        let names = encoder.push(&values);
        let names =
            names.map_err(|error| Problem::value(format!("rows[{number}]"), error.to_string()))?;
        unknown.push(names.into_iter().map(str::to_owned).collect::<Vec<_>>());
    }
    let mut logits = Vec::new();
    scorer.logits(encoder.batch(), &mut logits);
    app.counts
        .rows
        .fetch_add(logits.len() as u64, Ordering::Relaxed);
    let values = unknown.iter().map(Vec::len).sum::<usize>();
    app.counts
        .unknown
        .fetch_add(values as u64, Ordering::Relaxed);
    let results = logits.iter().zip(unknown).map(|(&logit, unknown)| Scored {
        logit,
        probability: probability(logit),
        unknown,
    });
    let results: Vec<Scored> = results.collect();
    if let Some(drift) = &model.drift {
        let scores: Vec<f32> = results.iter().map(|result| result.probability).collect();
        drift.count(encoder.batch(), |_| true, &scores);
    }
    Ok(Answer {
        model: model.name.clone(),
        results,
    })
}

/// A row's texts in the order of the columns.
fn values(
    columns: &[ColumnRef],
    row: &Map<String, Value>,
    number: usize,
) -> Result<Vec<String>, Problem> {
    let text = |column: &ColumnRef| {
        let name = column.to_string();
        let at = || format!("rows[{number}].{name}");
        match row.get(&name) {
            Some(value) => text_of(value).ok_or_else(|| {
                Problem::value(
                    at(),
                    "expected a text, a number, true, false, null or a list of them",
                )
            }),
            None => Err(Problem::value(
                at(),
                format!(
                    "the row lacks `{name}`, which the model needs; null says that it is missing"
                ),
            )),
        }
    };
    columns.iter().map(text).collect()
}

/// The text that a reader would give for a JSON value.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => {
            let texts = values.iter().map(|value| match value {
                Value::Array(_) => None,
                value => text_of(value),
            });
            let texts: Option<Vec<String>> = texts.collect();
            Some(texts?.join(&LIST.to_string()))
        }
        Value::Object(_) => None,
    }
}
