//! The three parts that a split has.

use crate::error::{Error, Result};

/// Row numbers, each in at most one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// In the order that an epoch is shuffled from.
    pub train: Vec<u32>,
    /// May be empty: then the training loss chooses the epoch.
    pub valid: Vec<u32>,
    /// May be empty: then nothing is evaluated in the end.
    pub test: Vec<u32>,
}

impl Split {
    /// Proves that every row number is below `rows` and that none occurs twice.
    ///
    /// # Errors
    /// Names the first row number for which that is not so.
    pub fn check(&self, rows: u32) -> Result<()> {
        check_disjoint(rows, [&self.train, &self.valid, &self.test]).map_err(Error::Data)
    }
}

/// What [`Split::check`] does, for parts (training, validation, test) that lie elsewhere.
pub(crate) fn check_disjoint(rows: u32, parts: [&[u32]; 3]) -> Result<(), String> {
    let mut taken = vec![false; rows as usize];
    for (name, part) in ["train", "valid", "test"].into_iter().zip(parts) {
        for &row in part {
            match taken.get_mut(row as usize) {
                None => {
                    return Err(format!(
                        "split `{name}` has row {row}, but there are only {rows} rows"
                    ));
                }
                Some(true) => {
                    return Err(format!(
                        "split `{name}` has row {row}, which is in a split already"
                    ));
                }
                Some(free) => *free = true,
            }
        }
    }
    Ok(())
}
