//! The files beside a checkpoint's when the rows of tables are spread over ranks: each rank writes those that it keeps.
//!
//! ```text
//! checkpoint/state.bin                       position, dense numbers, and which parts belong to it
//! checkpoint/rows-120-2-00001-of-00003.bin   rows 0, 3, 6, ... of every table, after 120 steps and 2 epochs
//! ```
//!
//! Parts never replace those of an older checkpoint; `state.bin` is written once all of them are on the disk, and makes them the
//! checkpoint. So on the disk is always a whole one.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::format::{self, Reader, Section};
use crate::autograd::{Layout, Parameters};
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::ranks::Owners;
use crate::run::directory::names_in;
use crate::run::position::Position;

/// How the names of these files begin.
const ROWS: &str = "rows-";

/// The parts of one checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// Batches done: see [`Position::step`].
    step: u64,
    /// Epochs done.
    epochs: usize,
    /// How many parts, one a rank.
    count: usize,
}

/// What a part says of itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    parts: Parts,
    /// Counted from 0.
    part: usize,
    sections: Vec<Section>,
}

impl Parts {
    /// Those of a training that stands here, of so many ranks.
    pub fn at(position: &Position, count: usize) -> Parts {
        Parts {
            step: position.step,
            epochs: position.history.len(),
            count,
        }
    }

    fn name(self, part: usize) -> String {
        let Parts {
            step,
            epochs,
            count,
        } = self;
        format!("{ROWS}{step}-{epochs}-{:05}-of-{count:05}.bin", part + 1)
    }

    /// Writes a rank's part.
    pub fn write(self, folder: &Path, part: usize, rows: &[(String, &[f32])]) -> Result<()> {
        let sections = rows.iter();
        let header = Header {
            parts: self,
            part,
            sections: sections
                .map(|(name, numbers)| Section::new(name, numbers.len()))
                .collect(),
        };
        let header = format::header_bytes(&header)?;
        let numbers: Vec<&[f32]> = rows.iter().map(|(_, numbers)| *numbers).collect();
        write_whole(&folder.join(self.name(part)), |file| {
            format::write(file, &header, &numbers)
        })
    }

    /// Opens all parts, which are to hold the tables of `sets`.
    pub fn open(self, folder: &Path, layout: &Layout, sets: &[String]) -> Result<Vec<Part>> {
        if self.count == 0 {
            let what = "holds a checkpoint whose tables are in no part; train the run anew";
            return Err(Error::file(folder, what));
        }
        let part = |number| self.open_part(folder, number, layout, sets);
        (0..self.count).map(part).collect()
    }

    fn open_part(
        self,
        folder: &Path,
        number: usize,
        layout: &Layout,
        sets: &[String],
    ) -> Result<Part> {
        let (reader, header) = Reader::open(&folder.join(self.name(number)))?;
        let header: Header = serde_json::from_slice(&header)
            .map_err(|e| reader.damaged(&format!("its header is not understood: {e}")))?;
        reader.check(&header.sections)?;
        let owners = Owners::of(number, self.count);
        let share = layout.share(owners);
        let wanted = sets.iter().flat_map(|set| tables(set, &share));
        if (header.parts, header.part) != (self, number) || !wanted.eq(header.sections) {
            return Err(reader.damaged("it is of another checkpoint or another model"));
        }
        Ok(Part { reader, owners })
    }

    /// Removes the parts of all other checkpoints.
    pub fn remove_others(self, folder: &Path) -> Result<()> {
        let own: Vec<String> = (0..self.count).map(|part| self.name(part)).collect();
        for path in files(folder)? {
            let known = |name: &String| path.file_name().is_some_and(|found| *found == **name);
            if !own.iter().any(known) {
                fs::remove_file(&path).map_err(Error::io(&path, "remove"))?;
            }
        }
        Ok(())
    }
}

/// Removes the parts of all checkpoints in a folder.
pub(super) fn remove(folder: &Path) -> Result<()> {
    for path in files(folder)? {
        fs::remove_file(&path).map_err(Error::io(&path, "remove"))?;
    }
    Ok(())
}

/// The parts in a folder, which may be missing.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let names = names_in(folder)?.into_iter();
    let parts = names.filter(|name| name.as_encoded_bytes().starts_with(ROWS.as_bytes()));
    Ok(parts.map(|name| folder.join(name)).collect())
}

/// The sections of the tables of one set of weights, or of what is shaped like them.
pub(super) fn tables(set: &str, layout: &Layout) -> Vec<Section> {
    let section = |(number, table): (usize, &crate::autograd::layout::TableSpec)| {
        Section::new(table_name(set, number), table.rows * table.dim)
    };
    layout.tables.iter().enumerate().map(section).collect()
}

/// What the section of a table is called.
pub(super) fn table_name(set: &str, number: usize) -> String {
    format!("{set}.table.{number}")
}

/// A file whose next sections are tables, or a share of their rows.
#[derive(Debug)]
pub(super) struct Part {
    /// Stands where its sections begin.
    pub reader: Reader,
    /// Whose rows the file has.
    pub owners: Owners,
}

impl Part {
    /// Reads the next tables, those of `set`, and keeps the rows that are `owners`'.
    pub fn read(
        reader: &mut Reader,
        of_file: Owners,
        set: &str,
        layout: &Layout,
        owners: Owners,
        parameters: &mut Parameters,
    ) -> Result<()> {
        for (number, spec) in layout.tables.iter().enumerate() {
            let (dim, table) = (spec.dim, &mut parameters.tables[number]);
            let length = of_file.rows(spec.rows) * dim;
            let mut keep = |first: usize, numbers: &[f32]| {
                for (place, row) in (first / dim..).zip(numbers.chunks_exact(dim)) {
                    let id = of_file.id(place);
                    if owners.owner(id) == owners.rank() {
                        table[owners.place(id) * dim..][..dim].copy_from_slice(row);
                    }
                }
            };
            reader.each_chunk(&table_name(set, number), length, dim, &mut keep)?;
        }
        Ok(())
    }
}
