//! What a run recorded of its training, found again.

use autoint::data::source::Source;
use autoint::simd::{ISA_VARIABLE, Isa};
use autoint::{Error, Result};

/// The data: those asked for, else those of the training.
pub fn source(asked: Option<&str>, recorded: &str) -> Result<Source> {
    if let Some(data) = asked {
        return Source::named(data);
    }
    Source::named(recorded).map_err(|error| match error {
        Error::File { .. } => {
            let what = "the data of the training are not here: say where with --data";
            Error::file(recorded, what)
        }
        other => other,
    })
}

/// The instruction set: the one the environment forces, else that of the training, else the fastest.
pub fn isa(recorded: &str) -> Result<Isa> {
    let forced = std::env::var_os(ISA_VARIABLE).is_some_and(|name| !name.is_empty());
    if forced {
        return Isa::choose();
    }
    Isa::named(recorded).or_else(|_| Isa::choose())
}
