//! The built-in synthetic set: shaped like MovieLens-1M, drawn from a known model, the same on every machine.
//!
//! It serves two ends: everything can be tried without a download, and, as the generator knows the true probability of
//! every row, a report can show the best AUC and logloss that any model could reach beside the reached ones. The model is
//! in the module `taste`; titles and people are invented.

mod draw;
pub mod files;
mod films;
mod people;
mod taste;
mod visits;

use self::draw::{Draw, Weighted};
use self::taste::{Taste, offset_for, sigmoid};
use super::movielens::{MovieLens, Rating};
use super::table::{Table, Values};
use crate::error::{Error, Result};

/// The column that holds the true probability of four stars or more.
pub const TRUE_PROBABILITY: &str = "true_probability";

/// The share of ratings of four stars or more, about that of MovieLens-1M.
const POSITIVE_RATE: f64 = 0.57;
/// How often 1, 2 and 3 stars are given among the negative ratings, and 4 and 5 among the positive ones.
const NEGATIVE_STARS: [f64; 3] = [13.0, 25.0, 62.0];
const POSITIVE_STARS: [f64; 2] = [61.0, 39.0];

/// No table of this kind needs more.
const MOST_USERS_OR_MOVIES: usize = 1_000_000;
const MOST_ROWS: usize = 100_000_000;

/// How large a set to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticConfig {
    /// Ids are 1 to this.
    pub users: usize,
    /// Ids are 1 to this.
    pub movies: usize,
    /// Ratings; at most half of all pairs of a user and a movie.
    pub rows: usize,
    /// The same seed gives the same table.
    pub seed: u64,
}

impl Default for SyntheticConfig {
    /// 1,200 users, 600 movies, 100,000 ratings.
    fn default() -> SyntheticConfig {
        SyntheticConfig {
            users: 1_200,
            movies: 600,
            rows: 100_000,
            seed: 20_190_101,
        }
    }
}

impl SyntheticConfig {
    /// A set of `rows` ratings with the default's number of movies and of ratings a user.
    pub fn of_rows(rows: usize) -> SyntheticConfig {
        let default = SyntheticConfig::default();
        SyntheticConfig {
            // 12 of 1,000; zero rows are refused as such, not for want of users.
            users: (rows / 1_000 * 12 + (rows % 1_000 * 12).div_ceil(1_000)).max(1),
            rows,
            ..default
        }
    }

    fn check(&self) -> Result<()> {
        for (key, value) in [("users", self.users), ("movies", self.movies)] {
            if !(1..=MOST_USERS_OR_MOVIES).contains(&value) {
                return Err(Error::config(
                    format!("synthetic.{key}"),
                    format!("{value} is outside 1..{MOST_USERS_OR_MOVIES}"),
                ));
            }
        }
        // Beyond half of all pairs, popularity would have no room left to differ.
        let most = (self.users * self.movies / 2).min(MOST_ROWS);
        if !(1..=most).contains(&self.rows) {
            let what = format!(
                "{} is outside 1..{most}, half of all pairs of {} users and {} movies at most",
                self.rows, self.users, self.movies
            );
            return Err(Error::config("synthetic.rows", what));
        }
        Ok(())
    }
}

/// Generates the table: the columns of [MovieLens](super::movielens) and `true_probability` (a number).
///
/// Rows stand user after user, each user's in time order; no user rates a movie twice.
///
/// # Errors
/// When a size makes no sense; see [`SyntheticConfig`].
pub fn generate(config: &SyntheticConfig) -> Result<Table> {
    config.check()?;
    let stream = |number| Draw::new(config.seed, number);
    let (users, profiles) = people::people(config.users, &mut stream(0));
    let (movies, features) = films::films(config.movies, &mut stream(1));
    let popularity = visits::Popularity::new(config.movies, &mut stream(2));
    let visits = visits::visits(config.users, config.rows, &popularity, &mut stream(3));

    let taste = Taste::new(config.users, &popularity.rank, &mut stream(4));
    let logits: Vec<f64> = visits
        .iter()
        .map(|v| taste.logit(v.user, profiles[v.user], v.movie, &features[v.movie]))
        .collect();
    let offset = offset_for(&logits, POSITIVE_RATE);
    let probabilities: Vec<f64> = logits.iter().map(|logit| sigmoid(logit + offset)).collect();

    let mut draw = stream(5);
    let (negative, positive) = (Weighted::new(NEGATIVE_STARS), Weighted::new(POSITIVE_STARS));
    let ratings = visits
        .iter()
        .zip(&probabilities)
        .map(|(visit, &probability)| {
            let stars = if draw.chance(probability) {
                4 + positive.pick(&mut draw)
            } else {
                1 + negative.pick(&mut draw)
            };
            Rating {
                user: visit.user as u32,
                movie: visit.movie as u32,
                stars: stars as u8,
                seconds: visit.seconds,
            }
        })
        .collect();
    let data = MovieLens {
        users,
        movies,
        ratings,
        notes: Vec::new(),
    };
    let mut table = data.table()?;
    table.push(TRUE_PROBABILITY, Values::Number(probabilities))?;
    Ok(table)
}

#[cfg(test)]
mod tests;
