//! `autoint prepare`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use autoint::Error;
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::source::Source;
use autoint::data::store::{Target, check_name};
use autoint::ranks::Ranks;
use autoint::ranks::agree::agree;
use clap::Args;

use super::data::{Asked, DataOptions};
use super::session::program;

/// Encode raw data into one file that training maps into memory. (Under mpirun several ranks read the files.)
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// Also write which part of the split each kept row is in: a line a row, `train`, `valid`, `test` or `none`
    #[arg(long, value_name = "FILE")]
    split_to: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Arguments {
    pub fn run(&self, ranks: &Arc<dyn Ranks>, out: &mut dyn Write) -> anyhow::Result<()> {
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
        check_name(&self.out)?;
        let facts = [
            ("the program", program(ranks)?),
            ("the data", serde_json::to_string(&source)?),
            ("the protocol", serde_json::to_string(&protocol)?),
        ];
        agree(&**ranks, &facts)?;
        let (asked, target) = (protocol.as_ref(), Target::Store(&self.out));
        let Some(data) = source.encode_among(&**ranks, asked, target)? else {
            return Ok(());
        };
        if let Some(path) = &self.split_to {
            write_split(&data, path)?;
        }
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

/// Writes the part of each row.
fn write_split(data: &Dataset, path: &Path) -> anyhow::Result<()> {
    let mut parts = vec!["none"; data.rows()];
    for (split, name) in [
        (SplitName::Train, "train"),
        (SplitName::Valid, "valid"),
        (SplitName::Test, "test"),
    ] {
        for &row in data.split(split) {
            parts[row as usize] = name;
        }
    }
    let text: String = parts.iter().flat_map(|part| [part, "\n"]).collect();
    std::fs::write(path, text).map_err(Error::io(path, "write"))?;
    Ok(())
}
