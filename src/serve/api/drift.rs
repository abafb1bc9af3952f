//! `GET /v1/drift`: whether what comes is still what each model was trained on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::serve::app::App;
use crate::serve::drift::Report;

/// One entry a model.
#[derive(Debug, Serialize)]
pub struct Models {
    models: Vec<Model>,
}

#[derive(Debug, Serialize)]
struct Model {
    name: String,
    /// None when the run does not say what it was trained on.
    #[serde(flatten)]
    report: Option<Report>,
}

/// See the module.
pub async fn drift(State(app): State<Arc<App>>) -> Json<Models> {
    let models = app.models();
    let model = |model: &Arc<crate::serve::Served>| Model {
        name: model.name.clone(),
        report: model.drift.as_ref().map(|drift| drift.report()),
    };
    Json(Models {
        models: models.iter().map(model).collect(),
    })
}
