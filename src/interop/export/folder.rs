//! A folder of several files that is there whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::write_whole;

/// A folder in the making.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Writes a file of it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(&self.0.join(name), |file| file.write_all(bytes))
    }
}

/// Makes the folder `path` through `content`: beside its place, then renamed.
///
/// # Errors
/// When `path` is there already, `content` fails or the system refuses; then nothing is left behind.
pub(super) fn write_folder(path: &Path, content: impl FnOnce(&Folder) -> Result<()>) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        let what = "is there already: choose another name, or remove it";
        return Err(Error::file(path, what));
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    let made = builder.prefix(".autoint-").tempdir_in(parent);
    let draft = made.map_err(Error::io(parent, "create a folder in"))?;
    // Not private, as a temporary folder is.
    let folder = draft.path().join("whole");
    fs::create_dir(&folder).map_err(Error::io(path, "create"))?;
    content(&Folder(folder.clone()))?;
    fs::rename(&folder, path).map_err(Error::io(path, "create"))?;
    if cfg!(unix) {
        let opened = File::open(parent).map_err(Error::io(parent, "read"))?;
        opened.sync_all().map_err(Error::io(parent, "sync"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_whole_or_not_at_all_and_never_over_another() {
        let scene = tempfile::tempdir().unwrap();
        let path = scene.path().join("folder");
        let names = || fs::read_dir(scene.path()).unwrap().count();
        let failed = write_folder(&path, |folder| {
            folder.file("a", b"1")?;
            Err(Error::Data("no more".into()))
        });
        assert!(failed.unwrap_err().to_string().contains("no more"));
        assert_eq!(names(), 0);
        write_folder(&path, |folder| folder.file("a", b"1")).unwrap();
        assert_eq!(fs::read(path.join("a")).unwrap(), b"1");
        let again = write_folder(&path, |folder| folder.file("a", b"2"));
        assert!(again.unwrap_err().to_string().contains("there already"));
        assert_eq!(
            (fs::read(path.join("a")).unwrap(), names()),
            (b"1".to_vec(), 1)
        );
    }
}
