//! `autoint import-torch`

use std::io::Write;
use std::path::PathBuf;

use autoint::interop::import::map::Map;
use autoint::interop::import::sizes::Sizes;
use autoint::interop::import::torch;
use autoint::{Error, Result};
use clap::Args;

use super::imported::Import;
use super::numbers;

/// Make a run of the weights of a PyTorch AutoInt, saved as safetensors.
///
/// A small table says which of its tensors is which of ours; data/torch has those for FuxiCTR's and DeepCTR-Torch's AutoInt, and says of each
/// what it takes and what it refuses. The fields come from --schema or --protocol, their values from --classes or, sorted, from --data. A tensor
/// that is missing, has another shape or belongs to nothing is an error.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The weights: safetensors.torch.save_file(model.state_dict(), FILE)
    #[arg(value_name = "FILE.safetensors")]
    weights: PathBuf,
    /// Which tensor is which
    #[arg(long, value_name = "FILE.toml")]
    map: PathBuf,
    /// Attention heads of a layer; weights do not tell it
    #[arg(long, value_name = "H", allow_negative_numbers = true, value_parser = numbers::whole)]
    heads: Option<usize>,
    #[command(flatten)]
    import: Import,
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let map = Map::read(&self.map)?;
        if map.needs_classes && !self.import.has_classes() {
            let what = "its program numbers values in an order of its own, which only a list can tell: give --classes classes.json";
            return Err(Error::file(&self.map, what).into());
        }
        let read = |path: &PathBuf| -> Result<Vec<u8>> {
            std::fs::read(path).map_err(Error::io(path, "read"))
        };
        let bytes = read(&self.weights)?;
        let values = self.import.values()?;
        let fields = values.schema.field_names();
        let foreign = torch::read(&self.weights, &bytes, &map, &fields)?;
        let sizes = Sizes::of(&foreign, self.heads, false)?;
        let told = [map.sets(), sizes.sets()].concat();
        let settings = self.import.settings(&map.preset, told)?;
        self.import.write(&foreign, settings, &values, out)
    }
}
