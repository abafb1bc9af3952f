//! Files are written whole or not at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How the names of temporary files begin: a program that is killed leaves one behind.
const TEMPORARY: &str = ".autoint-";

/// Whether a file is one that [`write_whole`] was killed over.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

/// Writes a file through `content`: into a temporary file in the same folder, synced, renamed to `path`, the folder synced.
/// Whoever opens `path` sees the old file or the whole new one, even after a crash.
///
/// # Errors
/// When `content` fails or the system refuses; then nothing is left behind and an older file is untouched.
pub fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let mut temporary = temporary_beside(path)?;
    let mut writer = BufWriter::new(temporary.as_file_mut());
    content(&mut writer)
        .and_then(|()| writer.flush())
        .map_err(Error::io(path, "write"))?;
    drop(writer);
    persist(temporary, path)
}

/// The folder that holds a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of `path`, for [`persist`].
///
/// # Errors
/// When it cannot be made.
pub fn temporary_beside(path: &Path) -> Result<NamedTempFile> {
    let folder = folder_of(path);
    let made = builder().tempfile_in(folder);
    made.map_err(Error::io(folder, "create a file in"))
}

/// Makes a temporary file, whose content is written, the file `path`.
///
/// # Errors
/// When the system refuses; then an older file is untouched.
pub fn persist(temporary: NamedTempFile, path: &Path) -> Result<()> {
    temporary
        .as_file()
        .sync_all()
        .map_err(Error::io(path, "write"))?;
    temporary
        .persist(path)
        .map_err(|failed| Error::io(path, "replace")(failed.error))?;
    sync_folder(folder_of(path))
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
