//! Python is told how a training goes, and may end it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use serde_json::to_string;

use crate::error::Result;
use crate::run::EpochRecord;
use crate::train::Observer;

/// How often Ctrl-C is looked for and a bar moves: faster than an eye, and far slower than a batch.
const EVERY: Duration = Duration::from_millis(100);

/// Calls Python, some times a second and after every epoch.
pub struct Told<'a> {
    /// `(epoch, rows done, rows, mean loss)`
    pub on_batch: Option<Py<PyAny>>,
    /// `(record as JSON, whether it is the best)`; True ends the training.
    pub on_epoch: Option<Py<PyAny>>,
    /// Set when a call returned True or raised.
    pub stop: &'a AtomicBool,
    /// What a call raised, Ctrl-C among it.
    pub raised: Option<PyErr>,
    /// When Python was called last, so that it is not called for every batch.
    last: Instant,
}

impl<'a> Told<'a> {
    /// Tells of a training that ends when `stop` is set.
    pub fn new(
        on_batch: Option<Py<PyAny>>,
        on_epoch: Option<Py<PyAny>>,
        stop: &'a AtomicBool,
    ) -> Told<'a> {
        Told {
            on_batch,
            on_epoch,
            stop,
            raised: None,
            last: Instant::now(),
        }
    }

    fn call(&mut self, call: impl FnOnce(&Told<'_>, Python<'_>) -> PyResult<bool>) {
        let called = Python::attach(|py| {
            py.check_signals()?;
            call(self, py)
        });
        if !matches!(called, Ok(false)) {
            self.stop.store(true, Ordering::Relaxed);
        }
        if let Err(error) = called {
            self.raised.get_or_insert(error);
        }
    }
}

impl Observer for Told<'_> {
    fn batch(&mut self, epoch: usize, done: usize, rows: usize, loss: f64) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        self.call(|told, py| {
            if let Some(on_batch) = &told.on_batch {
                on_batch.call1(py, (epoch, done, rows, loss))?;
            }
            Ok(false)
        });
    }

    fn epoch(&mut self, record: &EpochRecord, best: bool) -> Result<()> {
        let record = to_string(record).unwrap_or_default();
        self.call(|told, py| match &told.on_epoch {
            Some(on_epoch) => on_epoch.call1(py, (record, best))?.is_truthy(py),
            None => Ok(false),
        });
        Ok(())
    }
}
