//! Files are written whole or not at all.
//!
//! A name that a user gives for an output may be a link, which is followed: its target is replaced, the link stays. What is no
//! regular file (a device, a named pipe) cannot be replaced without being lost, so it is written through, where that makes
//! sense, and refused elsewhere.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How the names of temporary files begin: a program that is killed leaves one behind.
const TEMPORARY: &str = ".autoint-";

/// Links that are followed from one to the next; as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Whether a file is one that [`write_whole`] was killed over.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

/// Writes a text as [`write_whole`] does.
///
/// # Errors
/// As there.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

/// Writes a file through `content`: into a temporary file in the same folder, synced, renamed to `path`, the folder synced.
/// Whoever opens `path` sees the old file or the whole new one, even after a crash. What is no regular file is written through.
///
/// # Errors
/// When `content` fails or the system refuses; then nothing is left behind and an older file is untouched.
pub fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let fill = |file: &mut File| {
        let mut writer = BufWriter::new(file);
        content(&mut writer)
            .and_then(|()| writer.flush())
            .map_err(Error::io(path, "write"))
    };
    match Place::of(path)? {
        Place::File(place) => {
            let mut draft = Draft::at(place, path)?;
            fill(draft.temporary.as_file_mut())?;
            draft.persist()
        }
        Place::Other => {
            let opened = OpenOptions::new().write(true).open(path);
            fill(&mut opened.map_err(Error::io(path, "open"))?)
        }
    }
}

/// What a name leads to.
enum Place {
    /// A regular file, or none yet, by the name that is no link.
    File(PathBuf),
    /// A device, a pipe or a socket.
    Other,
}

impl Place {
    fn of(path: &Path) -> Result<Place> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(Error::file(
                path,
                "is a folder, expected the name of a file",
            )),
            Ok(found) if found.is_file() => {
                let place = fs::canonicalize(path).map_err(Error::io(path, "replace"))?;
                Ok(Place::File(place))
            }
            Ok(_) => Ok(Place::Other),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Place::File(end_of_links(path)?))
            }
            Err(error) => Err(Error::io(path, "write")(error)),
        }
    }
}

/// The name without links of a file that can be made or replaced.
///
/// # Errors
/// When `path` is there and no regular file.
pub fn replaceable(path: &Path) -> Result<PathBuf> {
    match Place::of(path)? {
        Place::File(place) => Ok(place),
        Place::Other => Err(Error::file(
            path,
            "is no regular file, and only such a file can be replaced: choose another name",
        )),
    }
}

/// Where links lead that end in nothing.
fn end_of_links(path: &Path) -> Result<PathBuf> {
    let mut place = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = folder_of(&place).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(Error::file(path, "is a link that leads to itself"))
}

/// The folder that holds a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file in the making: a temporary one beside its place, and gone when it is dropped.
#[derive(Debug)]
pub struct Draft {
    temporary: NamedTempFile,
    /// What it is to replace, which is no link.
    place: PathBuf,
    /// The name that was asked for, for messages.
    path: PathBuf,
}

impl Draft {
    /// A draft of the file `path`.
    ///
    /// # Errors
    /// When it cannot be made, or `path` is there and no regular file.
    pub fn of(path: &Path) -> Result<Draft> {
        Draft::at(replaceable(path)?, path)
    }

    fn at(place: PathBuf, path: &Path) -> Result<Draft> {
        let folder = folder_of(&place);
        let made = builder().tempfile_in(folder);
        Ok(Draft {
            temporary: made.map_err(Error::io(folder, "create a file in"))?,
            place,
            path: path.to_path_buf(),
        })
    }

    /// Another handle of the temporary file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn reopen(&self) -> Result<File> {
        let file = self.temporary.reopen();
        file.map_err(Error::io(&self.path, "write"))
    }

    /// Makes the draft, whose content is written, the file.
    ///
    /// # Errors
    /// When the system refuses; then an older file is untouched.
    pub fn persist(self) -> Result<()> {
        let Draft {
            temporary,
            place,
            path,
        } = self;
        let synced = temporary.as_file().sync_all();
        synced.map_err(Error::io(&path, "write"))?;
        temporary
            .persist(&place)
            .map_err(|failed| Error::io(&path, "replace")(failed.error))?;
        sync_folder(folder_of(&place))
    }
}

/// Temporary files are private by default; what is kept gets the permissions of any new file.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// The new name itself is durable only when its folder is. Elsewhere than on Unix a folder cannot be opened to sync it.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let opened = File::open(folder).map_err(Error::io(folder, "read"))?;
        opened.sync_all().map_err(Error::io(folder, "sync"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kill_leaves_is_known_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(&folder.path().join("file"), |_| {
            let names: Vec<_> = std::fs::read_dir(folder.path())?
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert!(names.len() == 1 && is_temporary(&names[0]), "{names:?}");
            Ok(())
        })
        .unwrap();
        assert!(!is_temporary(OsStr::new("file")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_written_through() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let is_link = |name: &str| fs::symlink_metadata(path(name)).unwrap().is_symlink();
        fs::create_dir(path("there")).unwrap();
        symlink("there/file", path("first")).unwrap();
        symlink("first", path("second")).unwrap();
        // First to nothing, then to a file.
        for text in ["old", "new"] {
            write_whole(&path("second"), |w| w.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(path("there/file")).unwrap(), text);
            assert!(is_link("first") && is_link("second"));
        }
        symlink("/dev/null", path("null")).unwrap();
        write_whole(&path("null"), |w| w.write_all(b"gone")).unwrap();
        assert!(is_link("null"));
        let refused = |name: &str| Draft::of(&path(name)).unwrap_err().to_string();
        assert!(refused("null").contains("null: is no regular file"));
        assert!(refused("there").contains("there: is a folder"));
        symlink("circle", path("circle")).unwrap();
        assert!(write_whole(&path("circle"), |_| Ok(())).is_err());
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, |w| w.write_all(b"old")).unwrap();
        let failed = write_whole(&path, |w| {
            w.write_all(b"half")?;
            Err(std::io::Error::other("disk full"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_whole(&path, |w| w.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }
}
