//! `autoint serve`

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use autoint::serve::{App, Config, Limits, Log, Shares, serve};
use autoint::{Error, Result};
use clap::Args;

use super::computing::{With, and_products};
use super::numbers;
use super::output::note;

/// Serve trained runs over HTTP: pages for people at /, a JSON API for programs under /v1.
///
/// SIGHUP opens the runs anew without dropping a request; Ctrl-C and SIGTERM finish what is running and end with exit code 0.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run directory; again for more, the first answers where none is named
    #[arg(long, required = true, value_name = "RUN")]
    run: Vec<PathBuf>,
    /// Where to listen; another address than this machine's own needs --token-file
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// A file with the token that everything under /v1 then asks for
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with the token of whoever may have the runs opened anew with POST /admin/reload [default: nobody]
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// How long traffic is remembered to tell whether it drifts from what a model was trained on, in seconds
    #[arg(long, default_value_t = Limits::default().window.as_secs(), value_name = "SECONDS", value_parser = seconds)]
    drift_window: u64,
    /// The share of users of each run, by a hash of their id; answers name the model
    #[arg(long, value_name = "90,10", value_delimiter = ',')]
    split: Vec<u32>,
    /// Take feedback (POST /v1/feedback) into this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    feedback: Option<PathBuf>,
    /// The most bytes of the feedback's file; a full one becomes FILE.1
    #[arg(long, default_value_t = 1 << 30, value_name = "BYTES")]
    max_feedback: u64,
    /// The longest body of a request, in bytes
    #[arg(long, default_value_t = Limits::default().body, value_name = "BYTES")]
    max_body: usize,
    /// The most rows of a request
    #[arg(long, default_value_t = Limits::default().rows, value_name = "ROWS")]
    max_rows: usize,
    /// The most requests at once; more are answered with 503
    #[arg(long, default_value_t = Limits::default().concurrent, value_name = "REQUESTS")]
    max_concurrent: usize,
    /// The longest time for a request, in milliseconds
    #[arg(long, default_value_t = Limits::default().time.as_millis() as u64, value_name = "MS")]
    max_time: u64,
    #[command(flatten)]
    with: With,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let computing = self.with.computing()?;
        let limits = Limits {
            body: self.max_body,
            rows: self.max_rows,
            concurrent: self.max_concurrent,
            time: Duration::from_millis(self.max_time),
            window: Duration::from_secs(self.drift_window),
            ..Limits::default()
        };
        let token = self.token_file.as_deref().map(token_in).transpose()?;
        let mut app = App::open(self.run.clone(), computing, limits, token)?;
        app.admin_token = self.admin_token_file.as_deref().map(token_in).transpose()?;
        app.traffic.shares = Shares::new(&self.split, self.run.len())?;
        let log = self.feedback.as_deref();
        app.traffic.log = log
            .map(|file| Log::open(file, self.max_feedback))
            .transpose()?;
        let app = Arc::new(app);
        for model in app.models().iter() {
            let protocol = &model.scorer().schema().protocol.name;
            let kind = model.settings.model.name();
            let products = and_products(model.scorer().runtime().isa());
            writeln!(
                out,
                "model  {}: {kind}, protocol {protocol}{products}",
                model.name
            )?;
        }
        let config = Config {
            listen: self.listen,
            workers: computing.threads.max(1),
        };
        let reloaded = Arc::clone(&app);
        serve(
            app,
            &config,
            || until_asked(reloaded),
            |address| {
                let _ = writeln!(out, "ready  http://{address}");
                let _ = out.flush();
            },
        )?;
        Ok(())
    }
}

fn seconds(text: &str) -> std::result::Result<u64, String> {
    numbers::within(text, 1, 366 * 24 * 3_600)
}

/// The token in a file; spaces around it are none of it.
fn token_in(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(Error::io(file, "read"))?;
    match text.trim() {
        "" => Err(Error::file(
            file,
            "is empty: write a long random token into it",
        )),
        token => Ok(token.to_owned()),
    }
}

/// Listens to signals from now on: reloads at SIGHUP, and is done at Ctrl-C and SIGTERM.
fn until_asked(app: Arc<App>) -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup());
    let mut ends = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    std::future::poll_fn(move |context| {
        // A signal that could not be listened to ends the program, as it does every other.
        while let Ok(hangup) = &mut hangup
            && let Poll::Ready(Some(())) = hangup.poll_recv(context)
        {
            let app = Arc::clone(&app);
            tokio::task::spawn_blocking(move || match app.reload() {
                Ok(()) => note("reloaded"),
                Err(error) => note(&format!("not reloaded, the old models stay: {error}")),
            });
        }
        let asked = ends
            .iter_mut()
            .flatten()
            .any(|end| end.poll_recv(context).is_ready());
        match asked {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
}
