//! Where data come from, as a user names it, and the readers behind it, one file a format.
//!
//! Reading order: [`reader`] (the door), [`cells`] and [`columns`] (what comes through), [`layout`] (how rows are written), the readers.

pub mod bytes;
pub mod cells;
pub mod columns;
pub mod csv;
mod display;
pub mod files;
pub mod join;
pub mod jsonl;
pub mod layout;
pub mod libsvm;
mod lines;
pub mod open;
pub mod parquet;
pub mod reader;
mod shared;
pub mod sniff;
pub mod table;
pub mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::open::open;
use self::table::TableReader;
use crate::data::catalogue::build::MOST_ROWS;
use crate::data::catalogue::{self, Catalogue};
use crate::data::dataset::Dataset;
use crate::data::encode::visit::{Seen, visit};
use crate::data::encode::{Inputs, Rules, encode_rows};
use crate::data::lookup::Lookup;
use crate::data::movielens::{self, ml1m, ml100k, protocols};
use crate::data::protocol::{Protocol, TableSpec};
use crate::data::schema::Schema;
use crate::data::store::Target;
use crate::data::synthetic::{SyntheticConfig, generate};
use crate::data::table::Table;
use crate::error::{Error, Result};

/// The folder that is used when nothing is asked for and its files are there.
pub const DEFAULT_FOLDER: &str = "data/ml-1m";

/// The word for the built-in synthetic set; `synthetic:5000` is one of 5,000 rows.
pub const SYNTHETIC: &str = "synthetic";

/// The protocol of MovieLens and synthetic data when none is asked for.
pub const DEFAULT_PROTOCOL: &str = "course";

/// A place that data come from; an example is on the page of [`crate::data`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// The built-in synthetic set: of the default size, or of that many rows.
    Synthetic {
        /// None: as many as [`SyntheticConfig`] has by default.
        rows: Option<usize>,
    },
    /// A folder with the files of MovieLens-1M or MovieLens-100K.
    Movielens {
        /// Which of the two sets is in it is told by the names of its files.
        folder: PathBuf,
    },
    /// A file written by [`Dataset::write`]: it holds its own protocol.
    Store {
        /// As `autoint prepare` writes it.
        file: PathBuf,
    },
    /// Files in a layout that the protocol knows.
    Files {
        /// The rows, or where the parts have files of their own the training rows.
        files: Vec<PathBuf>,
        /// The validation rows' and the test rows' own files, where they have some.
        #[serde(default)]
        valid: Vec<PathBuf>,
        /// As `valid`; empty where the split is drawn.
        #[serde(default)]
        test: Vec<PathBuf>,
        /// The files of joined tables, by name.
        #[serde(default)]
        tables: BTreeMap<String, Vec<PathBuf>>,
    },
    /// Nowhere: of a model that was imported without its data.
    Absent,
    /// A data frame that another program handed over in memory.
    Frame {
        /// How many there were; the rows themselves are gone.
        rows: usize,
    },
}

/// What to do where there are no data.
const ABSENT: &str = "the model was imported without data: name them with --data";
const FRAME: &str = "the model was trained on a data frame, which is gone: name data of the same columns with --data";

impl Source {
    /// The source called `text`: `synthetic`, a folder, a store, a file, or a pattern of files. Only its kind is looked at; nothing is read yet.
    ///
    /// # Errors
    /// When there is no such folder or file.
    pub fn named(text: &str) -> Result<Source> {
        if text == SYNTHETIC {
            return Ok(Source::Synthetic { rows: None });
        }
        if let Some(rows) = text.strip_prefix("synthetic:") {
            let what = format!("expected synthetic:ROWS with a whole number of rows, got `{text}`");
            let rows = rows.parse().map_err(|_| Error::config("--data", what))?;
            return Ok(Source::Synthetic { rows: Some(rows) });
        }
        let path = Path::new(text);
        let of_movielens = ml1m::FILES.iter().chain(&ml100k::FILES);
        if path.is_dir() {
            let empty = path
                .read_dir()
                .is_ok_and(|mut entries| entries.next().is_none());
            if empty || of_movielens.clone().any(|file| path.join(file).exists()) {
                let folder = path.to_owned();
                return Ok(Source::Movielens { folder });
            }
        } else if !path.exists() && !text.contains(['*', '?', '[']) {
            let what = "no such folder or file; `autoint download ml-1m` gets the data, `--data synthetic` needs none";
            return Err(Error::file(path, what));
        }
        if path.is_file() && Dataset::is_store(path)? {
            let file = path.to_owned();
            return Ok(Source::Store { file });
        }
        Ok(Source::of_files(files::expand(text, Path::new(""))?))
    }

