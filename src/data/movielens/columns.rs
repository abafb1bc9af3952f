//! From users, movies and ratings to the columns of a table.
//!
//! A user's or a movie's texts are encoded once per user or movie; a column of ratings is then a gather of small codes.

use std::collections::HashMap;

use super::records::{Movie, MovieLens, Rating, User};
use crate::data::calendar::year_month;
use crate::data::table::{Table, Values};
use crate::error::{Error, Result};

/// What stands in `genre1`..`genre3` of a movie with fewer genres.
const NO_GENRE: &str = "no";

impl MovieLens {
    /// The table: one row per rating, in order; its columns are listed at the top of [the module](super).
    ///
    /// # Errors
    /// When a rating names a user or a movie outside the lists.
    pub fn table(&self) -> Result<Table> {
        let movies: Vec<u32> = self.ratings.iter().map(|rating| rating.movie).collect();
        let users: Vec<u32> = self.ratings.iter().map(|rating| rating.user).collect();
        let movie = |text: &dyn Fn(&Movie) -> String| gather(&movies, self.movies.iter().map(text));
        let user = |text: &dyn Fn(&User) -> String| gather(&users, self.users.iter().map(text));
        let times: Vec<(i64, u32)> = self.ratings.iter().map(|r| year_month(r.seconds)).collect();
        let number =
            |get: &dyn Fn(&Rating) -> f64| Values::Number(self.ratings.iter().map(get).collect());

        let mut table = Table::new(self.ratings.len());
        table.push("user_id", user(&|u| u.id.to_string())?)?;
        table.push("movie_id", movie(&|m| m.id.to_string())?)?;
        table.push(
            "movie_decade",
            movie(&|m| m.year.map(decade).unwrap_or_default())?,
        )?;
        table.push(
            "movie_year",
            movie(&|m| m.year.map(|y| y.to_string()).unwrap_or_default())?,
        )?;
        table.push(
            "rating_year",
            distinct(times.iter().map(|t| t.0), |y| y.to_string())?,
        )?;
        table.push(
            "rating_month",
            distinct(times.iter().map(|t| t.1), |m| m.to_string())?,
        )?;
        table.push(
            "rating_decade",
            distinct(times.iter().map(|t| t.0.div_euclid(10) * 10), decade)?,
        )?;
        for (name, at) in [("genre1", 0), ("genre2", 1), ("genre3", 2)] {
            table.push(name, movie(&|m| genre(m, at))?)?;
        }
        table.push("gender", user(&|u| u.gender.clone())?)?;
        table.push("age", user(&|u| u.age.clone())?)?;
        table.push("occupation", user(&|u| u.occupation.clone())?)?;
        table.push("zip", user(&|u| u.zip.clone())?)?;
        table.push("genres", movie(&|m| m.genres.join("|"))?)?;
        table.push("title", movie(&|m| m.title.clone())?)?;
        table.push("rating", number(&|r| f64::from(r.stars)))?;
        // Exact: the readers bound times far below 2^53.
        table.push("timestamp", number(&|r| r.seconds as f64))?;
        self.notes.iter().for_each(|note| table.note(note.clone()));
        Ok(table)
    }
}

/// "1990s" for 1995.
fn decade(year: impl Into<i64>) -> String {
    format!("{}s", year.into().div_euclid(10) * 10)
}

fn genre(movie: &Movie, at: usize) -> String {
    movie
        .genres
        .get(at)
        .map_or(NO_GENRE, String::as_str)
        .to_string()
}

/// The column whose row `i` holds the text of record `rows[i]`.
fn gather(rows: &[u32], texts: impl Iterator<Item = String>) -> Result<Values> {
    let mut encoder = Encoder::default();
    let records = texts
        .map(|text| encoder.code(text, String::clone))
        .collect::<Result<Vec<u32>>>()?;
    let codes = rows
        .iter()
        .map(|&row| records.get(row as usize).copied())
        .collect::<Option<Vec<u32>>>()
        .ok_or_else(|| {
            Error::Data(format!(
                "a rating names a record beyond the {} there are",
                records.len()
            ))
        })?;
    Ok(Values::Text {
        dictionary: encoder.dictionary,
        codes,
    })
}

/// The column of one value a row, of which few are distinct.
fn distinct<K: std::hash::Hash + Eq + Copy>(
    values: impl Iterator<Item = K>,
    text: impl Fn(K) -> String,
) -> Result<Values> {
    let mut encoder = Encoder::default();
    let mut last = None;
    let mut codes = Vec::with_capacity(values.size_hint().0);
    for value in values {
        // Neighbouring ratings mostly share year and month.
        let code = match last {
            Some((same, code)) if same == value => code,
            _ => encoder.code(value, |value| text(*value))?,
        };
        last = Some((value, code));
        codes.push(code);
    }
    Ok(Values::Text {
        dictionary: encoder.dictionary,
        codes,
    })
}

