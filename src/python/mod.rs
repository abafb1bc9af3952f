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
use pyo3::wrap_pyfunction;

/// The engine.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_function(wrap_pyfunction!(train::train, module)?)?;
    module.add_function(wrap_pyfunction!(schema::drafted, module)?)?;
    module.add_function(wrap_pyfunction!(schema::synthetic, module)?)?;
    module.add_function(wrap_pyfunction!(schema::movielens, module)?)
}
