//! One program at a time works on a folder.
//!
//! Who makes a run, goes on with one, or trains a grid holds a lock of the operating system on the file `autoint.lock` of the
//! folder. The system gives it back at any death of the holder, a kill or a power failure too, so a lock can never be left
//! behind; the file can, and does no harm then: it is one of the names a run directory may have, and the next holder takes it.
//!
//! The holder removes the file in the end, while it still holds it. A lock on a file that has just been removed guards nothing,
//! as others make and lock a new one; so whoever has got a lock looks whether the file is still the one of that name, and if
//! not, begins again. Who only reads a run needs no lock: its files are replaced as a whole.
//!
//! A file system without locks (some network ones) gives none; there it is up to the user not to start two.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The name of the file.
pub(super) const LOCK: &str = "autoint.lock";

/// How often a folder or a file may vanish under our hands before we give up.
const TRIES: usize = 100;

/// A folder that no other program works on, as long as this lives. Folders that were made for it and are still empty then are
/// removed with it.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    /// Holds the lock while it is open.
    file: File,
    /// Dropped after the file was removed.
    _made: Made,
}

impl Lock {
    /// Locks a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When another program works on it, or it cannot be made or written.
    pub fn make(folder: &Path) -> Result<Lock> {
        let mut tries = 0..TRIES;
        loop {
            let made = Made::of(folder)?;
            match Lock::take(folder, made) {
                // Who held it before us had made the folder, and has just removed it.
                Err(Error::Io { source, .. })
                    if source.kind() == ErrorKind::NotFound && tries.next().is_some() => {}
                taken => return taken,
            }
        }
    }

    /// Locks a folder that is there.
    ///
    /// # Errors
    /// As [`Lock::make`].
    pub fn of(folder: &Path) -> Result<Lock> {
        Lock::take(folder, Made::default())
    }

    /// Makes a folder, unless it is there, and locks it.
    ///
    /// # Errors
    /// As [`Lock::make`].
    pub fn new(folder: &Path) -> Result<Option<Lock>> {
        let mut made = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Made::of(parent)?,
            _ => Made::default(),
        };
        match fs::create_dir(folder) {
            Ok(()) => made.folders.insert(0, folder.to_path_buf()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(Error::io(folder, "create")(e)),
        }
        Lock::take(folder, made).map(Some)
    }

    fn take(folder: &Path, made: Made) -> Result<Lock> {
        let busy = || Error::file(folder, "another autoint is working on it");
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        for _ in 0..TRIES {
            let file = options.open(&path).map_err(Error::io(&path, "create"))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(busy()),
                Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => {}
                Err(TryLockError::Error(e)) => return Err(Error::io(&path, "lock")(e)),
            }
            if is_at(&file, &path) {
                return Ok(Lock {
                    folder: folder.to_path_buf(),
                    file,
                    _made: made,
                });
            }
        }
        Err(busy())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Whether a program seems to work on a folder. One that was killed has left the file behind, which only the next holder notices: good
/// enough to tell people, and asking the system could be in the way of a holder to come.
pub fn is_worked_on(folder: &Path) -> bool {
    folder.join(LOCK).exists()
}

impl Drop for Lock {
    fn drop(&mut self) {
        let path = self.folder.join(LOCK);
        // The folder may have been moved away, and another one be in its place. Only tidiness: a file that stays does no harm.
        if cfg!(unix) && is_at(&self.file, &path) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether an open file is the one of that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |found: fs::Metadata| (found.dev(), found.ino());
    let (open, named) = (file.metadata().map(key), fs::metadata(path).map(key));
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

/// Elsewhere the file is never removed, so it is.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

/// Folders that were made, the innermost first. Those that are empty when it is dropped are removed.
#[derive(Debug, Default)]
struct Made {
    /// Not those that were there before.
    folders: Vec<PathBuf>,
}

impl Made {
    /// Makes a folder and those above it that are missing.
    fn of(folder: &Path) -> Result<Made> {
        let mut made = Made::default();
        let above = folder.ancestors().filter(|f| !f.as_os_str().is_empty());
        let missing: Vec<&Path> = above.take_while(|folder| !folder.is_dir()).collect();
        for missing in missing.into_iter().rev() {
            match fs::create_dir(missing) {
                Ok(()) => made.folders.insert(0, missing.to_path_buf()),
                Err(e) if e.kind() == ErrorKind::AlreadyExists && missing.is_dir() => {}
                Err(e) => return Err(Error::io(missing, "create")(e)),
            }
        }
        Ok(made)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for folder in &self.folders {
            // One that is not empty is in use.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries.map(|e| name(e).into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("run");
        let first = Lock::make(&folder).unwrap();
        assert_eq!(names(&folder), [LOCK]);
        for second in [Lock::make(&folder), Lock::of(&folder)] {
            let message = second.unwrap_err().to_string();
            let expected = format!("{}: another autoint is working on it", folder.display());
            assert_eq!(message, expected);
        }
        assert!(Lock::new(&folder).unwrap().is_none());
        drop(first);
        assert_eq!(names(parent.path()), [""; 0]);
        drop(Lock::new(&folder).unwrap().unwrap());
        assert_eq!(names(parent.path()), [""; 0]);
    }

    #[test]
    fn only_what_was_made_and_is_empty_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("a")).unwrap();
        drop(Lock::make(&parent.path().join("a/b/c")).unwrap());
        assert_eq!(names(parent.path()), ["a"]);
        assert_eq!(names(&parent.path().join("a")), [""; 0]);
        let lock = Lock::make(&parent.path().join("a/b/c")).unwrap();
        fs::write(lock.folder().join("model"), "").unwrap();
        drop(lock);
        assert_eq!(names(&parent.path().join("a/b/c")), ["model"]);
        let file = Lock::make(&parent.path().join("a/b/c/model")).unwrap_err();
        assert!(file.to_string().contains("model: cannot create"), "{file}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_a_dead_program_left_is_taken_and_that_of_another_folder_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(LOCK), "").unwrap();
        drop(Lock::of(parent.path()).unwrap());
        assert_eq!(names(parent.path()), [""; 0]);
        let (run, moved) = (parent.path().join("run"), parent.path().join("moved"));
        let first = Lock::make(&run).unwrap();
        fs::rename(&run, &moved).unwrap();
        let second = Lock::make(&run).unwrap();
        drop(first);
        assert_eq!(names(&run), [LOCK]);
        assert!(Lock::of(&run).is_err());
        drop(second);
    }

    /// Many threads take and give back the same folder, which is made and removed each time: never two at once.
    #[test]
    fn removing_the_file_lets_no_second_one_in() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/run");
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Until it was had often enough: how often a try succeeds depends on what else the machine does.
                    while taken.load(Ordering::SeqCst) < 200 {
                        if let Ok(lock) = Lock::make(&folder) {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            taken.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            holders.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() >= 200);
    }
}
