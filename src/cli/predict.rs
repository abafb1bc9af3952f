//! `autoint predict`

use std::io::{self, Write};
use std::path::PathBuf;

use autoint::score::predict::{Output, predict};
use clap::Args;

use super::computing::With;
use super::output::is_stdout;

/// Predict rows of a CSV file.
///
/// The input has a header and one column of raw values for each field of the model (`autoint inspect RUN` lists them);
/// other columns are ignored, several values of one field are joined by `|`. The output has the columns logit, probability
/// and unknown: the fields whose value the model does not know, joined by `|`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// The rows; `-` for standard input
    #[arg(long, value_name = "ROWS.csv")]
    input: PathBuf,
    /// The file to write, whole or not at all; a device or a named pipe is written as it goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    with: With,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = self.with.open(&self.run)?;
        let scorer = run.scorer();
        match self.output.as_deref().filter(|path| !is_stdout(path)) {
            Some(path) => {
                let rows = predict(&scorer, &self.input, Output::File(path))?;
                writeln!(out, "{}: {rows} rows", path.display())?;
            }
            // Not `out`: when the reader has gone there is nothing left to do.
            None => {
                predict(
                    &scorer,
                    &self.input,
                    Output::Stream(&mut io::stdout().lock()),
                )?;
            }
        }
        Ok(())
    }
}
