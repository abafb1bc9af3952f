//! Checkpoints: all that a training needs to go on as if it had never been stopped, bit for bit.
//!
//! `checkpoint/state.bin` of a run directory holds the weights, the optimiser's state, the weights of the best epoch, the
//! [`Position`], and what the run was told ([`Origin`]). It is replaced as a whole (`write_whole`): on the disk is always
//! the old one or the new one. A run that has come to its end has none. Where the rows of tables are spread over ranks, each writes
//! its own beside it (see `parts`), and whoever goes on takes from all of them the rows that it is to keep.
//!
//! Nothing random needs to be kept: initialisation, the order of an epoch's rows and dropout are drawn anew for every use,
//! from the seed and from where training stands.

mod format;
mod parts;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::format::{Reader, Section};
use self::parts::{Part, Parts};
use super::directory::{CHECKPOINT, checkpoint_file, remove_temporaries};
use super::position::Position;
use super::provenance::Origin;
use crate::autograd::{Layout, Parameters};
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::ranks::{Owners, Ranks};
use crate::simd::Aligned;

/// A training between two batches.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// Step, epoch, row, history.
    pub position: &'a Position,
    /// As they are now; of tables that are spread over ranks, the rows that are here.
    pub parameters: &'a Parameters,
    /// The optimiser's state by name, each of the form of the weights.
    pub slots: Vec<(&'static str, &'a Parameters)>,
    /// The weights of the best epoch so far.
    pub best: Option<&'a Parameters>,
    /// The ranks over which the rows of tables are spread: all of them save together, each the rows that it keeps.
    pub spread: Option<&'a dyn Ranks>,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    origin: &'a Origin,
    position: &'a Position,
    /// Names of the optimiser's state, in the order of their sections.
    slots: Vec<&'a str>,
    /// Where the rows of tables lie in files of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
    /// The weights are those of the best epoch, which are then not written once more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    best_now: bool,
    /// In the order of the file.
    sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderIn {
    origin: Origin,
    position: Position,
    slots: Vec<String>,
    #[serde(default)]
    parts: Option<Parts>,
    #[serde(default)]
    best_now: bool,
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
    let mut sets = vec![("weights", snapshot.parameters)];
    sets.extend(&snapshot.slots);
    let best_now = (snapshot.best).is_some_and(|best| std::ptr::eq(best, snapshot.parameters));
    let other = snapshot.best.filter(|_| !best_now);
    sets.extend(other.map(|best| ("best", best)));
    let parts = match snapshot.spread {
        None => None,
        Some(ranks) => Some(save_rows(&folder, ranks, snapshot.position, &sets)?),
    };
    if snapshot.spread.is_some_and(|ranks| !ranks.first()) {
        return Ok(());
    }
    let mut all = Vec::new();
    for &(name, set) in &sets {
        all.push((format!("{name}.dense"), &set.dense[..]));
        all.push((format!("{name}.buffers"), &set.buffers[..]));
        if parts.is_none() {
            all.extend(tables_of(name, set));
        }
    }
    let header = HeaderOut {
        origin,
        position: snapshot.position,
        slots: snapshot.slots.iter().map(|(name, _)| *name).collect(),
        parts,
        best_now,
        sections: all
            .iter()
            .map(|(name, numbers)| Section::new(name, numbers.len()))
            .collect(),
    };
    let header = format::header_bytes(&header)?;
    let numbers: Vec<&[f32]> = all.into_iter().map(|(_, numbers)| numbers).collect();
    write_whole(&checkpoint_file(run), |file| {
        format::write(file, &header, &numbers)
    })?;
    match parts {
        Some(parts) => parts.remove_others(&folder),
        None => parts::remove(&folder),
    }
}

/// Writes the rows that this rank keeps; returns when all have.
fn save_rows(
    folder: &Path,
    ranks: &dyn Ranks,
    position: &Position,
    sets: &[(&str, &Parameters)],
) -> Result<Parts> {
    let parts = Parts::at(position, ranks.size());
    let rows = sets.iter().flat_map(|&(name, set)| tables_of(name, set));
    parts.write(folder, ranks.rank(), &rows.collect::<Vec<_>>())?;
    ranks.gather(&[], &vec![0; ranks.size()], &mut Vec::new());
    Ok(parts)
}

