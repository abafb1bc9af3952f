//! Invented movies: title, year and genres.

use super::draw::{Draw, Weighted};
use crate::data::movielens::Movie;

/// The genres of MovieLens-1M, with how common each one is here.
pub(super) const GENRES: [(&str, f64); 18] = [
    ("Action", 5.0),
    ("Adventure", 3.0),
    ("Animation", 2.0),
    ("Children's", 2.5),
    ("Comedy", 10.0),
    ("Crime", 2.5),
    ("Documentary", 1.5),
    ("Drama", 13.0),
    ("Fantasy", 1.5),
    ("Film-Noir", 1.2),
    ("Horror", 3.5),
    ("Musical", 1.5),
    ("Mystery", 1.5),
    ("Romance", 5.0),
    ("Sci-Fi", 3.0),
    ("Thriller", 5.0),
    ("War", 2.0),
    ("Western", 1.5),
];

/// Decades from the 1910s to the 2000s.
pub(super) const DECADES: usize = 10;
const FIRST_DECADE: u16 = 1910;
const LAST_YEAR: u16 = 2000;
/// Years from 1919 to 2000.
const YEARS: f64 = 82.0;
/// How many movies have one, two, three and four genres.
const GENRE_COUNTS: [f64; 4] = [45.0, 32.0, 17.0, 6.0];

const FIRST: [&str; 32] = [
    "Amber",
    "Borrowed",
    "Broken",
    "Burning",
    "Crooked",
    "Distant",
    "Electric",
    "Empty",
    "Faithful",
    "Feathered",
    "Forgotten",
    "Frozen",
    "Gentle",
    "Gilded",
    "Hollow",
    "Hungry",
    "Idle",
    "Last",
    "Little",
    "Lonely",
    "Marble",
    "Midnight",
    "Paper",
    "Patient",
    "Quiet",
    "Restless",
    "Salted",
    "Second",
    "Silver",
    "Stolen",
    "Velvet",
    "Wandering",
];
const THING: [&str; 36] = [
    "Accordion",
    "Almanac",
    "Avenue",
    "Balcony",
    "Carousel",
    "Compass",
    "Dispatch",
    "Engine",
    "Ferry",
    "Garden",
    "Harvest",
    "Inspector",
    "Juggler",
    "Kingdom",
    "Ladder",
    "Lantern",
    "Magician",
    "Meridian",
    "Neighbour",
    "Orchard",
    "Parade",
    "Passenger",
    "Quartet",
    "Reckoning",
    "River",
    "Saddle",
    "Sailor",
    "Signal",
    "Sparrow",
    "Stranger",
    "Telegram",
    "Tunnel",
    "Umbrella",
    "Verdict",
    "Waltz",
    "Winter",
];
const PLACE: [&str; 16] = [
    "Aldermoor",
    "Bellwater",
    "Cape Sorrow",
    "Dunmarrow",
    "Eastlight",
    "Farrow Hill",
    "Glasston",
    "Harrowgate Lane",
    "Ironvale",
    "Juniper Bay",
    "Kestrel Point",
    "Longmere",
    "Mistral Street",
    "Northwick",
    "Oldferry",
    "Pinehurst Road",
];

/// What the taste model sees of a movie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Features {
    /// Positions in [`GENRES`], one to four, distinct.
    pub(super) genres: Vec<usize>,
    /// 0 is the 1910s.
    pub(super) decade: usize,
}

/// Draws movies with the ids 1, 2, ...
pub(super) fn films(count: usize, draw: &mut Draw) -> (Vec<Movie>, Vec<Features>) {
    let common = Weighted::new(GENRES.iter().map(|&(_, weight)| weight));
    let counts = Weighted::new(GENRE_COUNTS);
    (1..=count)
        .map(|id| {
            // Cubed: half of the movies are younger than eleven years.
            let back = draw.unit();
            let year = LAST_YEAR - (YEARS * back * back * back) as u16;
            let wanted = counts.pick(draw) + 1;
            let mut genres = Vec::with_capacity(wanted);
            while genres.len() < wanted {
                let genre = common.pick(draw);
                if !genres.contains(&genre) {
                    genres.push(genre);
                }
            }
            // MovieLens lists genres in alphabetical order.
            genres.sort_unstable();
            let movie = Movie {
                id: id as u32,
                title: title(draw),
                year: Some(year),
                genres: genres
                    .iter()
                    .map(|&genre| GENRES[genre].0.to_string())
                    .collect(),
            };
            let decade = usize::from((year - FIRST_DECADE) / 10);
            (movie, Features { genres, decade })
        })
        .unzip()
}

/// A title of one of four shapes. Two movies may share one, as real ones do.
fn title(draw: &mut Draw) -> String {
    let shape = draw.below(4);
    let mut word = |list: &[&'static str]| draw.pick(list).copied().unwrap_or_default();
    match shape {
        0 => format!("{} {}, The", word(&FIRST), word(&THING)),
        1 => format!("{} {}", word(&FIRST), word(&THING)),
        2 => format!("{} of {}, The", word(&THING), word(&PLACE)),
        _ => format!("{} and the {}", word(&THING), word(&THING)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movies_keep_to_their_ranges() {
        let (movies, features) = films(600, &mut Draw::new(1, 0));
        assert!(
            movies
                .iter()
                .all(|m| (1919..=2000).contains(&m.year.unwrap()))
        );
        assert!(movies.iter().any(|m| m.year.unwrap() < 1930));
        assert!(movies.iter().all(|m| (1..=4).contains(&m.genres.len())));
        assert!(movies.iter().all(|m| m.genres.is_sorted()));
        assert!(features.iter().all(|f| f.decade < DECADES));
        for (genre, (name, _)) in GENRES.iter().enumerate() {
            let with = features
                .iter()
                .filter(|f| f.genres.contains(&genre))
                .count();
            assert!(with >= 8, "{name}: {with}");
        }
    }

    #[test]
    fn titles_vary() {
        let (movies, _) = films(600, &mut Draw::new(1, 0));
        let mut titles: Vec<&str> = movies.iter().map(|movie| movie.title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert!(titles.len() > 450, "{}", titles.len());
    }
}
