//! The option `--threads`.

use autoint::autograd::cores;
use clap::Args;

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
        cores::threads(self.threads)
    }
}
