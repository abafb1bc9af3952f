//! What the commands are told about data, shared by them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::data::dataset::Dataset;
use autoint::data::movielens::protocols;
use autoint::data::protocol::{OnBad, OnDuplicate, Protocol, file, ready};
use autoint::data::source::columns::ColumnRef;
use autoint::data::source::{DEFAULT_FOLDER, DEFAULT_PROTOCOL, Source};
use autoint::data::split::{SplitRule, listed};
use autoint::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::HumanCount;

/// Which data, and how they are read.
#[derive(Debug, Clone, Default, Args)]
pub struct DataOptions {
    /// The data: files, folders of part files or patterns in the schema's layout, a folder with the files of MovieLens-1M or
    /// MovieLens-100K, a file written by `prepare`, or `synthetic` (`synthetic:ROWS` for another size) [default: the schema's,
    /// else data/ml-1m when it is there, else synthetic]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    pub data: Vec<String>,
    /// A schema file, as `autoint init` writes one, or a ready one: criteo, avazu
    #[arg(long, value_name = "FILE.toml", conflicts_with = "protocol")]
    schema: Option<PathBuf>,
    /// Which rows, fields, labels and split of MovieLens [default: course, or what the data were prepared with]
    #[arg(long, value_parser = PossibleValuesParser::new(protocols::NAMES))]
    protocol: Option<String>,
    /// The numeric column of the raw data that says what a row counts in the loss [default: every row counts 1, or as the
    /// schema says]
    #[arg(long, value_name = "NAME")]
    weight_column: Option<String>,
    /// What to do with a row that is not what its format or its field says [default: error, or as the schema says]
    #[arg(long, value_parser = PossibleValuesParser::new(["error", "skip"]))]
    on_bad_row: Option<String>,
    /// Take the parts of the split from a file with a line for each kept row, `train`, `valid`, `test` or `none`, as `prepare --split-to`
    /// writes it
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
    /// What to do with rows of the same user, item and time [default: keep, or as the schema says]
    #[arg(long, value_parser = PossibleValuesParser::new(["error", "keep", "last"]))]
    on_duplicate: Option<String>,
}

/// What was asked for.
pub struct Asked {
    pub source: Source,
    /// `None`: the source's own.
    pub protocol: Option<Protocol>,
    /// Whether a schema of the user's was named: a run is then called like it.
    pub by_schema: bool,
}

impl DataOptions {
    /// The source, and the protocol when one was asked for. Says so when the built-in data are used for want of others.
    ///
    /// # Errors
    /// When the schema file or the data are not what they should be.
    pub fn asked(&self, out: &mut dyn Write) -> anyhow::Result<Asked> {
        let (mut protocol, of_schema) = self.protocol()?;
        let named = (!self.data.is_empty())
            .then(|| named(&self.data))
            .transpose()?;
        let source = match (named, of_schema) {
            (Some(source), of_schema) => source.with_tables(of_schema.as_ref()),
            (None, Some(source)) => source,
            (None, None) if self.schema.is_some() => {
                let what = "names no `files` in [input]: name them there, or give --data";
                return Err(
                    Error::file(self.schema.as_deref().unwrap_or(Path::new("")), what).into(),
                );
            }
            (None, None) => default(out)?,
        };
        if protocol.is_none() && self.changes_protocol() && !matches!(source, Source::Store { .. })
        {
            protocol = Some(source.protocol()?);
        }
        if let Some(protocol) = &mut protocol {
            self.change(protocol)?;
        } else if self.changes_protocol() {
            let Source::Store { file } = &source else {
                anyhow::bail!("there is no protocol to change");
            };
            let mut own = Dataset::open(file)?.schema().protocol.clone();
            self.change(&mut own)?;
            protocol = Some(own);
        }
        Ok(Asked {
            source,
            protocol,
            by_schema: self.has_schema(),
        })
    }

