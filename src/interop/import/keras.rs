//! The weights that the course projects' Keras models leave, in each of the three forms that Keras has given HDF5 files.

use super::foreign::Foreign;
use super::hdf5::Hdf5;
use super::{legacy, tracked};
use crate::error::Result;

/// Reads a file's weights by the names of this crate.
///
/// # Errors
/// When the file is damaged or holds no such model.
pub fn read(file: &Hdf5) -> Result<Foreign<'_>> {
    let top = file.top()?;
    let skipped = |names: &[&str]| -> Vec<String> {
        let is = |name: &&String| names.contains(&name.as_str());
        top.iter().filter(is).cloned().collect()
    };
    match legacy::layers(file)? {
        Some(layers) => legacy::read(file, &layers, skipped(&legacy::SKIPPED)),
        None => tracked::read(file, skipped(&tracked::SKIPPED)),
    }
}
