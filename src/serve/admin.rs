//! `POST /admin/reload`: opens the runs anew, as SIGHUP does, for whoever has the administrator's token. Without one (the default)
//! there is no such route.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::app::App;
use super::guard::authorised;
use super::problem::Problem;

/// The route.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/admin/reload", post(reload))
}

async fn reload(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    let Some(token) = &app.admin_token else {
        let detail = "this server is not administered over HTTP: start it with --admin-token-file";
        return Err(Problem::missing(detail));
    };
    authorised(&headers, token, "the administrator's token")?;
    app.work(|app| match app.reload() {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => {
            let detail = format!("not reloaded, the old models stay: {error}");
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    })
    .await
}
