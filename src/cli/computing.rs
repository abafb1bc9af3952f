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
        if let Some(products) = products(run.runtime.isa()) {
            note(&format!("note: {products}"));
        }
        Ok(run)
    }
}

/// In what products are taken, and how; nothing of f32.
fn products(isa: Isa) -> Option<String> {
    let precision = isa.precision();
    let instructions = precision.instructions()?;
    let tiles = isa.with(Precision::AmxBf16);
    let how = if isa.emulates() {
        format!(", emulated: slower, as this processor has no {instructions}")
    } else if !isa.in_tiles() && !tiles.emulates() {
        format!("; {} is faster on this processor", tiles.precision())
    } else {
        String::new()
    };
    Some(format!("products in {precision}{how}"))
}

/// The same behind what else is told of a model.
pub fn and_products(isa: Isa) -> String {
    products(isa).map_or_else(String::new, |products| format!(", {products}"))
}
