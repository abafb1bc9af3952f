//! What settings of several parts are held to.

use crate::error::{Error, Result};

/// A size from 1 to `most`.
pub fn positive(key: &str, value: usize, most: usize) -> Result<()> {
    if value == 0 || value > most {
        let what = format!("expected 1 to {most}, got {value}");
        return Err(Error::config(key, what));
    }
    Ok(())
}

/// The rate of a dropout.
pub fn rate(key: &str, value: f32) -> Result<()> {
    if !(0.0..1.0).contains(&value) {
        let what = format!("expected a rate from 0 to below 1, got {value}");
        return Err(Error::config(key, what));
    }
    Ok(())
}
