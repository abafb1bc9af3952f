//! Connections: accepted, bounded, cut when they are slow, and finished when the server is asked to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::app::App;
use super::guard::{guard, token};
use super::problem::Problem;
use super::{admin, api, drift, pages};
use crate::error::{Error, Result};

/// How long a server that is asked to stop waits for what is running.
const GRACE: Duration = Duration::from_secs(30);
/// How long to wait after a connection could not be accepted (no file is left to open, for example).
const PAUSE: Duration = Duration::from_millis(50);

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port 0: any that is free.
    pub listen: SocketAddr,
    /// Threads that compute.
    pub workers: usize,
}

/// All routes.
pub fn router(app: &Arc<App>) -> Router {
    let v1 = api::routes().route_layer(from_fn_with_state(Arc::clone(app), token));
    Router::new()
        .merge(v1)
        .merge(admin::routes())
        .merge(pages::routes())
        .route("/openapi.json", get(openapi))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/metrics", get(metrics))
        .fallback(|| async { Problem::missing("there is no such page or route") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "the route has another method",
            )
        })
        .layer(map_response(explained))
        .layer(from_fn_with_state(Arc::clone(app), guard))
        .with_state(Arc::clone(app))
}

/// Gives refusals of the framework (a query that cannot be read) the form of ours.
async fn explained(response: Response) -> Response {
    let status = response.status();
    let plain = response.headers().get(CONTENT_TYPE);
    let plain = plain.is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    match status.is_client_error() && plain {
        true => {
            let detail = "the address or its query cannot be understood";
            Problem::new(status, detail).into_response()
        }
        false => response,
    }
}

async fn openapi(app: State<Arc<App>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/json")],
        api::openapi(&app.models()),
    )
}

async fn metrics(app: State<Arc<App>>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let models = app.models();
    let reports = models.iter().filter_map(|model| {
        let drift = model.drift.as_ref()?;
        Some((model.name.as_str(), drift.report()))
    });
    let reports: Vec<_> = reports.collect();
    (
        [(CONTENT_TYPE, kind)],
        app.counts.text() + &app.traffic.tallies.text() + &drift::text(&reports),
    )
}

/// Serves until what `stop` gives is done, then finishes what is running. `ready` is told the address.
///
/// # Errors
/// When the address is not this machine's own and there is no token, or it cannot be listened on.
pub fn serve<S: Future<Output = ()>>(
    app: Arc<App>,
    config: &Config,
    stop: impl FnOnce() -> S,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    let address = config.listen;
    if !address.ip().is_loopback() && app.token.is_none() {
        let what = format!(
            "{address} can be reached from other machines: give a token with --token-file, or listen on 127.0.0.1"
        );
        return Err(Error::config("--listen", what));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(config.workers.max(1))
        .enable_all()
        .build()
        .map_err(Error::io("the network threads", "start"))?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(Error::io(address.to_string(), "listen on"))?;
        let bound = listener
            .local_addr()
            .map_err(Error::io(address.to_string(), "ask for"))?;
        // Before anybody is told: who hears `ready` may signal at once.
        let stop = stop();
        ready(bound);
        accept(&app, listener, stop).await;
        Ok(())
    });
    runtime.shutdown_timeout(GRACE);
    served
}

async fn accept(app: &Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let service = TowerToHyperService::new(router(app));
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(app.limits.connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            // Beyond the limit, connections wait in the system's own queue.
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = match select(next, stop.as_mut()).await {
            Some(next) => next,
            None => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Answers are small and wanted at once.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(app.limits.head)
            .serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// What comes first: the work's result, or none when it is time to stop.
async fn select<T>(
    work: impl Future<Output = T>,
    mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        if stop.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}
