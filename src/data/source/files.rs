//! The files that a user means by a name: a file, a folder of part files, a pattern.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// How deep folders of part files may be nested (`year=2014/month=10/part-0.csv`).
const DEEPEST: usize = 8;

/// The files of `pattern`, relative to `base`: a file, the part files of a folder as Spark, DuckDB or DataFusion write them (in
/// the order of their names, without those that begin with `_` or `.`), or all files that a pattern with `*`, `?` or `[` matches.
///
/// # Errors
/// When there is none, or one is neither a file nor a folder.
pub fn expand(pattern: &str, base: &Path) -> Result<Vec<PathBuf>> {
    let path = base.join(pattern);
    if path.exists() || !pattern.contains(['*', '?', '[']) {
        let mut all = Vec::new();
        collect(&path, 0, &mut all)?;
        return match all.is_empty() {
            false => Ok(all),
            true => Err(Error::file(path, "is a folder without a data file")),
        };
    }
    let whole = path.to_string_lossy();
    let wrong = |what: String| Error::file(&path, format!("is no pattern of files: {what}"));
    let found = glob::glob(&whole).map_err(|error| wrong(error.to_string()))?;
    let mut all = Vec::new();
    for found in found {
        let found = found.map_err(|error| wrong(error.to_string()))?;
        if !is_hidden(&found) {
            collect(&found, 0, &mut all)?;
        }
    }
    match all.is_empty() {
        false => Ok(all),
        true => Err(Error::file(path, "no file matches this pattern")),
    }
}

/// Adds a file, or those of a folder.
fn collect(path: &Path, depth: usize, all: &mut Vec<PathBuf>) -> Result<()> {
    let metadata = fs::metadata(path).map_err(Error::io(path, "open"))?;
    if metadata.is_file() {
        all.push(path.to_owned());
        return Ok(());
    }
    if !metadata.is_dir() {
        let what = "is no regular file: it cannot be read twice, as encoding does; write it to a file first";
        return Err(Error::file(path, what));
    }
    if depth == DEEPEST {
        let what = format!("lies deeper than {DEEPEST} folders: name the files by a pattern");
        return Err(Error::file(path, what));
    }
    let entries = fs::read_dir(path).map_err(Error::io(path, "read"))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(Error::io(path, "read"))?.path());
    }
    names.retain(|name| !is_hidden(name));
    names.sort();
    names
        .iter()
        .try_for_each(|name| collect(name, depth + 1, all))
}

/// `_SUCCESS`, `.part-0.csv.crc` and their like.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.as_encoded_bytes());
    name.is_some_and(|name| name.starts_with(b"_") || name.starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_patterns() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        fs::create_dir_all(base.join("log/day=2")).unwrap();
        for name in [
            "a.csv",
            "b.csv",
            "log/part-1",
            "log/part-0",
            "log/_SUCCESS",
            "log/.x.crc",
            "log/day=2/p",
        ] {
            fs::write(base.join(name), "x").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(pattern, base).unwrap();
            let name = |path: &PathBuf| path.strip_prefix(base).unwrap().display().to_string();
            found.iter().map(name).collect()
        };
        assert_eq!(names("a.csv"), ["a.csv"]);
        assert_eq!(names("log"), ["log/day=2/p", "log/part-0", "log/part-1"]);
        assert_eq!(names("*.csv"), ["a.csv", "b.csv"]);
        assert_eq!(names("log/part-?"), ["log/part-0", "log/part-1"]);
        fs::create_dir(base.join("none")).unwrap();
        for (pattern, what) in [
            ("c.csv", "cannot open"),
            ("*.tsv", "no file matches"),
            ("none", "without a data file"),
        ] {
            let error = expand(pattern, base).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused_before_it_is_opened() {
        let error = expand("/dev/zero", Path::new("")).unwrap_err().to_string();
        assert!(error.contains("is no regular file"), "{error}");
    }
}
