//! An HDF5 file as a list of its data sets, each with its path; what the file claims is held against how long it is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use crate::error::{Error, Result};

/// Keras nests layers three or four deep.
const MOST_DEPTH: usize = 32;
/// Groups and data sets of a file; a model of 64 interacting layers has some 600.
const MOST_OBJECTS: usize = 20_000;
/// A file's largest description of one object, in bytes: names of a few thousand weights.
const MOST_HEADER: usize = 1 << 20;
/// What an attribute's name ends in when its strings are more than fit into one: `weight_names0`, `weight_names1`, ...
const MOST_PARTS: usize = 1_000;

/// A data set and where it stands.
pub struct Found {
    /// From the root on, parts joined by `/`.
    pub path: String,
    /// Row-major, as HDF5 keeps it.
    pub shape: Vec<usize>,
    dataset: Dataset,
}

/// An open file.
pub struct Hdf5 {
    path: PathBuf,
    file: Hdf5File,
    /// Of the file in bytes: nothing in it can be longer.
    length: u64,
}

impl Hdf5 {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read or is no HDF5.
    pub fn open(path: &Path) -> Result<Hdf5> {
        let found = std::fs::metadata(path).map_err(Error::io(path, "read"))?;
        if !found.is_file() {
            return Err(Error::file(
                path,
                "is no regular file, expected an HDF5 file",
            ));
        }
        let length = found.len();
        let file = Hdf5File::open_with_options(path, options(length));
        Hdf5::of(path, file, length)
    }

    /// The same of bytes; `path` is for messages.
    ///
    /// # Errors
    /// When they are no HDF5.
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Hdf5> {
        let length = bytes.len() as u64;
        let file = Hdf5File::from_bytes_with_options(bytes, options(length));
        Hdf5::of(path, file, length)
    }

    fn of(path: &Path, file: hdf5_reader::error::Result<Hdf5File>, length: u64) -> Result<Hdf5> {
        Ok(Hdf5 {
            path: path.to_path_buf(),
            file: file.map_err(wrong(path))?,
            length,
        })
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All data sets, those of groups at the root that `skip` names aside.
    ///
    /// # Errors
    /// When the file is damaged, its groups go in circles, or it claims more numbers than it has bytes for.
    pub fn datasets(&self, skip: &[&str]) -> Result<Vec<Found>> {
        let root = self.file.root_group().map_err(wrong(&self.path))?;
        let mut walk = Walk {
            file: self,
            skip,
            seen: HashSet::new(),
            found: Vec::new(),
            bytes: 0,
        };
        walk.group(&root, "", 0)?;
        Ok(walk.found)
    }

    /// The names of the groups at the root.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn top(&self) -> Result<Vec<String>> {
        let names = self.file.root_group().and_then(|root| root.member_names());
        Ok(names.map_err(wrong(&self.path))?.0)
    }

    /// The strings of a group's attribute (the root's for an empty path), which Keras cuts into parts where they are many; none when there is
    /// no such attribute.
    ///
    /// # Errors
    /// When the file is damaged, or the attribute holds no strings.
    pub fn strings(&self, group: &str, name: &str) -> Result<Option<Vec<String>>> {
        let opened = match group {
            "" => self.file.root_group(),
            _ => self.file.group(group),
        };
        let attributes = opened
            .and_then(|group| group.attributes())
            .map_err(wrong(&self.path))?;
        let parts = (0..MOST_PARTS).map(|part| format!("{name}{part}"));
        let mut all = None;
        for part in std::iter::once(name.to_owned()).chain(parts) {
            let Some(attribute) = attributes.iter().find(|a| a.name == part) else {
                if part != name {
                    break;
                }
                continue;
            };
            // Without strings, h5py writes no numbers instead.
            let strings = match attribute.num_elements() {
                Ok(0) => Vec::new(),
                _ => attribute.read_strings().map_err(wrong(&self.path))?,
            };
            all.get_or_insert_with(Vec::new).extend(strings);
        }
        Ok(all)
    }

    /// The numbers of a data set, row-major.
    ///
    /// # Errors
    /// When they are no 32-bit floats, or the file is damaged.
    pub fn read(&self, found: &Found) -> Result<Vec<f32>> {
        let read = found.dataset.read_array::<f32>();
        let numbers = read.map_err(wrong(&self.path))?;
        Ok(numbers.into_raw_vec_and_offset().0)
    }
}

/// Nothing outside of the file is opened, and no more is read than it has bytes.
fn options(length: u64) -> OpenOptions {
    let most = usize::try_from(length).unwrap_or(usize::MAX);
    OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(most)
        .with_max_read_bytes(most)
        .with_max_object_header_bytes(MOST_HEADER)
}

/// What the library says, for people.
fn wrong(path: &Path) -> impl Fn(hdf5_reader::error::Error) -> Error {
    move |error| match error {
        hdf5_reader::error::Error::InvalidMagic => Error::file(
            path,
            "is no HDF5 file, expected weights as Keras writes them (.h5, .weights.h5)",
        ),
        error => Error::file(
            path,
            format!("is damaged, cut off, or no file that Keras writes: {error}"),
        ),
    }
}

/// A walk over all groups.
struct Walk<'f> {
    file: &'f Hdf5,
    skip: &'f [&'f str],
    /// Where the groups stand in the file that were looked at.
    seen: HashSet<u64>,
    found: Vec<Found>,
    /// What their numbers take.
    bytes: u64,
}

impl Walk<'_> {
    fn group(&mut self, group: &Group, prefix: &str, depth: usize) -> Result<()> {
        let path = &self.file.path;
        if !self.seen.insert(group.address()) {
            let what = format!(
                "its group `{prefix}` is part of itself or of two others: no file that Keras writes"
            );
            return Err(Error::file(path, what));
        }
        if depth > MOST_DEPTH || self.seen.len() + self.found.len() > MOST_OBJECTS {
            let what = format!(
                "has groups more than {MOST_DEPTH} deep, or more than {MOST_OBJECTS} of them and of tensors: no file that Keras writes"
            );
            return Err(Error::file(path, what));
        }
        let (groups, datasets) = group.members().map_err(wrong(path))?;
        for dataset in datasets {
            self.dataset(dataset, prefix)?;
        }
        for inner in groups {
            let name = join(prefix, inner.name());
            if !self.skip.contains(&name.as_str()) {
                self.group(&inner, &name, depth + 1)?;
            }
        }
        Ok(())
    }

    fn dataset(&mut self, dataset: Dataset, prefix: &str) -> Result<()> {
        let name = join(prefix, dataset.name());
        let wrong = |what: String| Err(Error::file(&self.file.path, what));
        if !matches!(dataset.dtype(), Datatype::FloatingPoint { size: 4, .. }) {
            return wrong(format!(
                "tensor `{name}`: expected 32-bit floats, got {:?}",
                dataset.dtype()
            ));
        }
        let numbers = dataset.num_elements().unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(numbers.saturating_mul(4));
        if self.bytes > self.file.length {
            return wrong(format!(
                "tensor `{name}` {:?} would need more bytes than the file has ({}): it is damaged or cut off",
                dataset.shape(),
                self.file.length
            ));
        }
        let shape = dataset.shape().iter();
        // No number of them is larger than the file is long.
        let shape = shape.map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
        self.found.push(Found {
            shape: shape.collect(),
            path: name,
            dataset,
        });
        Ok(())
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}/{name}"),
    }
}
