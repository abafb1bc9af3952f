//! MovieLens-1M: `users.dat`, `movies.dat` and `ratings.dat`, fields separated by `::`, ISO-8859-1.

use std::path::Path;

use super::ends::{check_genres, check_times, check_zips};
use super::fields::{Layout, gender, quoted, seconds, stars, text, whole};
use super::ids::Ids;
use super::lines::for_each_line;
use super::records::{Movie, MovieLens, Rating, User};
use super::title::split_year;
use crate::data::table::Table;
use crate::error::Result;

/// The files of the layout.
pub const FILES: [&str; 3] = ["users.dat", "movies.dat", "ratings.dat"];

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
    let [users_file, movies_file, ratings_file] = FILES;
    let mut user_ids = Ids::new("user");
    let mut notes = Vec::new();
    let users = users(&dir.join(users_file), &mut user_ids, &mut notes)?;
    let mut movie_ids = Ids::new("movie");
    let movies = movies(&dir.join(movies_file), &mut movie_ids, &mut notes)?;
    let mut ratings = Vec::new();
    let layout = Layout::new("::", "UserID::MovieID::Rating::Timestamp");
    let path = dir.join(ratings_file);
    let end = for_each_line(&path, |line| {
        let [user, movie, rating, time] = layout.split(line)?;
        ratings.push(Rating {
            user: user_ids.position(whole("UserID", user)?, users_file)?,
            movie: movie_ids.position(whole("MovieID", movie)?, movies_file)?,
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
    let layout = Layout::new("::", "UserID::Gender::Age::Occupation::Zip-code");
    let mut users = Vec::new();
    let end = for_each_line(path, |line| {
        let [id, sex, age, occupation, zip] = layout.split(line)?;
        let id = whole("UserID", id)?;
        ids.add(id)?;
        users.push(User {
            id,
            gender: gender("Gender", sex)?,
            age: whole("Age", age)?.to_string(),
            occupation: whole("Occupation", occupation)?.to_string(),
            zip: text(zip),
        });
        Ok(())
    })?;
    check_zips(path, &users, end, notes)?;
    Ok(users)
}

fn movies(path: &Path, ids: &mut Ids, notes: &mut Vec<String>) -> Result<Vec<Movie>> {
    let layout = Layout::new("::", "MovieID::Title::Genres");
    let mut movies = Vec::new();
    let end = for_each_line(path, |line| {
        let [id, title, genres] = layout.split(line)?;
        let id = whole("MovieID", id)?;
        ids.add(id)?;
        let (title, year) = split_year(&text(title));
        movies.push(Movie {
            id,
            title,
            year,
            genres: split_genres(genres)?,
        });
        Ok(())
    })?;
    check_genres(path, &movies, end, notes)?;
    Ok(movies)
}

/// `A|B|C`; no genre at all is an empty field.
fn split_genres(field: &[u8]) -> Result<Vec<String>, String> {
    if field.is_empty() {
        return Ok(Vec::new());
    }
    let genres: Vec<String> = field.split(|&byte| byte == b'|').map(text).collect();
    match genres.iter().any(String::is_empty) {
        true => Err(format!("Genres {} holds an empty genre", quoted(field))),
        false => Ok(genres),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &[u8] = b"7::F::18::3::12345\n8::M::56::0::00-1 x\n";
    const MOVIES: &[u8] = b"5::Caf\xe9 (Bar) (1969)::Drama|War|Crime|Horror\n3::Untitled::\n";
    const RATINGS: &[u8] = b"7::5::4::978307199\n8::3::1::978307200\n8::5::5::-1\n";

    fn load_texts(users: &[u8], movies: &[u8], ratings: &[u8]) -> Result<MovieLens> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in FILES.iter().zip([users, movies, ratings]) {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        load(folder.path())
    }

    #[test]
    fn the_three_files_are_read() {
        let data = load_texts(USERS, MOVIES, RATINGS).unwrap();
        assert_eq!(data.users[1].zip, "00-1 x");
        assert_eq!((data.users[1].age.as_str(), data.users[1].id), ("56", 8));
        let movie = &data.movies[0];
        assert_eq!(
            (movie.title.as_str(), movie.year),
            ("Café (Bar)", Some(1969))
        );
        assert_eq!(movie.genres, ["Drama", "War", "Crime", "Horror"]);
        let untitled = &data.movies[1];
        assert_eq!((untitled.year, untitled.genres.len()), (None, 0));
        let expected = Rating {
            user: 1,
            movie: 0,
            stars: 5,
            seconds: -1,
        };
        assert_eq!(data.ratings[2], expected);
    }

    // Each case breaks one line of one file and names what the message must hold.

    #[test]
    fn a_bad_line_of_users_or_movies_is_an_error_with_its_place() {
        let users: [(&[u8], &str); 5] = [
            (
                b"7::F::18::3\n",
                "users.dat:1: 4 fields, expected 5: UserID::Gender::",
            ),
            (
                b"x::F::18::3::1\n",
                "users.dat:1: UserID `x` is not a whole number",
            ),
            (
                b"7::F::18::3::1\n7::F::18::3::1\n",
                "users.dat:2: user 7 is there twice, first on line 1",
            ),
            (
                b"7::F::18::3::\x001\n",
                "users.dat:1: byte 0x00 at column 14",
            ),
            (b"", "users.dat:1: the file is empty"),
        ];
        for (bytes, what) in users {
            let error = load_texts(bytes, MOVIES, RATINGS).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let movies: [(&[u8], &str); 3] = [
            (b"5::A (1990)\n", "movies.dat:1: 2 fields, expected 3"),
            (
                b"5::A::Drama||War\n",
                "movies.dat:1: Genres `Drama||War` holds an empty genre",
            ),
            (
                b"5::A::x\n6::B::x\n5::C::x\n",
                "movies.dat:3: movie 5 is there twice, first on line 1",
            ),
        ];
        for (bytes, what) in movies {
            let error = load_texts(USERS, bytes, RATINGS).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_bad_line_of_ratings_is_an_error_with_its_place() {
        let ratings: [(&[u8], &str); 6] = [
            (
                b"7::5::4::1\n7::5::4\n",
                "ratings.dat:2: 3 fields, expected 4: UserID::MovieID",
            ),
            (b"7::5::6::1\n", "ratings.dat:1: rating `6` is outside 1..5"),
            (
                b"9::5::4::1\n",
                "ratings.dat:1: unknown user 9: it is not in users.dat",
            ),
            (
                b"7::6::4::1\n",
                "ratings.dat:1: unknown movie 6: it is not in movies.dat",
            ),
            (
                b"7::5::4::soon\n",
                "ratings.dat:1: time `soon` is not a whole number",
            ),
            (b"7::5::4::1\n\n", "ratings.dat:2: the line is empty"),
        ];
        for (bytes, what) in ratings {
            let error = load_texts(USERS, MOVIES, bytes).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
