//! `benches/data/movielens_csv.py` gives the values of the built-in reader: on a small folder with every oddity of the
//! format, and on the real one when it is there.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use autoint::data::movielens;
use autoint::data::table::Values;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/data/movielens_csv.py");
const USER_FIELDS: [&str; 4] = ["gender", "age", "occupation", "zip"];
const MOVIE_FIELDS: [&str; 7] = [
    "title",
    "movie_year",
    "movie_decade",
    "genre1",
    "genre2",
    "genre3",
    "genres",
];

const RATING_FIELDS: [&str; 4] = ["user_id", "movie_id", "rating", "timestamp"];

type Record = HashMap<String, String>;
type Rating = [String; 4];

fn records(path: &Path) -> Vec<Record> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader
        .deserialize()
        .collect::<Result<_, csv::Error>>()
        .unwrap()
}

fn by_id(records: Vec<Record>, id: &str) -> HashMap<String, Record> {
    let keyed = records
        .into_iter()
        .map(|record| (record[id].clone(), record));
    keyed.collect()
}

/// Converts `folder` and compares every value of every rating; false when there is no Python.
fn equal(folder: &Path) -> bool {
    let out = tempfile::tempdir().unwrap();
    let run = Command::new("python3")
        .args([Path::new(SCRIPT), folder, out.path()])
        .output();
    let run = match run {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: there is no python3");
            return false;
        }
        run => run.unwrap(),
    };
    assert!(run.status.success(), "{run:?}");
    let mut ratings = csv::Reader::from_path(out.path().join("ratings.csv")).unwrap();
    assert_eq!(ratings.headers().unwrap(), &RATING_FIELDS[..]);
    let ratings: Result<Vec<Rating>, csv::Error> = ratings.deserialize().collect();
    let ratings = ratings.unwrap();
    let users = by_id(records(&out.path().join("users.csv")), "user_id");
    let movies = by_id(records(&out.path().join("movies.csv")), "movie_id");

    let table = movielens::read(folder).unwrap();
    assert_eq!(table.rows(), ratings.len());
    let compare = |name: &str, of: &dyn Fn(&Rating) -> String| {
        let column = table.column(name).unwrap();
        for (row, rating) in ratings.iter().enumerate() {
            let expected = match column {
                Values::Text { dictionary, codes } => dictionary[codes[row] as usize].clone(),
                Values::Number(numbers) => numbers[row].to_string(),
            };
            assert_eq!(of(rating), expected, "row {row}, {name}");
        }
    };
    for (at, name) in RATING_FIELDS.iter().enumerate() {
        compare(name, &|rating| rating[at].clone());
    }
    for name in USER_FIELDS {
        compare(name, &|rating| users[&rating[0]][name].clone());
    }
    for name in MOVIE_FIELDS {
        compare(name, &|rating| movies[&rating[1]][name].clone());
    }
    let data = movielens::load(folder).unwrap();
    assert_eq!(
        (users.len(), movies.len()),
        (data.users.len(), data.movies.len())
    );
    true
}

#[test]
fn oddities_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let movies: &[u8] = b"1::Toy Story (1995)::Animation|Comedy\n2::Caf\xe9, \"The\" (Bar) (1969)::A|B|C|D\r\n\
        3::Untitled::\n4::Time III, The (1995) (V)::War\n5:: 2001 (1968) (2001) ::Sci-Fi\n6::(0800)::X\n\
        7::Odd (199) ((1995)::X\n8::N\xa0(1999)\xa0::X\n9::A  (1999)  B::X";
    let users = b"1::F::1::10::48067\n2::M::56::0::00-1 x\n";
    let mut ratings = String::new();
    for movie in 1..=9 {
        ratings += &format!(
            "{}::{movie}::{}::{}\n",
            movie % 2 + 1,
            movie % 5 + 1,
            movie - 3
        );
    }
    for (name, bytes) in [
        ("movies.dat", movies),
        ("users.dat", users),
        ("ratings.dat", ratings.as_bytes()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    equal(folder.path());
}

#[test]
fn the_real_set_is_read_alike() {
    match std::env::var_os("AUTOINT_ML1M") {
        Some(folder) => _ = equal(Path::new(&folder)),
        None => eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder"),
    }
}
