//! Unpacking an archive that nobody vouches for: only files with expected names are written, only into one folder.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::set::DownloadSet;

/// MovieLens archives hold two dozen entries.
const MOST_ENTRIES: usize = 1000;

/// Unpacks the set's files from `archive` into the new folder `to` and returns their names. Other files are left out.
///
/// # Errors
/// With a sentence that says why the archive is refused: it is no zip archive or is damaged, an entry has an unsafe path or
/// is a symbolic link, a file is there twice or missing, or the files are larger than `largest` bytes together.
pub(super) fn unpack(
    archive: &Path,
    to: &Path,
    set: DownloadSet,
    largest: u64,
) -> Result<Vec<String>, String> {
    let file = File::open(archive).map_err(|e| format!("cannot open the archive: {e}"))?;
    let mut zip = ZipArchive::new(BufReader::new(file))
        .map_err(|e| format!("not a readable zip archive: {e}"))?;
    let chosen = choose(&zip, set)?;
    fs::create_dir(to).map_err(|e| format!("cannot create a folder: {e}"))?;
    let mut left = largest;
    for (index, name) in &chosen {
        let entry = zip
            .by_index(*index)
            .map_err(|e| format!("cannot unpack {name}: {e}"))?;
        let written =
            write(entry, &to.join(name), left).map_err(|e| format!("cannot unpack {name}: {e}"))?;
        left = left
            .checked_sub(written)
            .ok_or_else(|| format!("the archive unpacks to more than {largest} bytes, refused"))?;
    }
    Ok(chosen.into_iter().map(|(_, name)| name).collect())
}

/// The entries to unpack, by position, with the names to write them under. Every entry is looked at, wanted or not: an
/// archive with one that is unsafe is not what it claims to be.
fn choose<R: Read + io::Seek>(
    zip: &ZipArchive<R>,
    set: DownloadSet,
) -> Result<Vec<(usize, String)>, String> {
    if zip.len() > MOST_ENTRIES {
        return Err(format!(
            "the archive has {} entries, more than {MOST_ENTRIES}",
            zip.len()
        ));
    }
    if zip.has_duplicate_names() {
        return Err("the archive has two entries of the same name".to_string());
    }
    let mut chosen: Vec<(usize, String)> = Vec::new();
    for index in 0..zip.len() {
        let entry = zip
            .by_index_data(index)
            .map_err(|e| format!("entry {index} of the archive is damaged: {e}"))?;
        let path = entry
            .name()
            .map_err(|e| format!("the name of entry {index} of the archive is damaged: {e}"))?;
        let shown = path.escape_debug();
        if !is_safe(&path) {
            return Err(format!(
                "entry `{shown}` of the archive leads out of its folder, refused"
            ));
        }
        if entry.is_symlink() {
            return Err(format!(
                "entry `{shown}` of the archive is a symbolic link, refused"
            ));
        }
        let Some(name) = base_name(&path).filter(|_| entry.is_file()) else {
            continue;
        };
        if !set.required().contains(&name) && !set.welcome().contains(&name) {
            continue;
        }
        if chosen.iter().any(|(_, there)| there == name) {
            return Err(format!("the archive has two files called {name}"));
        }
        chosen.push((index, name.to_string()));
    }
    let there = |name: &&&str| !chosen.iter().any(|(_, chosen)| chosen == **name);
    let missing: Vec<&str> = set.required().iter().filter(there).copied().collect();
    match missing.as_slice() {
        [] => Ok(chosen),
        _ => Err(format!(
            "the archive lacks {}: it is not {set}",
            missing.join(", ")
        )),
    }
}

/// Whether a path stays in the folder it is unpacked to, on every system.
fn is_safe(path: &str) -> bool {
    let odd = |c: char| matches!(c, '\\' | ':' | '\0');
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains(odd)
        && path.split('/').all(|part| part != "..")
}

