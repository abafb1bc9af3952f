//! What all requests share: the models, the gate, the counts.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::feedback::Log;
use super::limits::Limits;
use super::metrics::Counts;
use super::problem::Problem;
use super::served::Served;
use super::traffic::{Shares, Tallies};
use crate::error::{Error, Result};
use crate::run::Computing;

/// See the module.
#[derive(Debug)]
pub struct App {
    /// The run directories, in the order of the models.
    runs: Vec<PathBuf>,
    /// With what each model computes.
    computing: Computing,
    /// Replaced as a whole by [`App::reload`].
    models: RwLock<Arc<[Arc<Served>]>>,
    /// What a request may cost.
    pub limits: Limits,
    /// What everything under `/v1` asks for.
    pub token: Option<String>,
    /// What everything under `/admin` asks for; without it there is nothing there.
    pub admin_token: Option<String>,
    /// Requests that may still be taken on.
    pub gate: Arc<Semaphore>,
    /// What was answered since the start, for `/metrics`.
    pub counts: Counts,
    /// Who gets which model, and how each does.
    pub traffic: Traffic,
}

/// Several models at once.
#[derive(Debug, Default)]
pub struct Traffic {
    /// How users are parted among the models.
    pub shares: Shares,
    /// Feedback since the start, by model.
    pub tallies: Tallies,
    /// Where feedback goes; without it there is none.
    pub log: Option<Log>,
}

impl App {
    /// Opens the runs; the first is the one that answers when none is named.
    ///
    /// # Errors
    /// When a run cannot be opened, or two have the same name.
    pub fn open(
        runs: Vec<PathBuf>,
        computing: Computing,
        limits: Limits,
        token: Option<String>,
    ) -> Result<App> {
        Ok(App {
            models: RwLock::new(load(&runs, computing, limits.window)?),
            runs,
            computing,
            limits,
            token,
            admin_token: None,
            gate: Arc::new(Semaphore::new(limits.concurrent)),
            counts: Counts::default(),
            traffic: Traffic::default(),
        })
    }

    /// All models as they are now. Whoever holds them keeps them, also when they are replaced.
    pub fn models(&self) -> Arc<[Arc<Served>]> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&models)
    }

    /// The model of a name; the first one without.
    ///
    /// # Errors
    /// When no model has the name; lists those there are.
    pub fn model(&self, name: Option<&str>) -> Result<Arc<Served>, Problem> {
        let models = self.models();
        let found = match name {
            None => models.first(),
            Some(name) => models.iter().find(|model| model.name == name),
        };
        found.map(Arc::clone).ok_or_else(|| {
            let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            let detail = format!("there is no such model; there are: {}", names.join(", "));
            Problem {
                field: Some("model".into()),
                ..Problem::missing(detail)
            }
        })
    }

    /// The model for a user: the one that is named, else the one that the split gives them.
    ///
    /// # Errors
    /// As [`App::model`].
    pub fn model_for(&self, name: Option<&str>, user: &str) -> Result<Arc<Served>, Problem> {
        let models = self.models();
        match (name, models.get(self.traffic.shares.model_of(user))) {
            (None, Some(model)) => Ok(Arc::clone(model)),
            _ => self.model(name),
        }
    }

    /// Opens all runs anew and puts them in the place of the old ones; requests that are being answered keep theirs.
    ///
    /// # Errors
    /// As [`App::open`]; the old models stay.
    pub fn reload(&self) -> Result<()> {
        let fresh = load(&self.runs, self.computing, self.limits.window)?;
        *self.models.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Computes away from the network threads.
    ///
    /// # Errors
    /// When the work itself refuses, or has a defect.
    pub async fn work<T: Send + 'static>(
        self: &Arc<App>,
        work: impl FnOnce(&App) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&app)).await;
        done.unwrap_or_else(|_| {
            let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            Err(Problem::new(
                status,
                "a defect of the server; it goes on with other requests",
            ))
        })
    }
}

fn load(runs: &[PathBuf], computing: Computing, window: Duration) -> Result<Arc<[Arc<Served>]>> {
    let mut models: Vec<Arc<Served>> = Vec::new();
    for path in runs {
        let model = Served::open(path, computing, window)?;
        if let Some(other) = models.iter().find(|other| other.name == model.name) {
            let what = format!(
                "has the same name as {}: rename one of the folders",
                other.path.display()
            );
            return Err(Error::file(path, what));
        }
        models.push(Arc::new(model));
    }
    Ok(models.into())
}