    /// The protocol, that of MovieLens when none is named, and the source when one is.
    ///
    /// # Errors
    /// As [`DataOptions::asked`].
    pub fn named(&self) -> Result<(Protocol, Option<Source>)> {
        let (protocol, of_schema) = self.protocol()?;
        let source = match self.data.is_empty() {
            true => of_schema,
            false => Some(named(&self.data)?.with_tables(of_schema.as_ref())),
        };
        let mut protocol = match (protocol, &source) {
            (Some(protocol), _) => protocol,
            (None, Some(source)) => source.protocol()?,
            (None, None) => protocols::named(DEFAULT_PROTOCOL)?,
        };
        self.change(&mut protocol)?;
        Ok((protocol, source))
    }

    fn protocol(&self) -> Result<(Option<Protocol>, Option<Source>)> {
        if let Some(name) = &self.protocol {
            return Ok((Some(protocols::named(name)?), None));
        }
        let Some(path) = &self.schema else {
            return Ok((None, None));
        };
        let ready = path.to_str().filter(|name| ready::NAMES.contains(name));
        if let Some(name) = ready.filter(|_| !path.exists()) {
            return Ok((Some(ready::named(name)?), None));
        }
        let (protocol, source) = file::read(path)?;
        Ok((Some(protocol), source))
    }

    /// Whether a schema was named.
    pub fn has_schema(&self) -> bool {
        self.schema.is_some()
    }

    fn changes_protocol(&self) -> bool {
        self.weight_column.is_some()
            || self.on_bad_row.is_some()
            || self.on_duplicate.is_some()
            || self.split_file.is_some()
    }

    fn change(&self, protocol: &mut Protocol) -> Result<()> {
        if let Some(file) = &self.split_file {
            protocol.split = SplitRule::Listed {
                file: std::path::absolute(file).map_err(Error::io(file, "find"))?,
                sha256: Some(listed::sum(file)?),
            };
        }
        if let Some(column) = &self.weight_column {
            protocol.roles.weight = Some(ColumnRef::Name(column.clone()));
        }
        match self.on_bad_row.as_deref() {
            Some("skip") => protocol.rows.on_bad = OnBad::Skip,
            Some(_) => protocol.rows.on_bad = OnBad::Error,
            None => {}
        }
        match self.on_duplicate.as_deref() {
            Some("error") => protocol.rows.on_duplicate = OnDuplicate::Error,
            Some("last") => protocol.rows.on_duplicate = OnDuplicate::Last,
            Some(_) => protocol.rows.on_duplicate = OnDuplicate::Keep,
            None => {}
        }
        Ok(())
    }
}

/// The source of these names: one of any kind, or several files.
///
/// # Errors
/// When one is not there.
pub fn named(texts: &[String]) -> Result<Source> {
    if let [one] = texts {
        return Source::named(one);
    }
    let mut all = Vec::new();
    for text in texts {
        match Source::named(text)? {
            Source::Files { files, .. } => all.extend(files),
            _ => {
                let what = format!(
                    "of several, each must be a file or a pattern of files; `{text}` is none"
                );
                return Err(Error::config("--data", what));
            }
        }
    }
    Ok(Source::of_files(all))
}

/// The default source: when that is the synthetic set, says so and how to get the real one.
fn default(out: &mut dyn Write) -> anyhow::Result<Source> {
    let source = Source::default_in(Path::new("."));
    if matches!(source, Source::Synthetic { .. }) {
        writeln!(
            out,
            "no {DEFAULT_FOLDER} here: using the built-in synthetic set; `autoint download ml-1m` gets the real one"
        )?;
    }
    Ok(source)
}

/// What became of a data set that was read and encoded since `start`.
pub fn describe(source: &Source, data: &Dataset, start: Instant) -> String {
    let mut text = format!(
        "data   {source}, protocol {}: {} rows, {} fields, {:.3} % positive ({:.1} s)",
        data.protocol_name(),
        HumanCount(data.rows() as u64),
        data.schema().fields.len(),
        100.0 * data.label_rate(),
        start.elapsed().as_secs_f64()
    );
    if !data.counts().is_plain() {
        text += &format!("\n{}", data.counts());
    }
    text
}