/// The name of a file at the top or directly in a folder at the top.
fn base_name(path: &str) -> Option<&str> {
    match path.split_once('/') {
        None => Some(path),
        Some((_, name)) if !name.contains('/') => Some(name),
        Some(_) => None,
    }
}

/// Writes an entry to a new file, synced, and returns its size; stops one byte after `most`. The sizes in the archive's
/// headers are not believed. Reading to the end checks the entry's CRC-32.
fn write(entry: impl Read, to: &Path, most: u64) -> io::Result<u64> {
    let mut file = File::create_new(to)?;
    let written = io::copy(&mut entry.take(most.saturating_add(1)), &mut file)?;
    file.sync_all()?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    const LARGEST: u64 = 1000;

    fn unpack_entries(entries: &[(&str, &str)], link: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, text) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        if let Some(link) = link {
            zip.add_symlink(link, "/etc/passwd", SimpleFileOptions::default())
                .unwrap();
        }
        zip.finish().unwrap();
        let to = folder.path().join("files");
        let names = unpack(&path, &to, DownloadSet::Ml1m, LARGEST)?;
        for name in &names {
            let source = entries
                .iter()
                .find(|(path, _)| path.ends_with(name.as_str()))
                .unwrap();
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), source.1);
        }
        assert_eq!(fs::read_dir(&to).unwrap().count(), names.len());
        Ok(names)
    }

    const GOOD: [(&str, &str); 3] = [
        ("ml-1m/users.dat", "u"),
        ("ml-1m/movies.dat", "m"),
        ("ml-1m/ratings.dat", "r"),
    ];

    fn with(more: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
        unpack_entries(&[&GOOD, more].concat(), None)
    }

    #[test]
    fn only_expected_files_are_written() {
        let names = with(&[
            ("ml-1m/README", "terms"),
            ("ml-1m/run.sh", "x"),
            ("ml-1m/deep/README", "x"),
        ]);
        assert_eq!(
            names.unwrap(),
            ["users.dat", "movies.dat", "ratings.dat", "README"]
        );
    }

    #[test]
    fn unsafe_paths_are_refused_by_name_wanted_or_not() {
        for path in [
            "../evil",
            "ml-1m/../../users.dat",
            "/etc/evil",
            "ml-1m\\..\\evil",
            "C:evil",
            "a/..",
        ] {
            let error = with(&[(path, "x")]).unwrap_err();
            assert!(error.contains(&path.escape_debug().to_string()), "{error}");
            assert!(error.contains("leads out of its folder"), "{error}");
        }
        let error = unpack_entries(&GOOD, Some("ml-1m/README")).unwrap_err();
        assert_eq!(
            error,
            "entry `ml-1m/README` of the archive is a symbolic link, refused"
        );
    }

    #[test]
    fn missing_and_doubled_files_are_refused() {
        let error = unpack_entries(&GOOD[..1], None).unwrap_err();
        assert_eq!(
            error,
            "the archive lacks movies.dat, ratings.dat: it is not ml-1m"
        );
        let error = with(&[("other/users.dat", "x")]).unwrap_err();
        assert_eq!(error, "the archive has two files called users.dat");
    }

    #[test]
    fn the_size_is_bounded_while_unpacking() {
        let long = "x".repeat(997);
        assert!(unpack_entries(&[GOOD[0], GOOD[1], ("README", &long), GOOD[2]], None).is_ok());
        let long = "x".repeat(998);
        let error =
            unpack_entries(&[GOOD[0], GOOD[1], ("README", &long), GOOD[2]], None).unwrap_err();
        assert!(error.contains("more than 1000 bytes"), "{error}");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        fs::write(&path, "<html>moved</html>").unwrap();
        let error = unpack(
            &path,
            &folder.path().join("files"),
            DownloadSet::Ml1m,
            LARGEST,
        );
        assert!(error.unwrap_err().starts_with("not a readable zip archive"));
    }
}
