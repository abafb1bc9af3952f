//! `autoint trace`

use std::io::Write;
use std::path::PathBuf;

use autoint::Result;
use autoint::explain::row::RawRow;
use autoint::explain::trace::{Ask, Trace};
use autoint::files::write_whole;
use autoint::run::Run;
use autoint::simd::Isa;
use clap::Args;

use super::threads::Threads;
use super::{numbers, row, traced};

/// Follow one row through the model, op by op.
///
/// Every op with its formula, the shape of its result and its values, each beside its definition in f64; with `--backward` every
/// gradient too, beside differences. What is too long for a terminal is cut; `--html` draws it, `--json` tells all of it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// A file with one JSON object: a raw value for each column that the model needs, null for a missing one; `-` for
    /// standard input
    #[arg(long, value_name = "ROW.json")]
    row: PathBuf,
    /// The gradients too: of the logit, or with --label of the loss
    #[arg(long)]
    backward: bool,
    /// The row's label: the trace ends in the loss
    #[arg(long, value_name = "0|1", value_parser = label)]
    label: Option<f32>,
    /// How many derivatives of each tensor are compared with differences, the largest among them; 0 for all
    #[arg(long, value_name = "N", default_value = "4", requires = "backward", value_parser = count)]
    numbers: usize,
    /// A file to draw it into
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print one JSON object instead
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

fn label(text: &str) -> Result<f32, String> {
    match text {
        "0" => Ok(0.0),
        "1" => Ok(1.0),
        _ => Err("expected 0 or 1".to_owned()),
    }
}

fn count(text: &str) -> Result<usize, String> {
    numbers::within(text, 0, u64::from(u32::MAX)).map(|count| match count {
        0 => usize::MAX,
        count => count as usize,
    })
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = Run::open(&self.run, Isa::choose()?, self.threads.apply())?;
        let RawRow { header, values } = row::read(&self.row)?;
        let ask = Ask {
            label: self.label,
            gradients: self.backward.then_some(self.numbers),
        };
        let trace = Trace::raw(&run.scorer(), &header, &values, ask)?;
        if let Some(path) = &self.html {
            let page = trace.page();
            write_whole(path, |file| file.write_all(page.as_bytes()))?;
        }
        match (self.json, &self.html) {
            (true, _) => writeln!(out, "{}", serde_json::to_string(&trace)?)?,
            (false, Some(path)) => writeln!(out, "{}", path.display())?,
            (false, None) => writeln!(out, "{}", traced::text(&trace))?,
        }
        Ok(())
    }
}
