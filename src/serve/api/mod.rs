//! `/v1`: JSON in, JSON out. [`openapi`] describes it.

mod ask;
mod body;
mod describe;
mod drift;
mod explain;
mod feedback;
mod look;
mod score;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::app::App;

pub use self::describe::openapi;

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
