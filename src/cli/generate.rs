//! `autoint generate`

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use autoint::Error;
use autoint::data::synthetic::files::{self, Layout};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{HumanBytes, HumanCount};

use super::numbers;
use super::output::is_stdout;
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
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = any)]
    rows: u64,
    /// What the rows are drawn with
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = any)]
    seed: u64,
    /// The file to write, whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

fn any(text: &str) -> std::result::Result<u64, String> {
    numbers::within(text, 0, u64::MAX)
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let layout: Layout = self.layout.parse()?;
        self.threads.apply();
        let start = Instant::now();
        match self.out.as_deref().filter(|path| !is_stdout(path)) {
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
