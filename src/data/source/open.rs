//! Stub.
use super::layout::Layout;
use super::reader::Reader;
use crate::error::{Error, Result};
use std::path::PathBuf;
/// Stub.
pub fn open(_files: &[PathBuf], _layout: &Layout) -> Result<Box<dyn Reader>> {
    Err(Error::Data("stub".into()))
}
/// Stub.
pub fn open_stdin(_layout: &Layout) -> Result<Box<dyn Reader>> {
    Err(Error::Data("stub".into()))
}
