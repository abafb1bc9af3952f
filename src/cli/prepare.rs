//! `autoint prepare`

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use autoint::Error;
use autoint::data::dataset::Dataset;
use autoint::data::source::Source;
use autoint::data::store::Target;
use clap::Args;

use super::data::{Asked, DataOptions};

/// Encode raw data into one file that training maps into memory.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let start = Instant::now();
        if self.data.data.is_empty() && !self.data.has_schema() {
            let what = "name the data, or a schema that names them with --schema";
            return Err(Error::config("--data", what).into());
        }
        let Asked {
            source, protocol, ..
        } = self.data.asked(out)?;
        if let Source::Store { file } = &source {
            let what = "is prepared already; expected raw files, or `synthetic`";
            return Err(Error::file(file, what).into());
        }
        if self.out.exists() && !(self.out.is_file() && Dataset::is_store(&self.out)?) {
            let what = "is there and was not written by `prepare`: choose another name for --out";
            return Err(Error::file(&self.out, what).into());
        }
        let data = source.encode(protocol.as_ref(), Target::Store(&self.out))?;
        write!(out, "{}", data.summary())?;
        writeln!(out, "{}", data.counts())?;
        writeln!(
            out,
            "{} written in {:.1} s",
            self.out.display(),
            start.elapsed().as_secs_f64()
        )?;
        Ok(())
    }
}
