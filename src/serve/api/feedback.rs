//! `POST /v1/feedback` and `GET /v1/traffic`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::body::Body;
use crate::serve::app::App;
use crate::serve::feedback::Feedback;
use crate::serve::problem::Problem;
use crate::serve::traffic::Tally;

/// The longest id: logs are read by others.
const MOST: usize = 1_000;

/// Takes in what somebody did; answered when it is on disk.
pub async fn feedback(State(app): State<Arc<App>>, body: Body) -> Result<StatusCode, Problem> {
    app.work(move |app| {
        let Some(log) = &app.traffic.log else {
            let detail = "this server takes no feedback: start it with --feedback FILE";
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        };
        let feedback: Feedback = body.json()?;
        app.model(Some(&feedback.model))?;
        for (field, text) in [("user", &feedback.user), ("item", &feedback.item)] {
            if text.is_empty() || text.len() > MOST {
                let detail = format!("{} bytes, expected 1 to {MOST}", text.len());
                return Err(Problem::value(field, detail));
            }
        }
        if feedback
            .score
            .is_some_and(|score| !(0.0..=1.0).contains(&score))
        {
            return Err(Problem::value(
                "score",
                "expected a probability from 0 to 1",
            ));
        }
        let written = log.add(&feedback);
        written
            .map_err(|error| Problem::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))?;
        app.traffic.tallies.add(&feedback);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// One entry a model that feedback came for.
#[derive(Debug, Serialize)]
pub struct Traffic {
    models: Vec<Model>,
}

#[derive(Debug, Serialize)]
struct Model {
    name: String,
    #[serde(flatten)]
    tally: Tally,
    /// Rate, and the ends of its 95 % interval.
    click_rate: Option<[f64; 3]>,
    /// See [`Tally::calibration`]; none before a score came.
    calibration: Option<f64>,
}

/// How each model has done since the start.
pub async fn traffic(State(app): State<Arc<App>>) -> Json<Traffic> {
    let model = |(name, tally): (String, Tally)| Model {
        name,
        tally,
        click_rate: tally.rate(),
        calibration: tally.calibration(),
    };
    Json(Traffic {
        models: app.traffic.tallies.all().into_iter().map(model).collect(),
    })
}
