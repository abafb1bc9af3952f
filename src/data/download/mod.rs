//! `autoint download`: fetch a MovieLens set from GroupLens, check it, and put it in place whole or not at all.
//!
//! Everything happens in a temporary folder beside the target: the archive is streamed into it and compared with its
//! published MD5 sum, the expected files are unpacked, read by the readers and counted. Only then are they renamed into
//! the target. Whatever goes wrong before leaves the target as it was.

mod fetch;
mod place;
mod unpack;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::movielens::{self, MovieLens, ml1m, ml100k};
use crate::error::{Error, Result};

/// The terms of GroupLens in short, to show after every download.
pub const LICENCE: &str = "\
The data belongs to GroupLens Research at the University of Minnesota. In short: use it for research, do not \
redistribute it without their permission, do not use it commercially without their permission, do not suggest that they \
endorse you, and cite F. Maxwell Harper and Joseph A. Konstan, \"The MovieLens Datasets: History and Context\", ACM TiiS \
5(4), 2015, in what you publish. The README of the data set holds the full terms, which are the ones that count.";

/// A data set that can be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadSet {
    /// MovieLens-1M, an archive of about 6 MB.
    Ml1m,
    /// MovieLens-100K, an archive of about 5 MB.
    Ml100k,
}

/// How to download; the default is what a user without wishes needs.
#[derive(Debug, Clone)]
pub struct DownloadOptions {
    /// The address of the zip archive; its MD5 sum is read from this address + `.md5`. Default: GroupLens'.
    pub url: Option<String>,
    /// The folder for the files. Default: `data/<name of the set>`.
    pub to: Option<PathBuf>,
    /// Replace the files of the set that the folder already holds.
    pub force: bool,
    /// How long to wait for a connection. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes. Default: 30 s.
    pub read_timeout: Duration,
    /// The most bytes the archive may have. Default: 200 MB.
    pub largest_archive: u64,
    /// The most bytes its files may have together. Default: 1 GB.
    pub largest_unpacked: u64,
    /// What the set must hold. Default: the published counts.
    pub expected: Option<Counts>,
    /// Whether to obey the proxy variables of the environment. Default: yes.
    pub proxy_from_environment: bool,
}

impl Default for DownloadOptions {
    fn default() -> DownloadOptions {
        DownloadOptions {
            url: None,
            to: None,
            force: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            largest_archive: 200_000_000,
            largest_unpacked: 1_000_000_000,
            expected: None,
            proxy_from_environment: true,
        }
    }
}

/// How much a data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub ratings: usize,
    pub users: usize,
    /// Movies of the catalogue, those without a rating included.
    pub movies: usize,
}

/// What a download did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadReport {
    /// The folder that holds the files.
    pub folder: PathBuf,
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
        counts: Counts,
        /// The names of the files in the folder.
        files: Vec<String>,
    },
}

impl DownloadSet {
    /// The name on the command line, of the default folder and of the archive.
    pub fn name(self) -> &'static str {
        match self {
            DownloadSet::Ml1m => "ml-1m",
            DownloadSet::Ml100k => "ml-100k",
        }
    }

    /// GroupLens' address of the archive.
    pub fn url(self) -> &'static str {
        match self {
            DownloadSet::Ml1m => "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
            DownloadSet::Ml100k => "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        }
    }

    /// The published counts.
    pub fn counts(self) -> Counts {
        let (ratings, users, movies) = match self {
            DownloadSet::Ml1m => (1_000_209, 6_040, 3_883),
            DownloadSet::Ml100k => (100_000, 943, 1_682),
        };
        Counts {
            ratings,
            users,
            movies,
        }
    }

    /// The files that the readers need.
    fn required(self) -> &'static [&'static str] {
        match self {
            DownloadSet::Ml1m => &ml1m::FILES,
            DownloadSet::Ml100k => &ml100k::FILES,
        }
    }

    /// The files that are taken along when the archive has them.
    fn welcome(self) -> &'static [&'static str] {
        match self {
            DownloadSet::Ml1m => &["README"],
            DownloadSet::Ml100k => &["README", "u.info", "u.genre", "u.occupation"],
        }
    }

    fn load(self, dir: &Path) -> Result<MovieLens> {
        match self {
            DownloadSet::Ml1m => movielens::ml1m::load(dir),
            DownloadSet::Ml100k => movielens::ml100k::load(dir),
        }
    }
}

impl FromStr for DownloadSet {
    type Err = Error;

    fn from_str(name: &str) -> Result<DownloadSet> {
        [DownloadSet::Ml1m, DownloadSet::Ml100k]
            .into_iter()
            .find(|set| set.name() == name)
            .ok_or_else(|| {
                Error::Data(format!(
                    "unknown data set `{name}`, expected ml-1m or ml-100k"
                ))
            })
    }
}

impl fmt::Display for DownloadSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ratings, {} users and {} movies",
            self.ratings, self.users, self.movies
        )
    }
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