/// Gives every distinct key the next code. The map is looked up by key only, so its order cannot leak into a result.
struct Encoder<K> {
    codes: HashMap<K, u32>,
    /// The text of each code.
    dictionary: Vec<String>,
}

impl<K> Default for Encoder<K> {
    fn default() -> Encoder<K> {
        Encoder {
            codes: HashMap::new(),
            dictionary: Vec::new(),
        }
    }
}

impl<K: std::hash::Hash + Eq> Encoder<K> {
    fn code(&mut self, key: K, text: impl Fn(&K) -> String) -> Result<u32> {
        if let Some(&code) = self.codes.get(&key) {
            return Ok(code);
        }
        let code = u32::try_from(self.dictionary.len()).map_err(|_| {
            Error::Data("more than 4,294,967,296 distinct texts in a column".into())
        })?;
        self.dictionary.push(text(&key));
        self.codes.insert(key, code);
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::movielens::Rating;

    fn movie(id: u32, title: &str, year: Option<u16>, genres: &[&str]) -> Movie {
        Movie {
            id,
            title: title.into(),
            year,
            genres: genres.iter().map(|&genre| genre.to_string()).collect(),
        }
    }

    fn small() -> MovieLens {
        let user = |id, gender: &str| User {
            id,
            gender: gender.into(),
            age: "25".into(),
            occupation: "3".into(),
            zip: "02460".into(),
        };
        let rating = |user, movie, stars, seconds| Rating {
            user,
            movie,
            stars,
            seconds,
        };
        MovieLens {
            users: vec![user(10, "F"), user(4, "M")],
            movies: vec![
                movie(7, "Same", Some(1995), &["A", "B", "C", "D"]),
                movie(9, "Same", Some(2000), &["B"]),
                movie(2, "Undated", None, &[]),
            ],
            // 2000-12-31 23:59:59, 2001-01-01 00:00:00, 1969-12-31 23:59:59
            ratings: vec![
                rating(1, 0, 5, 978_307_199),
                rating(0, 1, 1, 978_307_200),
                rating(1, 2, 3, -1),
            ],
            notes: vec!["a note".into()],
        }
    }

    fn texts(table: &Table, name: &str) -> Vec<String> {
        match table.column(name).unwrap() {
            Values::Text { dictionary, codes } => codes
                .iter()
                .map(|&code| dictionary[code as usize].clone())
                .collect(),
            Values::Number(_) => panic!("{name} holds numbers"),
        }
    }

    #[test]
    fn every_column_row_by_row() {
        let table = small().table().unwrap();
        for (name, expected) in [
            ("user_id", ["4", "10", "4"]),
            ("movie_id", ["7", "9", "2"]),
            ("movie_decade", ["1990s", "2000s", ""]),
            ("movie_year", ["1995", "2000", ""]),
            ("rating_year", ["2000", "2001", "1969"]),
            ("rating_month", ["12", "1", "12"]),
            ("rating_decade", ["2000s", "2000s", "1960s"]),
            ("genre1", ["A", "B", "no"]),
            ("genre2", ["B", "no", "no"]),
            ("genre3", ["C", "no", "no"]),
            ("gender", ["M", "F", "M"]),
            ("age", ["25", "25", "25"]),
            ("occupation", ["3", "3", "3"]),
            ("zip", ["02460", "02460", "02460"]),
            ("genres", ["A|B|C|D", "B", ""]),
            ("title", ["Same", "Same", "Undated"]),
        ] {
            assert_eq!(texts(&table, name), expected, "{name}");
        }
        assert_eq!(table.numbers("rating").unwrap(), [5.0, 1.0, 3.0]);
        let times = table.numbers("timestamp").unwrap();
        assert_eq!(times, [978_307_199.0, 978_307_200.0, -1.0]);
        assert_eq!(table.columns().len(), 18);
        assert_eq!(table.notes(), ["a note"]);
    }

    #[test]
    fn the_texts_of_a_dictionary_are_distinct() {
        for column in small().table().unwrap().columns() {
            if let Values::Text { dictionary, .. } = &column.values {
                let mut sorted = dictionary.clone();
                sorted.sort();
                sorted.dedup();
                assert_eq!(sorted.len(), dictionary.len(), "{}", column.name);
            }
        }
    }

    #[test]
    fn a_rating_of_nobody_is_an_error() {
        let mut data = small();
        data.ratings[0].user = 2;
        let message = data.table().unwrap_err().to_string();
        assert!(message.contains("beyond the 2 there are"), "{message}");
    }
}
