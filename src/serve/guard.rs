//! What every request passes: the gate, the clock, the token, the headers of every answer.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::problem::Problem;

/// Probes and counts are answered also when everything else is refused.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Of every answer: nothing runs in our pages that is not ours, and nobody frames them.
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Takes a request on, if there is room and time, and counts the answer.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let mut response = match ALWAYS.contains(&route) {
        true => next.run(request).await,
        false => within(&app, request, next).await,
    };
    app.counts
        .answered(route, response.status().as_u16(), start.elapsed());
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

async fn within(app: &Arc<App>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.gate.try_acquire() else {
        return Problem::busy("too many requests at once; try again").into_response();
    };
    match tokio::time::timeout(app.limits.time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::busy("the request took too long; ask for less at once").into_response(),
    }
}

/// Asks for the token, where there is one.
pub async fn token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let checked = match &app.token {
        Some(token) => authorised(request.headers(), token, "the server's token"),
        None => Ok(()),
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses a request that does not bring the token, which `what` names.
///
/// # Errors
/// Says how to bring it.
pub fn authorised(headers: &HeaderMap, token: &str, what: &str) -> Result<(), Problem> {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given
        .and_then(|text| text.strip_prefix("Bearer "))
        .unwrap_or_default();
    if same(token.as_bytes(), given.trim().as_bytes()) {
        return Ok(());
    }
    let detail = format!("expected `Authorization: Bearer TOKEN` with {what}");
    Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y));
    a.len() == b.len() && differences == 0
}