    /// Files, without tables and with no files of their own for validation and test.
    pub fn of_files(files: Vec<PathBuf>) -> Source {
        Source::Files {
            files,
            valid: Vec::new(),
            test: Vec::new(),
            tables: BTreeMap::new(),
        }
    }

    /// What is used when nothing is asked for: MovieLens-1M in [`DEFAULT_FOLDER`] when any of its files is there (an
    /// incomplete folder is to be noticed, not passed over), otherwise the synthetic set.
    pub fn default_in(working_folder: &Path) -> Source {
        let folder = working_folder.join(DEFAULT_FOLDER);
        if ml1m::FILES.iter().any(|file| folder.join(file).exists()) {
            return Source::Movielens {
                folder: PathBuf::from(DEFAULT_FOLDER),
            };
        }
        Source::Synthetic { rows: None }
    }

    /// The raw table of MovieLens or synthetic data.
    ///
    /// # Errors
    /// When the files are not what their format says, or the source is no table in memory.
    pub fn table(&self) -> Result<Table> {
        match self {
            Source::Synthetic { rows: None } => generate(&SyntheticConfig::default()),
            Source::Synthetic { rows: Some(rows) } => generate(&SyntheticConfig::of_rows(*rows)),
            Source::Movielens { folder } => movielens::read(folder),
            Source::Store { file } => Err(Error::file(
                file,
                "is encoded already; give the files it was prepared from",
            )),
            Source::Files { .. } => Err(Error::file(
                self.to_string(),
                "is read in parts, not as a table",
            )),
            Source::Absent => Err(Error::Data(ABSENT.into())),
            Source::Frame { .. } => Err(Error::Data(FRAME.into())),
        }
    }

    /// The same source, with the joined tables of another.
    pub fn with_tables(mut self, other: Option<&Source>) -> Source {
        if let (Source::Files { tables, .. }, Some(Source::Files { tables: others, .. })) =
            (&mut self, other)
        {
            tables.clone_from(others);
        }
        self
    }

    /// A file or folder that is not there any more.
    pub fn missing(&self) -> Option<&Path> {
        let paths: Vec<&PathBuf> = match self {
            Source::Synthetic { .. } | Source::Absent | Source::Frame { .. } => Vec::new(),
            Source::Movielens { folder } => vec![folder],
            Source::Store { file } => vec![file],
            Source::Files {
                files, valid, test, ..
            } => files.iter().chain(valid).chain(test).collect(),
        };
        paths
            .into_iter()
            .find(|path| !path.exists())
            .map(PathBuf::as_path)
    }

    /// The protocol when none is asked for.
    ///
    /// # Errors
    /// When files are of no known layout, so that somebody has to say what they hold.
    pub fn protocol(&self) -> Result<Protocol> {
        match self {
            Source::Files { .. } => {
                let what = format!(
                    "needs a schema that says what its columns are: `autoint init {self}` writes one, --schema takes it"
                );
                Err(Error::file(self.to_string(), what))
            }
            _ => protocols::named(DEFAULT_PROTOCOL),
        }
    }

    /// The encoded data set, fitted anew under the protocol that was asked for, else the source's own.
    ///
    /// # Errors
    /// When reading or encoding fails, or a store was prepared with another protocol than the one asked for.
    pub fn encode(&self, asked: Option<&Protocol>, target: Target<'_>) -> Result<Dataset> {
        if let Source::Store { file } = self {
            return self.opened(file, asked);
        }
        let own = asked.is_none().then(|| self.protocol()).transpose()?;
        let Some(protocol) = asked.or(own.as_ref()) else {
            return Err(Error::Data("there is no protocol".into()));
        };
        let tables = self.tables(protocol)?;
        encode_rows(
            self.inputs(protocol)?,
            Rules::New(protocol, &tables),
            target,
        )
    }

