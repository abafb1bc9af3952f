//! Checkpoints: all that a training needs to go on as if it had never been stopped, bit for bit.
//!
//! `checkpoint/state.bin` of a run directory holds the weights, the optimiser's state, the weights of the best epoch, the
//! [`Position`], and what the run was told ([`Origin`]). It is replaced as a whole (`write_whole`): on the disk is always
//! the old one or the new one. A run that has come to its end has none.
//!
//! Nothing random needs to be kept: initialisation, the order of an epoch's rows and dropout are drawn anew for every use,
//! from the seed and from where training stands.

mod format;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::format::{Reader, Section};
use super::directory::{CHECKPOINT, checkpoint_file, remove_temporaries};
use super::position::Position;
use super::provenance::Origin;
use crate::autograd::{Layout, Parameters};
use crate::error::{Error, Result};
use crate::files::write_whole;

/// A training between two batches.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    pub position: &'a Position,
    pub parameters: &'a Parameters,
    /// The optimiser's state by name, each of the form of the weights.
    pub slots: Vec<(&'static str, &'a Parameters)>,
    /// The weights of the best epoch so far.
    pub best: Option<&'a Parameters>,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    origin: &'a Origin,
    position: &'a Position,
    slots: Vec<&'a str>,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderIn {
    origin: Origin,
    position: Position,
    slots: Vec<String>,
    sections: Vec<Section>,
}

/// Writes the checkpoint of a run directory, which must exist. When that fails the one before is still there.
///
/// # Errors
/// When the system refuses.
pub fn save(run: &Path, origin: &Origin, snapshot: &Snapshot<'_>) -> Result<()> {
    let folder = run.join(CHECKPOINT);
    match fs::create_dir(&folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => {
            return Err(Error::io(folder, "create")(e));
        }
        _ => {}
    }
    let mut all = named("weights", snapshot.parameters);
    for (name, slot) in &snapshot.slots {
        all.extend(named(name, slot));
    }
    if let Some(best) = snapshot.best {
        all.extend(named("best", best));
    }
    let header = HeaderOut {
        origin,
        position: snapshot.position,
        slots: snapshot.slots.iter().map(|(name, _)| *name).collect(),
        sections: all
            .iter()
            .map(|(name, numbers)| Section::new(name, numbers.len()))
            .collect(),
    };
    let header = serde_json::to_vec(&header)
        .map_err(|e| Error::Data(format!("a checkpoint's header cannot be written: {e}")))?;
    let numbers: Vec<&[f32]> = all.into_iter().map(|(_, numbers)| numbers).collect();
    write_whole(&checkpoint_file(run), |file| {
        format::write(file, &header, &numbers)
    })
}

/// The sections of one set of weights, or of what is shaped like them.
fn named<'p>(name: &str, parameters: &'p Parameters) -> Vec<(String, &'p [f32])> {
    let Parameters {
        dense,
        tables,
        buffers,
    } = parameters;
    let mut all = vec![
        (format!("{name}.dense"), &dense[..]),
        (format!("{name}.buffers"), &buffers[..]),
    ];
    for (number, table) in tables.iter().enumerate() {
        all.push((format!("{name}.table.{number}"), &table[..]));
    }
    all
}

/// As [`named`] has them, for a layout; no memory is taken for the numbers.
fn expected(name: &str, layout: &Layout) -> Vec<Section> {
    let buffers = layout.buffers.last().map_or(0, |b| b.param.range.end);
    let mut all = vec![
        Section::new(format!("{name}.dense"), layout.dense_len()),
        Section::new(format!("{name}.buffers"), buffers),
    ];
    for (number, table) in layout.tables.iter().enumerate() {
        let name = format!("{name}.table.{number}");
        all.push(Section::new(name, table.rows * table.dim));
    }
    all
}

/// A checkpoint whose header was read.
#[derive(Debug)]
pub struct Checkpoint {
    reader: Reader,
    position: Position,
    slots: Vec<String>,
    sections: Vec<Section>,
}

/// The numbers of a checkpoint.
#[derive(Debug)]
pub struct State {
    pub parameters: Parameters,
    /// See [`Snapshot::slots`].
    pub slots: Vec<(String, Parameters)>,
    pub best: Option<Parameters>,
}

