//! The engine in Python: what `import autoint` stands on.
//!
//! Thin on purpose. Data frames come in ([`frame`]; [`arrow`] and [`objects`] for the two ways that columns come), a training ends
//! in a run directory as the command line writes one ([`mod@train`], [`told`]), and a run answers ([`model`]). Requests and answers that are no
//! arrays are JSON; the Python files beside this one make objects of them. [`guarded`] stands between both worlds: it lets other Python
//! threads run while the engine works, and turns whatever goes wrong into an exception.

mod arrow;
mod codes;
mod frame;
mod guarded;
mod model;
mod objects;
mod row;
mod schema;
mod texts;
mod told;
mod train;

use pyo3::prelude::*;

/// The engine.
#[pymodule]
mod _engine {
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::schema::{drafted, movielens, synthetic};
    #[pymodule_export]
    use super::train::train;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
