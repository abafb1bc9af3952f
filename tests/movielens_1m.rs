//! The reader against the real MovieLens-1M: counts, distinct texts and first rows, as published uses of the set know them.

use std::path::PathBuf;

use autoint::data::movielens;
use autoint::data::table::{Table, Values};

/// The fields of the `course` protocol and how many distinct texts occur in each.
const FIELDS: [(&str, usize); 14] = [
    ("user_id", 6040),
    ("movie_id", 3706),
    ("movie_decade", 10),
    ("movie_year", 81),
    ("rating_year", 4),
    ("rating_month", 12),
    ("rating_decade", 1),
    ("genre1", 18),
    ("genre2", 18),
    ("genre3", 16),
    ("gender", 2),
    ("age", 7),
    ("occupation", 21),
    ("zip", 3439),
];

/// The codes of the first five rows of `ratings.dat`, a code being the position among the sorted texts that occur.
const FIRST_ROWS: [[usize; 14]; 5] = [
    [0, 189, 6, 55, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
    [0, 3374, 8, 76, 0, 3, 0, 2, 2, 8, 0, 0, 2, 1588],
    [0, 3615, 5, 44, 0, 3, 0, 11, 12, 15, 0, 0, 2, 1588],
    [0, 2503, 9, 80, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
    [0, 1374, 8, 78, 1, 0, 0, 2, 2, 2, 0, 0, 2, 1588],
];

fn text_column<'a>(table: &'a Table, name: &str) -> (&'a [String], &'a [u32]) {
    match table.column(name).unwrap() {
        Values::Text { dictionary, codes } => (dictionary, codes),
        Values::Number(_) => panic!("{name} holds numbers"),
    }
}

/// The texts that occur, sorted byte by byte.
fn occurring<'a>(dictionary: &'a [String], codes: &[u32]) -> Vec<&'a str> {
    let mut occurs = vec![false; dictionary.len()];
    codes.iter().for_each(|&code| occurs[code as usize] = true);
    let mut texts: Vec<&str> = dictionary
        .iter()
        .zip(occurs)
        .filter(|(_, occurs)| *occurs)
        .map(|(text, _)| text.as_str())
        .collect();
    texts.sort_unstable();
    texts
}

#[test]
fn movielens_1m_has_the_known_counts_and_first_rows() {
    let Some(folder) = std::env::var_os("AUTOINT_ML1M").map(PathBuf::from) else {
        eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder");
        return;
    };
    let data = movielens::ml1m::load(&folder).unwrap();
    assert_eq!((data.users.len(), data.movies.len()), (6040, 3883));
    let long = data.movies.iter().filter(|m| m.genres.len() > 3).count();
    assert_eq!(long, 115);

    let table = movielens::read(&folder).unwrap();
    assert_eq!(table.rows(), 1_000_209);
    for (at, (name, count)) in FIELDS.into_iter().enumerate() {
        let (dictionary, codes) = text_column(&table, name);
        let texts = occurring(dictionary, codes);
        assert_eq!(texts.len(), count, "{name}");
        for (row, expected) in FIRST_ROWS.iter().enumerate() {
            let text = dictionary[codes[row] as usize].as_str();
            assert_eq!(texts[expected[at]], text, "{name}, row {row}");
        }
    }
    let ratings = table.numbers("rating").unwrap();
    assert_eq!(ratings[..5], [5.0, 3.0, 3.0, 4.0, 5.0]);
    let positive = ratings.iter().filter(|&&rating| rating >= 4.0).count();
    assert_eq!(positive, 348_971 + 226_310);
    let (titles, codes) = text_column(&table, "title");
    assert_eq!(titles[codes[0] as usize], "One Flew Over the Cuckoo's Nest");
    let (genres, codes) = text_column(&table, "genres");
    assert_eq!(genres[codes[1] as usize], "Animation|Children's|Musical");
}