    fn opened(&self, file: &Path, asked: Option<&Protocol>) -> Result<Dataset> {
        let data = Dataset::open(file)?;
        let own = &data.schema().protocol;
        let Some(asked) = asked.filter(|asked| *asked != own) else {
            return Ok(data);
        };
        let what = if asked.name != own.name {
            format!(
                "`{}` is asked for, but {} was prepared with `{}`",
                asked.name,
                file.display(),
                own.name
            )
        } else if asked.roles.weight != own.roles.weight {
            let named = |p: &Protocol| {
                p.roles
                    .weight
                    .as_ref()
                    .map_or("none".to_owned(), |c| format!("`{c}`"))
            };
            format!(
                "the weight column {} is asked for, but {} was prepared with {}",
                named(asked),
                file.display(),
                named(own)
            )
        } else {
            format!(
                "another `{}` is asked for than {} was prepared with",
                own.name,
                file.display()
            )
        };
        Err(Error::config(
            "protocol",
            format!("{what}: leave it out, or prepare the data anew"),
        ))
    }

    /// The data set encoded with a schema that was fitted before.
    ///
    /// # Errors
    /// When reading or encoding fails, or a store was encoded with another schema: its codes mean other values.
    pub fn encode_with(&self, schema: &Schema) -> Result<Dataset> {
        let Source::Store { file } = self else {
            let inputs = self.inputs(&schema.protocol)?;
            return encode_rows(inputs, Rules::Fitted(schema), Target::Anywhere);
        };
        let data = Dataset::open(file)?;
        if data.schema() != schema {
            let what = "was encoded with another schema than the model's (other fields or vocabularies); give the \
                raw files";
            return Err(Error::file(file, what));
        }
        Ok(data)
    }

    /// The data set encoded with a schema that takes in new values.
    ///
    /// # Errors
    /// As [`Source::encode_with`]; a store cannot grow.
    pub fn encode_grown(&self, schema: &Schema) -> Result<Dataset> {
        if let Source::Store { file } = self {
            let what = "is encoded already, so its values cannot be added to a vocabulary; give the raw files";
            return Err(Error::file(file, what));
        }
        let inputs = self.inputs(&schema.protocol)?;
        let mut schema = schema.clone();
        schema.tables.extend(self.tables(&schema.protocol)?);
        encode_rows(inputs, Rules::Grown(&schema), Target::Anywhere)
    }

    /// Who and what the raw rows are about; none where the protocol names no users or no items, rows are encoded already, or more than [`MOST_ROWS`].
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn catalogue(&self, protocol: &Protocol) -> Result<Option<Catalogue>> {
        let roles = &protocol.roles;
        if matches!(self, Source::Store { .. }) || roles.user.is_none() || roles.item.is_none() {
            return Ok(None);
        }
        let tables = self.tables(protocol)?;
        catalogue::build::build(self.inputs(protocol)?, protocol, &tables, MOST_ROWS)
    }

