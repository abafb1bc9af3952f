//! The options `--threads` and `--precision` of commands that use a finished run.

use std::path::Path;

use autoint::Result;
use autoint::run::{Computing, Run};
use autoint::simd::{Isa, Precision};
use clap::Args;

use super::output::note;
use super::threads::Threads;

/// With what a finished model computes.
#[derive(Debug, Clone, Copy, Args)]
pub struct With {
    #[command(flatten)]
    threads: Threads,
    /// In what products of matrices are taken [default: as in the training]
    #[arg(long)]
    precision: Option<Precision>,
}

impl With {
    /// The threads, which are made those of everything that runs in parallel, and the instruction set.
    pub fn computing(self) -> Result<Computing> {
        Ok(Computing {
            isa: Isa::choose()?,
            threads: self.threads.apply(),
            precision: self.precision,
        })
    }

    /// A run, ready to compute. Tells of what is not f32, on standard error.
    pub fn open(self, run: &Path) -> Result<Run> {
        let run = Run::open_with(run, self.computing()?)?;
        let isa = run.runtime.isa();
        if !isa.precision().is_f32() {
            note(&format!("note: {}", products(isa)));
        }
        Ok(run)
    }
}

/// In what products are taken, and how.
pub fn products(isa: Isa) -> String {
    let precision = isa.precision();
    if isa.emulates() {
        format!("products in {precision}, emulated: slower, as this processor has no AVX512-BF16")
    } else {
        format!("products in {precision}")
    }
}
