//! The commands, one a file: read arguments, call the library, print.

mod calibrate;
mod compare;
mod computing;
mod data;
mod doctor;
mod download;
mod eda;
mod ensemble;
mod evaluate;
mod explain;
mod explained;
mod export;
mod failure;
mod generate;
mod import_keras;
mod import_torch;
mod imported;
mod init;
mod inspect;
mod interrupt;
mod joined;
mod measured;
mod numbers;
mod options;
mod output;
mod predict;
mod prepare;
mod progress;
mod quantize;
mod recommend;
mod recorded;
mod reproduce;
mod resume;
mod row;
mod scores;
mod search;
mod serve;
mod session;
mod side_by_side;
mod similar;
mod split_report;
mod sweep;
mod table;
mod threads;
mod trace;
mod traced;
mod train;
mod trials;
mod tune;
mod verify;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use autoint::ranks::Ranks;
use clap::{Parser, Subcommand};

use self::joined::Joined;

/// AutoInt and AutoInt+ on your own machine: from a raw rating log to a trained, evaluated model.
///
/// `autoint train` is all it takes to see it work: it trains on MovieLens-1M in data/ml-1m when that is there, and on a
/// built-in synthetic set otherwise.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Download(download::Arguments),
    Generate(generate::Arguments),
    Init(init::Arguments),
    Doctor(doctor::Arguments),
    Eda(eda::Arguments),
    Prepare(prepare::Arguments),
    // Boxed: it has far more options than the others.
    Train(Box<train::Arguments>),
    Tune(Box<tune::Arguments>),
    Reproduce(reproduce::Arguments),
    Evaluate(evaluate::Arguments),
    Compare(compare::Arguments),
    Calibrate(calibrate::Arguments),
    Ensemble(ensemble::Arguments),
    ImportKeras(import_keras::Arguments),
    ImportTorch(import_torch::Arguments),
    Predict(predict::Arguments),
    Recommend(recommend::Arguments),
    Similar(similar::Arguments),
    Serve(serve::Arguments),
    Explain(explain::Arguments),
    Trace(trace::Arguments),
    Export(export::Arguments),
    Inspect(inspect::Arguments),
    Verify(verify::Arguments),
}

/// The whole program.
pub fn main() -> ExitCode {
    failure::report_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Also `--help` and `--version`; a reader that has gone is none of their concern.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(error.exit_code().clamp(0, 255) as u8);
        }
    };
    let joined = match Joined::join() {
        Ok(joined) => joined,
        Err(error) => return ExitCode::from(failure::report(&error)),
    };
    let ended = catch_unwind(AssertUnwindSafe(|| cli.run(joined.ranks())));
    let (code, failed) = match ended {
        Ok(Ok(())) => (0, false),
        Ok(Err(error)) => {
            joined.wait_for_first();
            (failure::report(&error), !failure::is_stopped(&error))
        }
        // The hook has said so.
        Err(_) => (failure::FAILED, true),
    };
    joined.end(code, failed)
}

impl Cli {
    fn run(&self, ranks: &Arc<dyn Ranks>) -> anyhow::Result<()> {
        if !ranks.alone() && !matches!(self.command, Command::Train(_) | Command::Prepare(_)) {
            anyhow::bail!(
                "only `autoint train` and `autoint prepare` are done by several ranks: start all else without mpirun"
            );
        }
        // One is enough to speak.
        let mut out: Box<dyn Write> = match ranks.first() {
            true => Box::new(output::Output::default()),
            false => Box::new(std::io::sink()),
        };
        match &self.command {
            Command::Download(arguments) => arguments.run(&mut out)?,
            Command::Generate(arguments) => arguments.run(&mut out)?,
            Command::Init(arguments) => arguments.run(&mut out)?,
            Command::Doctor(arguments) => arguments.run(&mut out)?,
            Command::Eda(arguments) => arguments.run(&mut out)?,
            Command::Prepare(arguments) => arguments.run(ranks, &mut out)?,
            Command::Train(arguments) => arguments.run(ranks, &mut out)?,
            Command::Tune(arguments) => arguments.run(&mut out)?,
            Command::Reproduce(arguments) => arguments.run(&mut out)?,
            Command::Evaluate(arguments) => arguments.run(&mut out)?,
            Command::Compare(arguments) => arguments.run(&mut out)?,
            Command::Calibrate(arguments) => arguments.run(&mut out)?,
            Command::Ensemble(arguments) => arguments.run(&mut out)?,
            Command::ImportKeras(arguments) => arguments.run(&mut out)?,
            Command::ImportTorch(arguments) => arguments.run(&mut out)?,
            Command::Predict(arguments) => arguments.run(&mut out)?,
            Command::Recommend(arguments) => arguments.run(&mut out)?,
            Command::Similar(arguments) => arguments.run(&mut out)?,
            Command::Serve(arguments) => arguments.run(&mut out)?,
            Command::Explain(arguments) => arguments.run(&mut out)?,
            Command::Trace(arguments) => arguments.run(&mut out)?,
            Command::Export(arguments) => arguments.run(&mut out)?,
            Command::Inspect(arguments) => arguments.run(&mut out)?,
            Command::Verify(arguments) => arguments.run(&mut out)?,
        }
        Ok(out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
