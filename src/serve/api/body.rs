//! Bodies of requests: bounded, JSON, with every key known.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::serve::app::App;
use crate::serve::problem::Problem;

/// The bytes of a body; parsing them is work for other threads.
#[derive(Debug)]
pub struct Body(Bytes);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Body, Problem> {
        let most = app.limits.body;
        let too_long = || {
            let detail = format!("the body is too long: at most {most} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        let claimed = request.headers().get(CONTENT_LENGTH);
        let claimed = claimed.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if claimed.is_some_and(|claimed| claimed > most as u64) {
            return Err(too_long());
        }
        match to_bytes(request.into_body(), most).await {
            Ok(bytes) => Ok(Body(bytes)),
            // Longer than it may be, or not what its length says: neither can be answered otherwise.
            Err(_) => Err(too_long()),
        }
    }
}

/// A value that may be left out, but is no null when it is there. With `#[serde(default, deserialize_with = "given")]`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// A whole number; JSON writes 10 also as 10.0.
pub(super) fn whole<'de, D: Deserializer<'de>>(value: D) -> Result<usize, D::Error> {
    let number = serde_json::Number::deserialize(value)?;
    let float = number.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0);
    // Beyond 2^53 the digits are lost, and nothing here goes so far.
    let whole = float.filter(|n| *n < 9e15).map(|n| n as usize);
    whole.ok_or_else(|| serde::de::Error::custom(format!("expected a whole number, got {number}")))
}

impl Body {
    /// The JSON in it. Its nesting is bounded by the parser (128).
    ///
    /// # Errors
    /// Says where it is no JSON, or what is not expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0)
            .map_err(|error| Problem::body(format!("the body is not what is expected: {error}")))
    }
}
