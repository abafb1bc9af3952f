//! Pages for people, in Korean and English; no script, everything escaped. The address of a page holds its whole state.

mod explained;
mod frame;
mod home;
mod item;
mod result;
mod traffic;
mod training;
mod what_if;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use super::app::App;

const STYLE: &str = include_str!("style.css");

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home::page))
        .route("/recommend", get(result::page))
        .route("/item", get(item::page))
        .route("/attention.svg", get(explained::attention))
        .route("/what-if", get(what_if::page))
        .route("/traffic", get(traffic::page))
        .route("/training", get(training::page))
        .route("/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, STYLE)
}
