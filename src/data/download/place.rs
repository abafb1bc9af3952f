//! Putting finished files into the target folder: all of them or none.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, Result};

/// Whether a folder holds all the files.
///
/// # Errors
/// When it holds some of them only: they may be somebody's.
pub(super) fn holds_all(folder: &Path, files: &[&str]) -> Result<bool> {
    let is_there = |file: &&&str| folder.join(file).exists();
    let (there, missing): (Vec<&str>, Vec<&str>) = files.iter().partition(|file| is_there(file));
    match (there.as_slice(), missing.as_slice()) {
        (_, []) => Ok(true),
        ([], _) => Ok(false),
        _ => Err(Error::file(
            folder,
            format!(
                "holds {} but not {}: use --force to replace what is there, or --to with another folder",
                there.join(", "),
                missing.join(", ")
            ),
        )),
    }
}

/// A target folder, and a temporary folder beside it, in the same file system, that is removed in the end.
pub(super) struct Target {
    /// Where the files are to be; may not exist yet.
    folder: PathBuf,
    /// Where the folder stands, which is on the same file system as the scratch folder.
    parent: PathBuf,
    /// Removed when this is dropped, whatever is left in it.
    scratch: TempDir,
}

impl Target {
    /// Makes the temporary folder. The target itself need not exist, and is not made yet.
    ///
    /// # Errors
    /// When the target is a file, or the folder above it cannot be written.
    pub(super) fn prepare(folder: &Path, name: &str) -> Result<Target> {
        // A link is followed, so that the temporary folder lies in the file system where the files will be.
        let folder = match fs::canonicalize(folder) {
            Ok(real) if real.is_dir() => real,
            Ok(_) => {
                return Err(Error::file(
                    folder,
                    "is a file, expected a folder: choose another one with --to",
                ));
            }
            Err(_) => folder.to_path_buf(),
        };
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        fs::create_dir_all(&parent).map_err(Error::io(&parent, "create"))?;
        let scratch = tempfile::Builder::new()
            .prefix(&format!(".{name}.partial-"))
            .tempdir_in(&parent)
            .map_err(Error::io(&parent, "create a temporary folder in"))?;
        Ok(Target {
            folder,
            parent,
            scratch,
        })
    }

    /// The temporary folder.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Moves the files called `names` from the folder `from` (in the temporary one) into the target. A new target appears
    /// in one rename; in an old one the files are exchanged one by one, and all put back when one fails.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub(super) fn fill(&self, from: &Path, names: &[String]) -> Result<()> {
        sync_folder(from);
        if self.folder.exists() {
            self.exchange(from, names)?;
            sync_folder(&self.folder);
        } else {
            fs::rename(from, &self.folder).map_err(Error::io(&self.folder, "create"))?;
        }
        sync_folder(&self.parent);
        Ok(())
    }

    fn exchange(&self, from: &Path, names: &[String]) -> Result<()> {
        let attic = self.scratch().join("replaced");
        fs::create_dir(&attic).map_err(Error::io(&attic, "create"))?;
        let mut moves: Vec<(PathBuf, PathBuf)> = Vec::new();
        for name in names {
            let place = self.folder.join(name);
            if fs::symlink_metadata(&place).is_ok() {
                moves.push((place.clone(), attic.join(name)));
            }
            moves.push((from.join(name), place));
        }
        for (done, (old, new)) in moves.iter().enumerate() {
            if let Err(error) = fs::rename(old, new) {
                for (old, new) in moves.iter().take(done).rev() {
                    // Nothing more can be done about a file that cannot even be put back.
                    let _ = fs::rename(new, old);
                }
                return Err(Error::io(&self.folder, "replace the files in")(error));
            }
        }
        Ok(())
    }
}

/// Makes renames in a folder last through a power failure, where the system can; a failure to do so is no loss of data.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path, texts: &[(&str, &str)]) -> Vec<String> {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in texts {
            fs::write(folder.join(name), text).unwrap();
        }
        texts.iter().map(|(name, _)| name.to_string()).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_target_appears_whole_and_no_trace_is_left() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data").join("set");
        let target = Target::prepare(&folder, "set").unwrap();
        assert!(!folder.exists());
        let from = target.scratch().join("files");
        let new = files(&from, &[("a", "1"), ("b", "2")]);
        target.fill(&from, &new).unwrap();
        drop(target);
        assert_eq!(names(&folder), ["a", "b"]);
        assert_eq!(names(&root.path().join("data")), ["set"]);
    }

    #[test]
    fn files_of_others_stay_in_an_old_target() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("set");
        files(&folder, &[("a", "old"), ("notes", "mine")]);
        let target = Target::prepare(&folder, "set").unwrap();
        let from = target.scratch().join("files");
        let new = files(&from, &[("a", "1"), ("b", "2")]);
        target.fill(&from, &new).unwrap();
        drop(target);
        assert_eq!(names(&folder), ["a", "b", "notes"]);
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "1");
        assert_eq!(names(root.path()), ["set"]);
    }

    #[test]
    fn a_failure_half_way_puts_everything_back() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("set");
        files(&folder, &[("a", "old"), ("b", "older")]);
        let target = Target::prepare(&folder, "set").unwrap();
        let from = target.scratch().join("files");
        let mut new = files(&from, &[("a", "1"), ("b", "2")]);
        new.push("never written".into());
        let error = target.fill(&from, &new).unwrap_err().to_string();
        assert!(error.contains("cannot replace the files in"), "{error}");
        drop(target);
        assert_eq!(names(&folder), ["a", "b"]);
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "old");
        assert_eq!(fs::read_to_string(folder.join("b")).unwrap(), "older");
    }

    #[test]
    fn a_part_of_the_files_is_an_error_and_a_file_is_no_target() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("set");
        assert!(!holds_all(&folder, &["a", "b"]).unwrap());
        files(&folder, &[("a", "1")]);
        let error = holds_all(&folder, &["a", "b"]).unwrap_err().to_string();
        assert!(error.contains("holds a but not b: use --force"), "{error}");
        files(&folder, &[("b", "1")]);
        assert!(holds_all(&folder, &["a", "b"]).unwrap());
        let error = Target::prepare(&folder.join("a"), "set")
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().contains("is a file, expected a folder"));
    }
}
