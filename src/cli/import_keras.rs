//! `autoint import-keras`

use std::io::Write;
use std::path::PathBuf;

use autoint::interop::import::hdf5::Hdf5;
use autoint::interop::import::sizes::Sizes;
use autoint::interop::import::{keras, npy};
use autoint::{Error, Result};
use clap::Args;

use super::imported::{Import, Values};
use super::numbers;

/// Whose settings they have that no weight tells.
const PRESET: &str = "course";

/// Make a run of the weights that a Keras model of the course projects saved.
///
/// All three forms are read that Keras has given HDF5 files: Keras 2 (.h5), Keras 2.15 and Keras 3 (.weights.h5); AutoInt and AutoInt+, with
/// batch normalisation or without, of any size. What comes out is a run like any other: `predict`, `evaluate`, `recommend`, `explain` and
/// `serve` take it, and `train --from` goes on from it. A weight that is missing, has another shape or belongs to nothing is an error.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The weights
    #[arg(value_name = "WEIGHTS.h5")]
    weights: PathBuf,
    /// Attention heads of a layer [default: the layers' width by the embeddings', as the template has it; needed where they are equally wide]
    #[arg(long, value_name = "H", allow_negative_numbers = true, value_parser = numbers::whole)]
    heads: Option<usize>,
    /// The number of values of each field, to be checked
    #[arg(long, value_name = "field_dims.npy")]
    field_dims: Option<PathBuf>,
    #[command(flatten)]
    import: Import,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let file = Hdf5::open(&self.weights)?;
        let foreign = keras::read(&file)?;
        let sizes = Sizes::of(&foreign, self.heads, true)?;
        let settings = self.import.settings(PRESET, sizes.sets())?;
        let values = self.import.values()?;
        self.check(&values)?;
        self.import.write(&foreign, settings, &values, out)
    }

    /// Holds the numbers of values against those that the projects kept.
    fn check(&self, values: &Values) -> Result<()> {
        let Some(file) = &self.field_dims else {
            return Ok(());
        };
        let theirs = npy::read_counts(file)?;
        let fields = &values.schema.fields;
        if theirs.len() != fields.len() {
            let what = format!(
                "has the numbers of {} fields, the model has {}",
                theirs.len(),
                fields.len()
            );
            return Err(Error::file(file, what));
        }
        let ours = fields
            .iter()
            .map(|f| f.encoding.cardinality().unwrap_or(0) as u64);
        let both = fields.iter().zip(theirs).zip(ours);
        let differs = both.filter(|((_, theirs), ours)| theirs != ours);
        let told: Vec<String> = differs
            .map(|((field, theirs), ours)| format!("{} {theirs} there and {ours} here", field.name))
            .collect();
        match told.is_empty() {
            true => Ok(()),
            false => {
                let what = format!(
                    "the fields have other numbers of values: {}",
                    told.join(", ")
                );
                Err(Error::file(file, what))
            }
        }
    }
}
