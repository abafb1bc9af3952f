//! One error type for the whole library: each variant says where, what was expected, what was found, and what to do.

use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. Every message is one sentence that a user can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder, as messages show it.
        path: PathBuf,
        /// An infinitive: "read", "create", "replace".
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of an input file is not what its format says.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file, as the user named it.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong, and what was expected; a sentence whose subject is the line.
        what: String,
    },
    /// A whole file is not what it should be (truncated, altered, of another kind or version).
    #[error("{}: {what}", path.display())]
    File {
        /// The file or folder, as the user named it.
        path: PathBuf,
        /// What is wrong, and what to do; a sentence whose subject is the file.
        what: String,
    },
    /// A setting makes no sense; `key` is its name in the configuration file.
    #[error("setting `{key}`: {what}")]
    Config {
        /// With its section, `train.epochs`; an option of the command line where there is no such setting.
        key: String,
        /// What was expected, and what was got.
        what: String,
    },
    /// An op was given shapes it cannot take.
    #[error("op `{op}`: {what}")]
    Shape {
        /// Its name on the tape.
        op: String,
        /// What was expected, and what was got.
        what: String,
    },
    /// The data as a whole cannot be used (no rows left, a column missing, ...).
    #[error("{0}")]
    Data(String),
    /// A NaN or an infinity appeared.
    #[error(
        "op `{op}` produced a value that is not finite in batch {batch}: lower the learning rate or check the numeric fields"
    )]
    NotFinite {
        /// Its label on the tape, or the tensor whose gradient it was.
        op: String,
        /// Of all epochs, counted from 1.
        batch: u64,
    },
    /// A transfer over the network failed.
    #[error("{url}: {what}")]
    Download {
        /// What was asked for.
        url: String,
        /// What the other end, or the connection, said.
        what: String,
    },
}

impl Error {
    /// An [`Error::Io`] for `path`; use as `.map_err(Error::io(path, "read"))`.
    pub fn io(
        path: impl AsRef<Path>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io {
            path,
            action,
            source,
        }
    }

    /// An [`Error::File`].
    pub fn file(path: impl AsRef<Path>, what: impl Into<String>) -> Error {
        Error::File {
            path: path.as_ref().to_path_buf(),
            what: what.into(),
        }
    }

    /// An [`Error::Line`]; `line` is counted from 1.
    pub fn line(path: impl AsRef<Path>, line: u64, what: impl Into<String>) -> Error {
        Error::Line {
            path: path.as_ref().to_path_buf(),
            line,
            what: what.into(),
        }
    }

    /// An [`Error::Config`].
    pub fn config(key: impl Into<String>, what: impl Into<String>) -> Error {
        Error::Config {
            key: key.into(),
            what: what.into(),
        }
    }

    /// An [`Error::Shape`].
    pub fn shape(op: impl Into<String>, what: impl Into<String>) -> Error {
        Error::Shape {
            op: op.into(),
            what: what.into(),
        }
    }
}

/// A message of several lines, as parsers give them, in one.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