    /// Shows the raw rows that a protocol keeps, some at a time; false where the rows are encoded already.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn visit(&self, protocol: &Protocol, see: &mut dyn FnMut(&Seen<'_>)) -> Result<bool> {
        if matches!(self, Source::Store { .. }) {
            return Ok(false);
        }
        let tables = self.tables(protocol)?;
        visit(self.inputs(protocol)?, protocol, &tables, see)?;
        Ok(true)
    }

    /// The readers of the raw rows.
    fn inputs(&self, protocol: &Protocol) -> Result<Inputs> {
        let Source::Files {
            files, valid, test, ..
        } = self
        else {
            return Ok(vec![Box::new(TableReader::new(self.table()?))]);
        };
        let layout = protocol.input.layout();
        let mut inputs: Inputs = vec![open(files, &layout)?];
        if !valid.is_empty() || !test.is_empty() {
            for part in [valid, test] {
                inputs.push(match part.is_empty() {
                    true => Box::new(TableReader::new(Table::new(0))),
                    false => open(part, &layout)?,
                });
            }
        }
        Ok(inputs)
    }

    /// The tables that a protocol joins.
    fn tables(&self, protocol: &Protocol) -> Result<BTreeMap<String, Lookup>> {
        let Source::Files { tables, .. } = self else {
            return Ok(BTreeMap::new());
        };
        let load = |(name, spec): (&String, &TableSpec)| {
            let files = tables.get(name).map(Vec::as_slice).unwrap_or_default();
            if files.is_empty() {
                let what =
                    format!("table `{name}` has no file: name it as `file` in [tables.{name}]");
                return Err(Error::Data(what));
            }
            let lookup = join::load(files, &spec.layout(), &spec.key)?;
            Ok((name.clone(), lookup))
        };
        protocol.tables.iter().map(load).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synthetic(rows: usize) -> Source {
        Source::Synthetic { rows: Some(rows) }
    }

    fn encoded(source: &Source, protocol: &str) -> Result<Dataset> {
        source.encode(Some(&protocols::named(protocol)?), Target::Anywhere)
    }

    #[test]
    fn a_source_is_told_by_its_name_and_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let data = synthetic(50).encode(None, Target::Anywhere).unwrap();
        data.write(path("store")).unwrap();
        std::fs::create_dir(path("ml")).unwrap();
        std::fs::write(path("ml/ratings.dat"), "").unwrap();

        for text in ["synthetic", "synthetic:50"] {
            assert_eq!(Source::named(text).unwrap().to_string(), text);
        }
        let none = Source::Synthetic { rows: None };
        assert_eq!(Source::named("synthetic").unwrap(), none);
        let store = Source::named(&path("store")).unwrap();
        let file = path("store").into();
        assert_eq!(store, Source::Store { file });
        let json = serde_json::to_string(&store).unwrap();
        assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), store);
        let ml = Source::named(&path("ml")).unwrap();
        let folder = path("ml").into();
        assert_eq!(ml, Source::Movielens { folder });
        std::fs::write(path("text"), "a,b\n").unwrap();
        let text = Source::named(&path("text")).unwrap();
        assert_eq!(text, Source::of_files(vec![path("text").into()]));
        let error = text.encode(None, Target::Anywhere).unwrap_err().to_string();
        assert!(error.contains("autoint init"), "{error}");
        for (text, what) in [
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
        let raw = synthetic(60);
        encoded(&raw, "recbole").unwrap().write(&path).unwrap();
        let store = Source::Store { file: path };
        let own = store.encode(None, Target::Anywhere).unwrap();
        assert_eq!(own.protocol_name(), "recbole");
        assert!(encoded(&store, "recbole").is_ok());
        let error = encoded(&store, "paper").unwrap_err();
        assert!(error.to_string().contains("prepared with `recbole`"));

        let same = raw.encode_with(own.schema()).unwrap();
        assert_eq!(same.fingerprint(), own.fingerprint());
        assert!(store.encode_with(own.schema()).is_ok());
        let other = encoded(&synthetic(61), "recbole");
        let error = store.encode_with(other.unwrap().schema()).unwrap_err();
        assert!(error.to_string().contains("another schema"), "{error}");
        assert!(store.table().is_err());
    }

    #[test]
    fn a_store_that_is_made_while_it_is_encoded_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let protocol = protocols::named("recbole").unwrap();
        let made = synthetic(80)
            .encode(Some(&protocol), Target::Store(&path))
            .unwrap();
        let opened = Dataset::open(&path).unwrap();
        let memory = encoded(&synthetic(80), "recbole").unwrap();
        assert_eq!(opened.fingerprint(), memory.fingerprint());
        assert_eq!(made.fingerprint(), memory.fingerprint());
        let again = folder.path().join("again");
        memory.write(&again).unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap(),
            std::fs::read(&again).unwrap()
        );
    }

    #[test]
    fn the_default_is_movielens_when_any_of_its_files_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let default = || Source::default_in(folder.path());
        assert_eq!(default(), Source::Synthetic { rows: None });
        let data = folder.path().join(DEFAULT_FOLDER);
        std::fs::create_dir_all(&data).unwrap();
        assert_eq!(default(), Source::Synthetic { rows: None });
        std::fs::write(data.join("ratings.dat"), "").unwrap();
        let folder = DEFAULT_FOLDER.into();
        assert_eq!(default(), Source::Movielens { folder });
    }
}
