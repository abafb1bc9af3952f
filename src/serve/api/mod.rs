//! `/v1`: JSON in, JSON out. `openapi.json` beside this file describes it.

mod ask;
mod body;
mod drift;
mod explain;
mod feedback;
mod look;
mod score;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::app::App;

/// The description, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/score", post(score::score))
        .route("/v1/recommend", post(ask::recommend))
        .route("/v1/explain", post(explain::explain))
        .route("/v1/similar", post(ask::similar))
        .route("/v1/feedback", post(feedback::feedback))
        .route("/v1/traffic", get(feedback::traffic))
        .route("/v1/drift", get(drift::drift))
        .route("/v1/models", get(look::models))
        .route("/v1/users/{id}", get(look::user))
        .route("/v1/items/{id}", get(look::item))
}
