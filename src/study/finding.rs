//! What a check finds: the fact with its numbers, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grave {
    /// Numbers measured on these data mean little.
    Error,
    /// They may be too good, or a field is wasted.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Grave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Grave::Error => "error",
            Grave::Warning => "warning",
            Grave::Note => "note",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What findings are sorted by.
    pub grave: Grave,
    /// The check that found it.
    pub check: &'static str,
    /// The field it is about; empty for all of the data.
    pub field: String,
    /// The fact, with its numbers.
    pub what: String,
    /// What to do.
    pub advice: String,
}