impl Checkpoint {
    /// Opens the checkpoint of a run directory.
    ///
    /// # Errors
    /// When there is none, or its header is damaged or makes no sense.
    pub fn open(run: &Path) -> Result<(Origin, Checkpoint)> {
        let (reader, header) = Reader::open(&checkpoint_file(run))?;
        let header: HeaderIn = serde_json::from_slice(&header)
            .map_err(|e| reader.damaged(&format!("its header is not understood: {e}")))?;
        reader.check(&header.sections)?;
        let HeaderIn {
            origin,
            position,
            slots,
            sections,
        } = header;
        let refused = |e: Error| reader.damaged(&e.to_string());
        origin.settings.validate().map_err(refused)?;
        let checkpoint = Checkpoint {
            reader,
            position,
            slots,
            sections,
        };
        Ok((origin, checkpoint))
    }

    /// Refuses a checkpoint of another model, before any memory is taken for it.
    ///
    /// # Errors
    /// Names the first section that does not fit.
    pub fn check(&self, layout: &Layout) -> Result<()> {
        let mut wanted = expected("weights", layout);
        for slot in &self.slots {
            wanted.extend(expected(slot, layout));
        }
        if self.position.best.is_some() {
            wanted.extend(expected("best", layout));
        }
        let wrong = wanted.iter().zip(&self.sections).find(|(a, b)| a != b);
        if let Some((wanted, got)) = wrong {
            let what = format!(
                "expected section `{}` of {} numbers, got `{}` of {}",
                wanted.name, wanted.length, got.name, got.length
            );
            return Err(self.reader.damaged(&what));
        }
        if wanted.len() != self.sections.len() {
            let (wanted, got) = (wanted.len(), self.sections.len());
            let what = format!("expected {wanted} sections, got {got}");
            return Err(self.reader.damaged(&what));
        }
        Ok(())
    }

    /// Where the training stood. Nothing vouches yet for its being of a training with the settings:
    /// [`Position::check`].
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.reader.path()
    }

    /// Says of this file what is wrong.
    pub fn damaged(&self, error: &Error) -> Error {
        self.reader.damaged(&error.to_string())
    }

    /// Reads the numbers; gives the position with them.
    ///
    /// # Errors
    /// When the sections are not those of the layout, or damaged: by their name.
    pub fn read(mut self, layout: &Layout) -> Result<(Position, State)> {
        self.check(layout)?;
        let parameters = self.parameters("weights", layout)?;
        let slots = std::mem::take(&mut self.slots)
            .into_iter()
            .map(|name| Ok((name.clone(), self.parameters(&name, layout)?)))
            .collect::<Result<_>>()?;
        let best = match self.position.best {
            Some(_) => Some(self.parameters("best", layout)?),
            None => None,
        };
        let state = State {
            parameters,
            slots,
            best,
        };
        Ok((self.position, state))
    }

    fn parameters(&mut self, name: &str, layout: &Layout) -> Result<Parameters> {
        let mut parameters = Parameters::zeros(layout);
        let Parameters {
            dense,
            tables,
            buffers,
        } = &mut parameters;
        self.reader.section(&format!("{name}.dense"), dense)?;
        self.reader.section(&format!("{name}.buffers"), buffers)?;
        for (number, table) in tables.iter_mut().enumerate() {
            let name = format!("{name}.table.{number}");
            self.reader.section(&name, table)?;
        }
        Ok(parameters)
    }
}

/// Removes the checkpoint of a run directory and its folder; there may be none.
///
/// # Errors
/// When the system refuses, or the folder holds something else.
pub fn remove(run: &Path) -> Result<()> {
    remove_temporaries(&run.join(CHECKPOINT))?;
    let (file, folder) = (checkpoint_file(run), run.join(CHECKPOINT));
    let gone = |result: std::io::Result<()>, path: &Path| match result {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(path, "remove")(e)),
        _ => Ok(()),
    };
    gone(fs::remove_file(&file), &file)?;
    gone(fs::remove_dir(&folder), &folder)
}
