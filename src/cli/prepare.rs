//! `autoint prepare`

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use autoint::Error;
use autoint::data::dataset::Dataset;
use autoint::data::protocol;
use autoint::data::source::{Asked, Source};
use autoint::settings::DEFAULT_PROTOCOL;
use clap::Args;
use clap::builder::PossibleValuesParser;

/// Encode raw data into one file that training maps into memory.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder with the files of MovieLens-1M or MovieLens-100K, or `synthetic` (`synthetic:ROWS`)
    #[arg(long)]
    data: String,
    /// Which rows, fields, labels and split
    #[arg(long, default_value = DEFAULT_PROTOCOL, value_parser = PossibleValuesParser::new(protocol::NAMES))]
    protocol: String,
    /// The numeric column of the raw data that says what a row counts in the training loss
    #[arg(long, value_name = "NAME")]
    weight_column: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let start = Instant::now();
        let source = Source::named(&self.data)?;
        if let Source::Store(path) = &source {
            let what = "is prepared already; expected a folder with raw files, or `synthetic`";
            return Err(Error::file(path, what).into());
        }
        if self.out.exists() && !(self.out.is_file() && Dataset::is_store(&self.out)?) {
            let what = "is there and was not written by `prepare`: choose another name for --out";
            return Err(Error::file(&self.out, what).into());
        }
        let asked = Asked {
            protocol: Some(&self.protocol),
            weight_column: self.weight_column.as_deref(),
        };
        let data = source.encode(asked, DEFAULT_PROTOCOL)?;
        data.write(&self.out)?;
        write!(out, "{}", data.summary())?;
        writeln!(
            out,
            "{} written in {:.1} s",
            self.out.display(),
            start.elapsed().as_secs_f64()
        )?;
        Ok(())
    }
}
