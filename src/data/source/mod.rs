//! Where data come from, as a user names it: a MovieLens folder, a file written by `autoint prepare`, or the synthetic set.

pub mod cells;
pub mod columns;
pub mod layout;
pub mod reader;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::data::dataset::Dataset;
use crate::data::encode::{encode, encode_with};
use crate::data::movielens::{self, ml1m};
use crate::data::protocol::Protocol;
use crate::data::schema::Schema;
use crate::data::synthetic::{SyntheticConfig, generate};
use crate::data::table::Table;
use crate::error::{Error, Result};

/// The folder that is used when nothing is asked for and its files are there.
pub const DEFAULT_FOLDER: &str = "data/ml-1m";

/// The word for the built-in synthetic set; `synthetic:5000` is one of 5,000 rows.
pub const SYNTHETIC: &str = "synthetic";

/// How data are to be encoded; `None` leaves it to the source or its default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// See [`Protocol::named`].
    pub protocol: Option<&'a str>,
    /// See [`Protocol::weight_column`].
    pub weight_column: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// A protocol, without weights.
    pub fn protocol(name: &'a str) -> Asked<'a> {
        Asked {
            protocol: Some(name),
            weight_column: None,
        }
    }
}

/// A place that data come from. Its `Display` is what [`Source::named`] reads back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The built-in synthetic set: of the default size, or of that many rows.
    Synthetic(Option<usize>),
    /// A folder with the files of MovieLens-1M or MovieLens-100K.
    Folder(PathBuf),
    /// A file written by [`Dataset::write`]: it holds its own protocol.
    Store(PathBuf),
}