/// The sections of the tables of one set of weights, or of what is shaped like them.
fn tables_of<'p>(
    name: &str,
    set: &'p Parameters,
) -> impl Iterator<Item = (String, &'p [f32])> + use<'p> {
    let name = name.to_owned();
    let section =
        move |(number, table): (usize, &'p Aligned)| (parts::table_name(&name, number), &table[..]);
    set.tables.iter().enumerate().map(section)
}

/// The sections of a set, for a layout; no memory is taken for the numbers.
fn expected(name: &str, layout: &Layout, whole: bool) -> Vec<Section> {
    let buffers = layout.buffers.last().map_or(0, |b| b.param.range.end);
    let mut all = vec![
        Section::new(format!("{name}.dense"), layout.dense_len()),
        Section::new(format!("{name}.buffers"), buffers),
    ];
    if whole {
        all.extend(parts::tables(name, layout));
    }
    all
}

/// A checkpoint whose header was read.
#[derive(Debug)]
pub struct Checkpoint {
    reader: Reader,
    position: Position,
    slots: Vec<String>,
    parts: Option<Parts>,
    /// See `HeaderOut`.
    best_now: bool,
    sections: Vec<Section>,
}

/// The numbers of a checkpoint.
#[derive(Debug)]
pub struct State {
    /// As they were then; of tables that are spread over ranks, the rows that are to be kept here.
    pub parameters: Arc<Parameters>,
    /// See [`Snapshot::slots`].
    pub slots: Vec<(String, Parameters)>,
    /// May be the same as the weights.
    pub best: Option<Arc<Parameters>>,
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
            parts,
            best_now,
            sections,
        } = header;
        let refused = |e: Error| reader.damaged(&e.to_string());
        origin.settings.validate().map_err(refused)?;
        let checkpoint = Checkpoint {
            reader,
            position,
            slots,
            parts,
            best_now,
            sections,
        };
        Ok((origin, checkpoint))
    }

    /// Refuses a checkpoint of another model, before any memory is taken for it.
    ///
    /// # Errors
    /// Names the first section that does not fit.
    pub fn check(&self, layout: &Layout) -> Result<()> {
        let of_set = |name: String| expected(&name, layout, self.parts.is_none());
        let wanted: Vec<Section> = self.sets().into_iter().flat_map(of_set).collect();
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

    /// The names of the sets of numbers, in their order.
    fn sets(&self) -> Vec<String> {
        let weights = std::iter::once("weights".to_owned());
        let other = self.position.best.filter(|_| !self.best_now);
        let best = other.map(|_| "best".to_owned());
        weights
            .chain(self.slots.iter().cloned())
            .chain(best)
            .collect()
    }

    /// Reads the numbers, of tables the rows of `owners`; gives the position with them.
    ///
    /// # Errors
    /// When the sections are not those of the layout, or damaged: by their name. Also when a part is missing.
    pub fn read(mut self, layout: &Layout, owners: Owners) -> Result<(Position, State)> {
        self.check(layout)?;
        let names = self.sets();
        let folder = self.path().parent().unwrap_or(Path::new("")).to_owned();
        let parts = self.parts.map(|parts| parts.open(&folder, layout, &names));
        let mut parts = parts.transpose()?;
        let share = layout.share(owners);
        let mut sets = Vec::new();
        for name in &names {
            let mut set = Parameters::zeros(&share);
            let reader = &mut self.reader;
            reader.section(&format!("{name}.dense"), &mut set.dense)?;
            reader.section(&format!("{name}.buffers"), &mut set.buffers)?;
            match &mut parts {
                None => Part::read(reader, Owners::ONE, name, layout, owners, &mut set)?,
                Some(parts) => {
                    for Part { reader, owners: of } in parts {
                        Part::read(reader, *of, name, layout, owners, &mut set)?;
                    }
                }
            }
            sets.push(set);
        }
        let other = self.position.best.filter(|_| !self.best_now);
        let other = other.and_then(|_| sets.pop()).map(Arc::new);
        let mut sets = sets.into_iter();
        let parameters = Arc::new(sets.next().unwrap_or_default());
        let best = self.position.best;
        let best = best.map(|_| other.unwrap_or_else(|| Arc::clone(&parameters)));
        let state = State {
            parameters,
            slots: self.slots.into_iter().zip(sets).collect(),
            best,
        };
        Ok((self.position, state))
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
    parts::remove(&folder)?;
    gone(fs::remove_dir(&folder), &folder)
}
