//! MovieLens-100K: `u.data` (separated by tabs), `u.item` and `u.user` (separated by `|`), ISO-8859-1.

use std::path::Path;

use super::ends::{check_times, check_zips};
use super::fields::{Layout, gender, quoted, seconds, stars, text, whole};
use super::ids::Ids;
use super::lines::for_each_line;
use super::records::{Movie, MovieLens, Rating, User};
use super::title::split_year;
use crate::data::table::Table;
use crate::error::Result;

/// The files of the layout.
pub const FILES: [&str; 3] = ["u.data", "u.item", "u.user"];

/// The genres of the 19 flags of `u.item`, in their order (`u.genre` of the data set).
pub const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// Fields of `u.item` before the flags: id, title, release date, video release date, IMDb address.
const BEFORE_FLAGS: usize = 5;
const ITEM_FIELDS: usize = BEFORE_FLAGS + GENRES.len();

/// Reads the data set as a table of one row per rating.
///
/// # Errors
/// When a file cannot be read or is not what its format says (`path:line: what`).
pub fn read(dir: &Path) -> Result<Table> {
    load(dir)?.table()
}

/// Reads the three files.
///
/// # Errors
/// As [`read`].
pub fn load(dir: &Path) -> Result<MovieLens> {
    let [data_file, item_file, user_file] = FILES;
    let mut user_ids = Ids::new("user");
    let mut notes = Vec::new();
    let users = users(&dir.join(user_file), &mut user_ids, &mut notes)?;
    let mut movie_ids = Ids::new("movie");
    let movies = movies(&dir.join(item_file), &mut movie_ids, &mut notes)?;
    let mut ratings = Vec::new();
    let layout = Layout::new("\t", "user id\titem id\trating\ttimestamp");
    let path = dir.join(data_file);
    let end = for_each_line(&path, |line| {
        let [user, movie, rating, time] = layout.split(line)?;
        ratings.push(Rating {
            user: user_ids.position(whole("user id", user)?, user_file)?,
            movie: movie_ids.position(whole("item id", movie)?, item_file)?,
            stars: stars(rating)?,
            seconds: seconds(time)?,
        });
        Ok(())
    })?;
    check_times(&path, &ratings, end, &mut notes)?;
    Ok(MovieLens {
        users,
        movies,
        ratings,
        notes,
    })
}

fn users(path: &Path, ids: &mut Ids, notes: &mut Vec<String>) -> Result<Vec<User>> {
    let layout = Layout::new("|", "user id|age|gender|occupation|zip code");
    let mut users = Vec::new();
    let end = for_each_line(path, |line| {
        let [id, age, sex, occupation, zip] = layout.split(line)?;
        let id = whole("user id", id)?;
        ids.add(id)?;
        users.push(User {
            id,
            gender: gender("gender", sex)?,
            age: whole("age", age)?.to_string(),
            occupation: text(occupation),
            zip: text(zip),
        });
        Ok(())
    })?;
    check_zips(path, &users, end, notes)?;
    Ok(users)
}

fn movies(path: &Path, ids: &mut Ids, notes: &mut Vec<String>) -> Result<Vec<Movie>> {
    let layout = Layout::new(
        "|",
        "movie id|title|release date|video release date|IMDb URL|19 genre flags",
    );
    let mut movies = Vec::new();
    let end = for_each_line(path, |line| {
        let fields = layout.split::<ITEM_FIELDS>(line)?;
        let (&[id, title, _, _, _], flags) = fields
            .split_first_chunk::<BEFORE_FLAGS>()
            .ok_or("too few fields")?;
        let id = whole("movie id", id)?;
        ids.add(id)?;
        let (title, year) = split_year(&text(title));
        movies.push(Movie {
            id,
            title,
            year,
            genres: flagged(flags)?,
        });
        Ok(())
    })?;
    notes.extend(end.note(FILES[1]));
    Ok(movies)
}

/// The genres whose flag is `1`.
fn flagged(flags: &[&[u8]]) -> Result<Vec<String>, String> {
    let mut genres = Vec::new();
    for (genre, flag) in GENRES.iter().zip(flags) {
        match *flag {
            b"1" => genres.push((*genre).to_string()),
            b"0" => {}
            other => {
                return Err(format!(
                    "flag of genre {genre} is {}, expected 0 or 1",
                    quoted(other)
                ));
            }
        }
    }
    Ok(genres)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &[u8] = b"1|24|M|technician|85711\n2|53|F|other|94043\n";
    const DATA: &[u8] = b"2\t267\t3\t881250949\r\n1\t1\t5\t874965758";

    fn item(id: u32, title: &str, set: &[&str]) -> Vec<u8> {
        let flags = GENRES.map(|genre| if set.contains(&genre) { "|1" } else { "|0" });
        format!(
            "{id}|{title}|01-Jan-1995||http://x/?a%20(1995){}\n",
            flags.concat()
        )
        .into_bytes()
    }

    fn items() -> Vec<u8> {
        let toy = item(1, "Toy Story (1995)", &["Comedy", "Animation"]);
        [toy, item(267, "unknown", &["unknown"])].concat()
    }

    fn load_texts(data: &[u8], items: &[u8], users: &[u8]) -> Result<MovieLens> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in FILES.iter().zip([data, items, users]) {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        load(folder.path())
    }

    #[test]
    fn the_three_files_are_read() {
        let data = load_texts(DATA, &items(), USERS).unwrap();
        assert_eq!(data.users[1].occupation, "other");
        assert_eq!(
            (data.users[1].age.as_str(), data.users[1].gender.as_str()),
            ("53", "F")
        );
        // File order is the order of the flags.
        assert_eq!(data.movies[0].genres, ["Animation", "Comedy"]);
        assert_eq!(
            (data.movies[0].title.as_str(), data.movies[0].year),
            ("Toy Story", Some(1995))
        );
        assert_eq!(
            (data.movies[1].title.as_str(), data.movies[1].year),
            ("unknown", None)
        );
        assert_eq!(data.movies[1].genres, ["unknown"]);
        let rows: Vec<_> = data
            .ratings
            .iter()
            .map(|r| (r.user, r.movie, r.stars))
            .collect();
        assert_eq!(rows, [(1, 1, 3), (0, 0, 5)]);
    }

    #[test]
    fn a_bad_line_is_an_error_with_its_place() {
        let failing = |data: &[u8], items: &[u8], users: &[u8]| {
            load_texts(data, items, users).unwrap_err().to_string()
        };
        let error = failing(b"1 1 5 0\n", &items(), USERS);
        assert!(
            error.contains("u.data:1: 1 fields, expected 4: user id\\titem id"),
            "{error}"
        );
        let error = failing(b"1\t2\t5\t0\n", &items(), USERS);
        assert!(
            error.contains("u.data:1: unknown movie 2: it is not in u.item"),
            "{error}"
        );
        let error = failing(b"1\t1\t0\t0\n", &items(), USERS);
        assert!(
            error.contains("u.data:1: rating `0` is outside 1..5"),
            "{error}"
        );
        let error = failing(DATA, b"1|A|||\n", USERS);
        assert!(
            error.contains("u.item:1: 5 fields, expected 24: movie id"),
            "{error}"
        );
        let mut bad = items();
        let last = bad.len() - 2;
        bad[last] = b'2';
        let error = failing(DATA, &bad, USERS);
        assert!(
            error.contains("u.item:2: flag of genre Western is `2`, expected 0 or 1"),
            "{error}"
        );
        let error = failing(DATA, &items(), b"1|24|M|technician|85711\n\n");
        assert!(error.contains("u.user:2: the line is empty"), "{error}");
    }
}
