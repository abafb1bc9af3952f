//! What a run recorded of its training, found again.

use autoint::data::source::Source;
use autoint::simd::{ISA_VARIABLE, Isa};
use autoint::{Error, Result};

use super::data::named;

/// The data: those asked for, else those of the training. Tables are those of the training either way.
pub fn source(asked: &[String], recorded: &Source) -> Result<Source> {
    if !asked.is_empty() {
        return Ok(named(asked)?.with_tables(Some(recorded)));
    }
    match recorded.missing() {
        None => Ok(recorded.clone()),
        Some(path) => {
            let what = "the data of the training are not here: say where with --data";
            Err(Error::file(path, what))
        }
    }
}

/// The instruction set: the one the environment forces, else that of the training, else the fastest.
pub fn isa(recorded: &str) -> Result<Isa> {
    let forced = std::env::var_os(ISA_VARIABLE).is_some_and(|name| !name.is_empty());
    if forced {
        return Isa::choose();
    }
    Isa::named(recorded).or_else(|_| Isa::choose())
}
