//! Work of the engine, called from Python.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::error::{Error, Result};

/// The process that the engine's threads were started in.
static PROCESS: OnceLock<u32> = OnceLock::new();

/// Does some work while other Python threads run.
///
/// # Errors
/// `ValueError` for data and settings, `OSError` for files; `RuntimeError` for a defect of the engine, and in a process that was forked
/// from one whose threads it does not have: work there would wait forever.
pub fn guarded<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let own = std::process::id();
    if *PROCESS.get_or_init(|| own) != own {
        let what = "autoint was used before this process was forked, so its threads are not here: \
            start workers by `spawn` (joblib's loky, multiprocessing.set_start_method(\"spawn\"))";
        return Err(PyRuntimeError::new_err(what));
    }
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(done) => done.map_err(exception),
        Err(panic) => Err(PyRuntimeError::new_err(format!(
            "this is a defect of autoint, please report it: {}",
            said(panic.as_ref())
        ))),
    }
}

/// The exception of an error.
pub fn exception(error: Error) -> PyErr {
    let told = error.to_string();
    match error {
        Error::Io { .. } | Error::File { .. } | Error::Download { .. } => PyOSError::new_err(told),
        _ => PyValueError::new_err(told),
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it did not say what")
}
