//! `autoint generate`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use autoint::Error;
use autoint::data::synthetic::files::{self, Layout};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{HumanBytes, HumanCount};

use super::threads::Threads;

/// Make a file of any length in a well-known layout, drawn from a known model.
///
/// criteo: label, 13 integers, 26 hashed categories, separated by tabs, no header. avazu: Avazu's click log as CSV. clicks:
/// a small shop's log as CSV, with users, items, a price, tags and a time. The same rows and seed give the same bytes on
/// any machine with any number of threads; another seed gives other rows of the same world.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What the file looks like
    #[arg(long, value_parser = PossibleValuesParser::new(Layout::ALL.map(|(name, _)| name)))]
    layout: String,
    /// Rows, without the header
    #[arg(long, value_name = "N")]
    rows: u64,
    /// What the rows are drawn with
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The file to write, whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let layout: Layout = self.layout.parse()?;
        self.threads.apply();
        let start = Instant::now();
        match self.out.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                let bytes = files::write_file(layout, self.rows, self.seed, path)?;
                writeln!(
                    out,
                    "{}: {} rows, {} in {:.1} s",
                    path.display(),
                    HumanCount(self.rows),
                    HumanBytes(bytes),
                    start.elapsed().as_secs_f64()
                )?;
            }
            // Not `out`: when the reader has gone there is nothing left to do.
            None => {
                let mut stdout = io::stdout().lock();
                files::write(layout, self.rows, self.seed, &mut stdout)
                    .and_then(|_| stdout.flush())
                    .map_err(Error::io("standard output", "write"))?;
            }
        }
        Ok(())
    }
}
