//! The MovieLens data sets of GroupLens (Harper & Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015).
//!
//! Both layouts are read line by line into one [`MovieLens`] value, and from there into one [`Table`] with a row per
//! rating, in the order of the file. A line that is not what its format says is an error with its place, never skipped.
//!
//! Columns (text unless said; the empty text is "missing"):
//!
//! | column | from | holds |
//! |---|---|---|
//! | `user_id`, `movie_id` | rating | the ids |
//! | `movie_decade`, `movie_year` | movie | "1990s", "1995": the last `(dddd)` of the title |
//! | `rating_year`, `rating_month`, `rating_decade` | rating | "2000", "12" (no leading zero), "2000s", in UTC |
//! | `genre1`, `genre2`, `genre3` | movie | the first three genres in file order; "no" where there are fewer |
//! | `gender`, `age`, `occupation`, `zip` | user | as they stand |
//! | `genres` | movie | all genres in file order, joined by `\|` (multi-valued) |
//! | `title` | movie | without the year |
//! | `rating`, `timestamp` | rating | numbers: 1 to 5; seconds since 1970 |

mod columns;
mod ends;
mod fields;
mod ids;
mod lines;
pub mod ml100k;
pub mod ml1m;
pub mod protocols;
pub mod published;
mod records;
mod title;

use std::path::Path;

pub use self::records::{Movie, MovieLens, Rating, User};
use super::table::Table;
use crate::error::{Error, Result};

/// Reads the data set in a folder, of whichever layout it is, as a table of one row per rating.
///
/// # Errors
/// When the folder holds neither layout, or a file is not what its format says (`path:line: what`).
pub fn read(dir: &Path) -> Result<Table> {
    load(dir)?.table()
}

/// Reads the data set in a folder, of whichever layout it is.
///
/// # Errors
/// As [`read`].
pub fn load(dir: &Path) -> Result<MovieLens> {
    let missing = |files: &[&'static str]| -> Vec<&'static str> {
        let there = |file: &&&str| !dir.join(file).is_file();
        files.iter().filter(there).copied().collect()
    };
    let (lacks_1m, lacks_100k) = (missing(&ml1m::FILES), missing(&ml100k::FILES));
    match (lacks_1m.as_slice(), lacks_100k.as_slice()) {
        ([], []) => Err(Error::file(
            dir,
            "holds both MovieLens-1M and MovieLens-100K: give each its own folder",
        )),
        ([], _) => ml1m::load(dir),
        (_, []) => ml100k::load(dir),
        _ => Err(Error::file(dir, nothing_here(dir, &lacks_1m, &lacks_100k))),
    }
}

/// What stands in the place of a file; none where there is nothing.
fn instead(file: &Path) -> Option<&'static str> {
    file.symlink_metadata().ok()?;
    Some(match file.metadata() {
        Err(_) => "a link to nothing",
        Ok(found) if found.is_dir() => "a folder",
        Ok(_) => "no regular file",
    })
}

/// The files that a data set lacks, and what stands in their place.
fn lacking(dir: &Path, files: &[&str]) -> String {
    let (there, missing): (Vec<&str>, Vec<&str>) = files
        .iter()
        .partition(|file| instead(&dir.join(file)).is_some());
    let is = |file: &str| Some(format!("{file} is {}", instead(&dir.join(file))?));
    let mut parts: Vec<String> = there.into_iter().filter_map(is).collect();
    if !missing.is_empty() {
        parts.insert(0, format!("without {}", missing.join(", ")));
        return parts.join(", and ");
    }
    format!("but {}", parts.join(", and "))
}

/// Says what a folder without a complete data set lacks, and how to get one.
fn nothing_here(dir: &Path, lacks_1m: &[&str], lacks_100k: &[&str]) -> String {
    let found = if !dir.is_dir() {
        "no such folder".to_string()
    } else if lacks_1m.len() < ml1m::FILES.len() {
        format!("MovieLens-1M {}", lacking(dir, lacks_1m))
    } else if lacks_100k.len() < ml100k::FILES.len() {
        format!("MovieLens-100K {}", lacking(dir, lacks_100k))
    } else {
        "no MovieLens data".to_string()
    };
    format!(
        "{found}; expected a folder with {} (MovieLens-1M) or {} (MovieLens-100K): run `autoint download ml-1m` to get it",
        ml1m::FILES.join(", "),
        ml100k::FILES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_without_data_says_what_was_expected_and_how_to_get_it() {
        let empty = folder(&[]);
        let message = read(empty.path()).unwrap_err().to_string();
        assert!(message.contains("no MovieLens data; expected a folder with"));
        assert!(message.contains("ratings.dat (MovieLens-1M) or u.data, u.item, u.user"));
        assert!(message.contains("`autoint download ml-1m`"));
        let gone = read(&empty.path().join("gone")).unwrap_err().to_string();
        assert!(gone.contains("gone: no such folder"));
    }

    #[test]
    fn an_incomplete_set_names_the_missing_files() {
        let part = folder(&[("ratings.dat", "1::1::1::1\n")]);
        let message = read(part.path()).unwrap_err().to_string();
        assert!(message.contains("MovieLens-1M without users.dat, movies.dat;"));
        let part = folder(&[("u.data", "1\t1\t1\t1\n"), ("u.user", "1|1|M|x|1\n")]);
        let message = read(part.path()).unwrap_err().to_string();
        assert!(message.contains("MovieLens-100K without u.item;"));
    }

    #[test]
    fn the_layout_is_found_by_the_file_names() {
        let one = [
            ("users.dat", "7::F::18::3::12345\n"),
            ("movies.dat", "9::A (1990)::Drama\n"),
            ("ratings.dat", "7::9::4::0\n"),
        ];
        let item = format!("9|B (1991)|||{}|1\n", "|0".repeat(18));
        let hundred = [
            ("u.user", "7|30|M|writer|99\n"),
            ("u.item", item.as_str()),
            ("u.data", "7\t9\t5\t0\n"),
        ];
        assert_eq!(load(folder(&one).path()).unwrap().movies[0].title, "A");
        assert_eq!(load(folder(&hundred).path()).unwrap().movies[0].title, "B");
        let both = folder(&[one, hundred].concat());
        let message = load(both.path()).unwrap_err().to_string();
        assert!(message.contains("holds both"));
    }
}
