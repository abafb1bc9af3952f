//! `autoint download`: fetch a MovieLens set from GroupLens, check it, and put it in place whole or not at all.
//!
//! Everything happens in a temporary folder beside the target: the archive is streamed into it and compared with its
//! published MD5 sum, the expected files are unpacked, read by the readers and counted. Only then are they renamed into
//! the target. Whatever goes wrong before leaves the target as it was.

mod fetch;
mod place;
mod set;
mod unpack;

use std::path::{Path, PathBuf};

pub use self::set::{Counts, DownloadOptions, DownloadSet};
use crate::error::{Error, Result};

/// The terms of GroupLens in short, to show after every download.
pub const LICENCE: &str = "\
The data belongs to GroupLens Research at the University of Minnesota. In short: use it for research, do not \
redistribute it without their permission, do not use it commercially without their permission, do not suggest that they \
endorse you, and cite F. Maxwell Harper and Joseph A. Konstan, \"The MovieLens Datasets: History and Context\", ACM TiiS \
5(4), 2015, in what you publish. The README of the data set holds the full terms, which are the ones that count.";

/// What a download did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadReport {
    /// The folder that holds the files.
    pub folder: PathBuf,
    /// Whether the files are new.
    pub outcome: Outcome,
    /// The terms of use, to be shown to the user.
    pub licence: &'static str,
}

/// Whether anything was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The folder already held the files; nothing was fetched or changed.
    AlreadyThere,
    /// The files are new.
    Downloaded {
        /// The size of the archive.
        bytes: u64,
        /// What the files hold, as the readers have counted it.
        counts: Counts,
        /// The names of the files in the folder.
        files: Vec<String>,
    },
}

/// Downloads a data set into a folder. `progress` is called with the bytes received so far and, when the server told it,
/// the size of the archive.
///
/// # Errors
/// When the folder holds only a part of the files (unless `force`); when the transfer fails, stalls, is too large or does
/// not have the published MD5 sum; when the archive is not safe to unpack, lacks a file, or its files are not the data
/// set. The folder is untouched then.
pub fn download(
    set: DownloadSet,
    options: &DownloadOptions,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<DownloadReport> {
    let folder = match &options.to {
        Some(folder) => folder.clone(),
        None => Path::new("data").join(set.name()),
    };
    let report = |outcome| DownloadReport {
        folder: folder.clone(),
        outcome,
        licence: LICENCE,
    };
    if !options.force && place::holds_all(&folder, set.required())? {
        return Ok(report(Outcome::AlreadyThere));
    }
    let url = options.url.as_deref().unwrap_or(set.url());
    let target = place::Target::prepare(&folder, set.name())?;

    let archive = target.scratch().join("archive.zip");
    let bytes = fetch::fetch(url, options, &archive, progress)?;
    let unpacked = target.scratch().join("files");
    let files =
        unpack::unpack(&archive, &unpacked, set, options.largest_unpacked).map_err(|what| {
            Error::Download {
                url: url.to_string(),
                what: format!("{what}; nothing was changed in {}", folder.display()),
            }
        })?;
    let counts = verify(
        set,
        &unpacked,
        url,
        options.expected.unwrap_or(set.counts()),
    )?;
    target.fill(&unpacked, &files)?;
    Ok(report(Outcome::Downloaded {
        bytes,
        counts,
        files,
    }))
}

/// Reads the unpacked files as the trainer will, and counts.
fn verify(set: DownloadSet, dir: &Path, url: &str, expected: Counts) -> Result<Counts> {
    let refuse = |what| Error::Download {
        url: url.to_string(),
        what,
    };
    let data = set.load(dir).map_err(|error| {
        // The folder is temporary: the name of the file is what helps.
        let prefix = format!("{}{}", dir.display(), std::path::MAIN_SEPARATOR);
        let what = error.to_string().replace(&prefix, "");
        refuse(format!(
            "the archive does not hold a readable {set}: {what}"
        ))
    })?;
    let found = Counts {
        ratings: data.ratings.len(),
        users: data.users.len(),
        movies: data.movies.len(),
    };
    if found == expected {
        Ok(found)
    } else {
        Err(refuse(format!(
            "the archive holds {found}, but {set} has {expected}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for set in [DownloadSet::Ml1m, DownloadSet::Ml100k] {
            assert_eq!(set.to_string().parse::<DownloadSet>().unwrap(), set);
            assert!(
                set.url().starts_with("https://") && set.url().ends_with(&format!("{set}.zip"))
            );
        }
        let error = "ml-10m".parse::<DownloadSet>().unwrap_err().to_string();
        assert!(error.contains("`ml-10m`, expected ml-1m or ml-100k"));
    }
}
