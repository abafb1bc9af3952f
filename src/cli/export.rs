//! `autoint export`

use std::io::Write;
use std::path::PathBuf;

use autoint::Error;
use autoint::interop::export::onnx::{self, Inputs};
use autoint::interop::export::{keras, npy, rows, safetensors};
use autoint::run::Run;
use autoint::simd::Isa;
use clap::{Args, ValueEnum};

use super::quantize::{self, Quantize};
use super::threads::Threads;

/// Write a run's model for other programs.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run directory
    run: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// The file (of npy, the folder) to write, whole or not at all
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What an ONNX graph's inputs are [default: raw]
    #[arg(long, value_enum)]
    inputs: Option<Inputs>,
    /// Keep embedding tables in fewer bits; for --format run, AUC and logloss on the validation rows are measured before and after
    #[arg(long, value_enum)]
    quantize: Option<Quantize>,
    /// For --format run: the data, as `train` takes them [default: those of the training]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    data: Vec<String>,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The whole scoring graph, for any ONNX runtime: raw or encoded values in, logit and probability out
    Onnx,
    /// All tensors by name, with the model's configuration and fields in the header
    Safetensors,
    /// A folder with a file a tensor, and field_dims.npy
    Npy,
    /// Weights for the course projects' Keras model, in the layout of Keras 3; the name ends with .weights.h5
    Keras,
    /// The rows of the embedding tables, each with its field and value
    Csv,
    /// The same as Parquet
    Parquet,
    /// A run like this one, its tables as --quantize says
    Run,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.inputs.is_some() && self.format != Format::Onnx {
            let what = "only a graph has inputs: leave it away, or choose --format onnx";
            return Err(Error::config("inputs", what).into());
        }
        let tables = self.quantize.map(Quantize::tables).unwrap_or_default();
        if !tables.is_whole() && !matches!(self.format, Format::Run | Format::Safetensors) {
            return Err(quantize::refused().into());
        }
        let run = Run::open(&self.run, Isa::choose()?, self.threads.apply())?;
        match self.format {
            Format::Onnx => onnx::write(&run, self.inputs.unwrap_or(Inputs::Raw), &self.out)?,
            Format::Safetensors => safetensors::write(&run, tables, &self.out)?,
            Format::Npy => npy::write(&run, &self.out)?,
            Format::Keras => keras::write(&run, &self.out)?,
            Format::Csv => rows::write_csv(&run, &self.out).map(drop)?,
            Format::Run => quantize::write(&run, tables, &self.data, &self.out, out)?,
            Format::Parquet => rows::write_parquet(&run, &self.out).map(drop)?,
        }
        writeln!(out, "{}", self.out.display())?;
        Ok(())
    }
}
