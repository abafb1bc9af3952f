//! What can be downloaded, and how.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::data::movielens::{self, MovieLens, ml1m, ml100k};
use crate::error::{Error, Result};

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
    /// Lines of the file of ratings.
    pub ratings: usize,
    /// Lines of the file of users.
    pub users: usize,
    /// Movies of the catalogue, those without a rating included.
    pub movies: usize,
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
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            DownloadSet::Ml1m => &ml1m::FILES,
            DownloadSet::Ml100k => &ml100k::FILES,
        }
    }

    /// The files that are taken along when the archive has them.
    pub(super) fn welcome(self) -> &'static [&'static str] {
        match self {
            DownloadSet::Ml1m => &["README"],
            DownloadSet::Ml100k => &["README", "u.info", "u.genre", "u.occupation"],
        }
    }

    pub(super) fn load(self, dir: &Path) -> Result<MovieLens> {
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