impl Source {
    /// The source called `text`. Only its kind is looked at; nothing is read yet.
    ///
    /// # Errors
    /// When there is no such folder or file, or the file is no store.
    pub fn named(text: &str) -> Result<Source> {
        if text == SYNTHETIC {
            return Ok(Source::Synthetic(None));
        }
        if let Some(rows) = text.strip_prefix("synthetic:") {
            let what = format!("expected synthetic:ROWS with a whole number of rows, got `{text}`");
            let rows = rows.parse().map_err(|_| Error::config("--data", what))?;
            return Ok(Source::Synthetic(Some(rows)));
        }
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Source::Folder(path.to_owned()));
        }
        if !path.exists() {
            let what = "no such folder or file; `autoint download ml-1m` gets the data, `--data synthetic` needs none";
            return Err(Error::file(path, what));
        }
        if Dataset::is_store(path)? {
            return Ok(Source::Store(path.to_owned()));
        }
        let what = "is neither a folder with MovieLens files nor a whole file written by `autoint prepare`";
        Err(Error::file(path, what))
    }

    /// What is used when nothing is asked for: MovieLens-1M in [`DEFAULT_FOLDER`] when any of its files is there (an
    /// incomplete folder is to be noticed, not passed over), otherwise the synthetic set.
    pub fn default_in(working_folder: &Path) -> Source {
        let folder = working_folder.join(DEFAULT_FOLDER);
        if ml1m::FILES.iter().any(|file| folder.join(file).exists()) {
            return Source::Folder(PathBuf::from(DEFAULT_FOLDER));
        }
        Source::Synthetic(None)
    }

    /// The raw table.
    ///
    /// # Errors
    /// When the files are not what their format says, or the source is a store, which has no raw values any more.
    pub fn table(&self) -> Result<Table> {
        match self {
            Source::Synthetic(None) => generate(&SyntheticConfig::default()),
            Source::Synthetic(Some(rows)) => generate(&SyntheticConfig::of_rows(*rows)),
            Source::Folder(folder) => movielens::read(folder),
            Source::Store(path) => Err(Error::file(
                path,
                "is encoded already; give the folder it was prepared from",
            )),
        }
    }

    /// The encoded data set, fitted anew under the protocol that was asked for, else `default`. A store has its own protocol
    /// and weights.
    ///
    /// # Errors
    /// When reading or encoding fails, or a store was prepared with others than those asked for.
    pub fn encode(&self, asked: Asked<'_>, default: &str) -> Result<Dataset> {
        let Source::Store(path) = self else {
            let mut protocol = Protocol::named(asked.protocol.unwrap_or(default))?;
            protocol.weight_column = asked.weight_column.map(str::to_owned);
            return encode(&self.table()?, &protocol);
        };
        let data = Dataset::open(path)?;
        let same = |what, asked: Option<&str>, own: &str| match asked {
            Some(asked) if asked != own => Err(Error::config(
                what,
                format!(
                    "`{asked}` is asked for, but {} was prepared with `{own}`: leave it out, or prepare the data anew",
                    path.display(),
                ),
            )),
            _ => Ok(()),
        };
        same("protocol", asked.protocol, data.protocol_name())?;
        let weights = data.schema().weight_column.as_deref();
        same(
            "weight column",
            asked.weight_column,
            weights.unwrap_or("none"),
        )?;
        Ok(data)
    }

    /// The data set encoded with a schema that was fitted before.
    ///
    /// # Errors
    /// When reading or encoding fails, or a store was encoded with another schema: its codes mean other values.
    pub fn encode_with(&self, schema: &Schema) -> Result<Dataset> {
        let Source::Store(path) = self else {
            let protocol = Protocol::named(&schema.protocol)?;
            return encode_with(schema, &self.table()?, &protocol);
        };
        let data = Dataset::open(path)?;
        if data.schema() != schema {
            let what = "was encoded with another schema than the model's (other fields or vocabularies); give the folder with \
                the raw files";
            return Err(Error::file(path, what));
        }
        Ok(data)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Synthetic(None) => f.write_str(SYNTHETIC),
            Source::Synthetic(Some(rows)) => write!(f, "{SYNTHETIC}:{rows}"),
            Source::Folder(path) | Source::Store(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_told_by_its_name_and_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let data = Source::Synthetic(Some(50))
            .encode(Asked::default(), "course")
            .unwrap();
        data.write(path("store")).unwrap();
        std::fs::write(path("text"), "no store").unwrap();

        for text in ["synthetic", "synthetic:50"] {
            assert_eq!(Source::named(text).unwrap().to_string(), text);
        }
        assert_eq!(Source::named("synthetic").unwrap(), Source::Synthetic(None));
        let store = Source::named(&path("store")).unwrap();
        assert_eq!(store, Source::Store(path("store").into()));
        let here = folder.path().to_str().unwrap();
        assert_eq!(Source::named(here).unwrap(), Source::Folder(here.into()));
        for (text, what) in [
            (path("text"), "neither a folder"),
            (path("none"), "no such folder or file"),
            ("synthetic:many".to_owned(), "synthetic:ROWS"),
        ] {
            let error = Source::named(&text).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_store_keeps_its_protocol_and_schema() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let raw = Source::Synthetic(Some(60));
        raw.encode(Asked::protocol("recbole"), "course")
            .unwrap()
            .write(&path)
            .unwrap();
        let store = Source::Store(path);
        let own = store.encode(Asked::default(), "course").unwrap();
        assert_eq!(own.protocol_name(), "recbole");
        assert!(store.encode(Asked::protocol("recbole"), "course").is_ok());
        let error = store
            .encode(Asked::protocol("paper"), "course")
            .unwrap_err();
        assert!(error.to_string().contains("prepared with `recbole`"));

        let same = raw.encode_with(own.schema()).unwrap();
        assert_eq!(same.fingerprint(), own.fingerprint());
        assert!(store.encode_with(own.schema()).is_ok());
        let other = Source::Synthetic(Some(61)).encode(Asked::protocol("recbole"), "");
        let error = store.encode_with(other.unwrap().schema()).unwrap_err();
        assert!(error.to_string().contains("another schema"), "{error}");
        assert!(store.table().is_err());
    }

    #[test]
    fn the_default_is_movielens_when_any_of_its_files_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let default = || Source::default_in(folder.path());
        assert_eq!(default(), Source::Synthetic(None));
        let data = folder.path().join(DEFAULT_FOLDER);
        std::fs::create_dir_all(&data).unwrap();
        assert_eq!(default(), Source::Synthetic(None));
        std::fs::write(data.join("ratings.dat"), "").unwrap();
        assert_eq!(default(), Source::Folder(DEFAULT_FOLDER.into()));
    }
}
