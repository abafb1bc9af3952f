//! The option `--threads`.

use autoint::autograd::cores;
use clap::Args;

use super::joined::neighbours;
use super::numbers;

/// How many threads do the work.
#[derive(Debug, Clone, Copy, Args)]
pub struct Threads {
    /// Threads to compute with; the result is the same for any number [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    threads: Option<usize>,
}

fn threads(text: &str) -> Result<usize, String> {
    numbers::within(text, 1, 1024).map(|threads| threads as usize)
}

impl Threads {
    /// The number of threads, which is made that of everything that runs in parallel.
    pub fn apply(self) -> usize {
        // Ranks of one machine share its cores, unless `mpirun` has given each its own.
        let shared = || (cores::cores() / neighbours()).max(1);
        cores::threads(Some(self.threads.unwrap_or_else(shared)))
    }
}
