//! The encoding of the real MovieLens-1M under protocol `course`, held against the facts known of the course projects.
//!
//! The file has a reader of its own, as plain as can be: an oracle for the real one too.

use std::collections::HashMap;
use std::path::Path;

use autoint::data::batch::{Batch, FieldBatch};
use autoint::data::dataset::{Dataset, SplitName};
use autoint::data::encode::encode;
use autoint::data::protocol::Protocol;
use autoint::data::schema::Encoding;
use autoint::data::table::{Table, Values};

const SIZES: [usize; 14] = [6040, 3706, 10, 81, 4, 12, 1, 18, 18, 16, 2, 7, 21, 3439];

/// The lines of a file, split at `::`; every byte is a character (ISO-8859-1).
fn lines(path: &Path) -> Vec<Vec<String>> {
    let bytes = std::fs::read(path).unwrap();
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    let split = |line: &str| line.split("::").map(str::to_owned).collect();
    text.lines().map(split).collect()
}

/// Year and month (UTC) of a Unix time, by counting days (the years 2000 to 2003).
fn year_and_month(seconds: u64) -> (u64, u64) {
    let mut days = seconds / 86_400 - 10_957; // since 2000-01-01
    for year in 2000.. {
        let leap = u64::from(year % 4 == 0);
        for (month, length) in (1..).zip([31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
            if days < length {
                return (year, month);
            }
            days -= length;
        }
    }
    unreachable!()
}

fn column(rows: impl Iterator<Item = String>) -> Values {
    let mut code_of: HashMap<String, u32> = HashMap::new();
    let mut dictionary = Vec::new();
    let codes = rows
        .map(|text| {
            *code_of.entry(text).or_insert_with_key(|text| {
                dictionary.push(text.clone());
                dictionary.len() as u32 - 1
            })
        })
        .collect();
    Values::Text { dictionary, codes }
}

fn by_id(lines: Vec<Vec<String>>) -> HashMap<String, Vec<String>> {
    lines
        .into_iter()
        .map(|line| (line[0].clone(), line))
        .collect()
}

fn read(folder: &Path) -> Table {
    let users = by_id(lines(&folder.join("users.dat")));
    let movies = by_id(lines(&folder.join("movies.dat")));
    let ratings = lines(&folder.join("ratings.dat"));
    let year = |row: &[String]| {
        let title = &movies[&row[1]][1];
        title[title.rfind('(').unwrap() + 1..]
            .trim_end_matches(')')
            .to_owned()
    };
    let time = |row: &[String]| year_and_month(row[3].parse().unwrap());
    let genre = |row: &[String], n: usize| {
        let genres = &movies[&row[1]][2];
        genres.split('|').nth(n).unwrap_or("no").to_owned()
    };
    type Text<'a> = Box<dyn Fn(&[String]) -> String + 'a>;
    let columns: Vec<(&str, Text)> = vec![
        ("user_id", Box::new(|r| r[0].clone())),
        ("movie_id", Box::new(|r| r[1].clone())),
        ("movie_decade", Box::new(|r| format!("{}0s", &year(r)[..3]))),
        ("movie_year", Box::new(year)),
        ("rating_year", Box::new(|r| time(r).0.to_string())),
        ("rating_month", Box::new(|r| time(r).1.to_string())),
        (
            "rating_decade",
            Box::new(|r| format!("{}s", time(r).0 / 10 * 10)),
        ),
        ("genre1", Box::new(|r| genre(r, 0))),
        ("genre2", Box::new(|r| genre(r, 1))),
        ("genre3", Box::new(|r| genre(r, 2))),
        ("gender", Box::new(|r| users[&r[0]][1].clone())),
        ("age", Box::new(|r| users[&r[0]][2].clone())),
        ("occupation", Box::new(|r| users[&r[0]][3].clone())),
        ("zip", Box::new(|r| users[&r[0]][4].clone())),
        ("genres", Box::new(|r| movies[&r[1]][2].clone())),
    ];
    let mut table = Table::new(ratings.len());
    for (name, text) in &columns {
        let values = column(ratings.iter().map(|row| text(row)));
        table.push(*name, values).unwrap();
    }
    for (name, place) in [("rating", 2), ("timestamp", 3)] {
        let numbers = ratings.iter().map(|row| row[place].parse().unwrap());
        table.push(name, Values::Number(numbers.collect())).unwrap();
    }
    table
}

fn check_sizes_and_first_rows(data: &Dataset) {
    let sizes: Vec<usize> = data
        .schema()
        .fields
        .iter()
        .map(|field| match &field.encoding {
            Encoding::Vocabulary(vocabulary) => vocabulary.len(),
            Encoding::MinMax { .. } => 0,
        })
        .collect();
    assert_eq!(sizes, SIZES);
    let mut batch = Batch::default();
    data.gather(&[0, 1, 2, 3, 4], &mut batch);
    assert_eq!(batch.labels, [1.0, 0.0, 0.0, 1.0, 1.0]);
    let known: [[u32; 14]; 5] = [
        [0, 189, 6, 55, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
        [0, 3374, 8, 76, 0, 3, 0, 2, 2, 8, 0, 0, 2, 1588],
        [0, 3615, 5, 44, 0, 3, 0, 11, 12, 15, 0, 0, 2, 1588],
        [0, 2503, 9, 80, 0, 3, 0, 7, 17, 15, 0, 0, 2, 1588],
        [0, 1374, 8, 78, 1, 0, 0, 2, 2, 2, 0, 0, 2, 1588],
    ];
    let offsets = data.schema().offsets();
    for (place, field) in batch.fields.iter().enumerate() {
        let FieldBatch::One { ids } = field else {
            panic!("field {place} is not categorical");
        };
        // Their codes are ours less the unknown row.
        let codes: Vec<u32> = ids
            .iter()
            .map(|id| id - offsets[place] as u32 - 1)
            .collect();
        assert_eq!(codes, known.map(|row| row[place]), "field {place}");
    }
}

fn check_split(data: &Dataset) {
    let [train, valid, test] = SplitName::ALL.map(|name| data.split(name));
    assert_eq!(
        (train.len(), valid.len(), test.len()),
        (720_150, 80_017, 200_042)
    );
    assert_eq!(
        (train.first(), valid.last()),
        (Some(&416_292), Some(&121_958))
    );
    assert_eq!(test[..5], [895_536, 899_739, 55_687, 63_727, 822_011]);
    let users = data.users();
    let mut tested: Vec<u32> = test.iter().map(|&row| users[row as usize]).collect();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(tested.len(), 6038);
    let liked = test.iter().filter(|&&row| data.labels()[row as usize] == 1);
    let mut liked: Vec<u32> = liked.map(|&row| users[row as usize]).collect();
    liked.sort_unstable();
    liked.dedup();
    assert_eq!(liked.len(), 5994);
}

#[test]
fn the_course_protocol_encodes_as_its_originals_did() {
    let Ok(folder) = std::env::var("AUTOINT_ML1M") else {
        eprintln!("skipped: set AUTOINT_ML1M to the ml-1m folder");
        return;
    };
    let table = read(Path::new(&folder));
    let started = std::time::Instant::now();
    let data = encode(&table, &Protocol::named("course").unwrap()).unwrap();
    eprintln!("course encoded in {:?}", started.elapsed());
    assert_eq!(data.rows(), 1_000_209);
    assert!((data.label_rate() - 0.57516).abs() < 5e-6);
    check_sizes_and_first_rows(&data);
    check_split(&data);

    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("course.store");
    data.write(&path).unwrap();
    let started = std::time::Instant::now();
    let opened = Dataset::open(&path).unwrap();
    eprintln!("opened in {:?}\n{}", started.elapsed(), opened.summary());
    assert_eq!(opened.fingerprint(), data.fingerprint());
    check_sizes_and_first_rows(&opened);

    for (name, rows) in [("recbole", 739_012), ("paper", 739_012)] {
        let started = std::time::Instant::now();
        let data = encode(&table, &Protocol::named(name).unwrap()).unwrap();
        eprintln!(
            "{name} encoded in {:?}\n{}",
            started.elapsed(),
            data.summary()
        );
        assert_eq!(data.rows(), rows);
    }
}
