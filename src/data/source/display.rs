//! A source as a person reads it: what names it on the command line, where that is short.

use std::fmt;

use super::{SYNTHETIC, Source};

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Synthetic { rows: None } => f.write_str(SYNTHETIC),
            Source::Synthetic { rows: Some(rows) } => write!(f, "{SYNTHETIC}:{rows}"),
            Source::Absent => f.write_str("none"),
            Source::Frame { rows } => write!(f, "a data frame of {rows} rows"),
            Source::Movielens { folder } => folder.display().fmt(f),
            Source::Store { file } => file.display().fmt(f),
            Source::Files { files, .. } => match &files[..] {
                [] => f.write_str("no file"),
                [one] => one.display().fmt(f),
                [first, more @ ..] => {
                    write!(f, "{} and {} more files", first.display(), more.len())
                }
            },
        }
    }
}
