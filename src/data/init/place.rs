//! Where the schema file goes, and what it calls the data from there.

use std::path::{Component, Path, PathBuf};

use super::draft::Draft;
use super::write::{Place, too_many};
use crate::data::protocol::file;
use crate::error::{Error, Result};
use crate::files::write_whole;

/// The name of the schema file when none is asked for: that of the data, in the working folder. `logs/clicks.csv.gz` gives
/// `clicks.toml`, a pattern or a folder what is plain of its last part.
pub fn default_out(pattern: &str) -> PathBuf {
    let last = Path::new(pattern)
        .file_name()
        .map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let stem = last
        .trim_start_matches('.')
        .split('.')
        .next()
        .unwrap_or_default();
    let plain: String = stem
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .collect();
    let stem = plain.trim_matches(['-', '_', ' ']);
    PathBuf::from(format!(
        "{}.toml",
        if stem.is_empty() { "data" } else { stem }
    ))
}

/// Refuses to replace a file.
///
/// # Errors
/// When it is there and `force` is not.
pub fn check_free(out: &Path, force: bool) -> Result<()> {
    if out.is_dir() {
        return Err(Error::file(
            out,
            "is a folder, expected the name of a file to write",
        ));
    }
    match out.exists() && !force {
        true => Err(Error::file(
            out,
            "is there already: --force replaces it, --out names another",
        )),
        false => Ok(()),
    }
}

/// A path or pattern as a file in `folder` calls it.
///
/// # Errors
/// When the working folder is gone.
pub fn relative(pattern: &str, folder: &Path) -> Result<String> {
    let given = Path::new(pattern);
    if given.is_absolute() || folder.as_os_str().is_empty() {
        return Ok(pattern.to_owned());
    }
    let real = |path: &Path| path.canonicalize().map_err(Error::io(path, "read"));
    let here = real(Path::new("."))?;
    let (folder, target) = (real(folder)?, normal(&here.join(given)));
    let both = |(a, b): &(Component<'_>, Component<'_>)| a == b;
    let common = folder
        .components()
        .zip(target.components())
        .take_while(both)
        .count();
    // From another root, or another of its folders, the whole path is clearer than the way there.
    if common <= 1 && folder != Path::new("/") {
        return Ok(target.to_string_lossy().into_owned());
    }
    let up = folder
        .components()
        .skip(common)
        .map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(target.components().skip(common)).collect();
    Ok(path.to_string_lossy().into_owned())
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

impl Draft {
    /// Writes the schema file, whole or not at all; gives the text.
    ///
    /// # Errors
    /// When the system refuses, or the file would be too large to be read again.
    pub fn write(&self, out: &Path, place: &Place, again: &str) -> Result<()> {
        let name = out
            .file_stem()
            .map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
        let text = self.toml(&name, place, again);
        if text.len() as u64 > file::MOST_BYTES {
            return Err(too_many(self.columns.len()));
        }
        write_whole(out, |w| w.write_all(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_called_like_the_data() {
        for (pattern, name) in [
            ("clicks.csv", "clicks.toml"),
            ("logs/clicks.csv.gz", "clicks.toml"),
            ("logs/", "logs.toml"),
            ("logs/part-*.csv", "part.toml"),
            ("*", "data.toml"),
            ("..", "data.toml"),
            ("my data.tsv", "my data.toml"),
        ] {
            assert_eq!(default_out(pattern), Path::new(name), "{pattern}");
        }
    }

    #[test]
    fn data_are_found_from_where_the_schema_is() {
        assert_eq!(relative("a/b-*.csv", Path::new("")).unwrap(), "a/b-*.csv");
        assert_eq!(relative("/x/b.csv", Path::new("src")).unwrap(), "/x/b.csv");
        assert_eq!(
            relative("a/./b.csv", Path::new("src/data")).unwrap(),
            "../../a/b.csv"
        );
        assert_eq!(relative("src/b.csv", Path::new("src")).unwrap(), "b.csv");
        let folder = tempfile::tempdir().unwrap();
        let path = relative("b.csv", folder.path()).unwrap();
        assert!(
            Path::new(&path).is_absolute() && path.ends_with("b.csv"),
            "{path}"
        );
        assert!(relative("b.csv", &folder.path().join("none")).is_err());
    }
}
