//! The option `--threads`.

use std::num::NonZero;

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
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = self.threads.unwrap_or_else(cores);
        // Refused only when it was set before: then that number stays.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
        threads
    }
}
