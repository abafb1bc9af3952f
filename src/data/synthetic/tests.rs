//! The synthetic set as a whole: that it is what its documentation says, and never changes silently.

use sha2::{Digest, Sha256};

use super::*;

fn default_table() -> Table {
    generate(&SyntheticConfig::default()).unwrap()
}

fn codes<'a>(table: &'a Table, name: &str) -> &'a [u32] {
    match table.column(name).unwrap() {
        Values::Text { codes, .. } => codes,
        Values::Number(_) => panic!("{name} holds numbers"),
    }
}

fn labels(table: &Table) -> Vec<bool> {
    let ratings = table.numbers("rating").unwrap();
    ratings.iter().map(|&rating| rating >= 4.0).collect()
}

/// The chance that a positive stands above a negative, by its definition on a sample of pairs: every 7th positive
/// against every 11th negative; ties count half.
fn auc(scores: &[f64], labels: &[bool]) -> f64 {
    let of = |label: bool, step: usize| -> Vec<f64> {
        let chosen = scores.iter().zip(labels).filter(|(_, l)| **l == label);
        chosen.map(|(score, _)| *score).step_by(step).collect()
    };
    let (positive, negative) = (of(true, 7), of(false, 11));
    let mut wins = 0.0;
    for p in &positive {
        for n in &negative {
            wins += match p.total_cmp(n) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    wins / (positive.len() * negative.len()) as f64
}

/// For every row the positive rate of its value in a column, the row itself left out, drawn to the mean by five rows.
fn rates(codes: &[u32], labels: &[bool]) -> Vec<f64> {
    let most = codes.iter().max().map_or(0, |&code| code as usize + 1);
    let mut sums = vec![(0.0, 0.0); most];
    for (&code, &label) in codes.iter().zip(labels) {
        sums[code as usize].0 += f64::from(label);
        sums[code as usize].1 += 1.0;
    }
    let rate = |(&code, &label): (&u32, &bool)| {
        let (positive, rows) = sums[code as usize];
        (positive - f64::from(label) + 5.0 * POSITIVE_RATE) / (rows - 1.0 + 5.0)
    };
    codes.iter().zip(labels).map(rate).collect()
}

#[test]
fn the_columns_are_those_of_movielens_and_the_true_probability() {
    let table = default_table();
    let names: Vec<&str> = table
        .columns()
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let (last, others) = names.split_last().unwrap();
    assert_eq!(*last, TRUE_PROBABILITY);
    assert_eq!(others, movielens_columns());
    assert_eq!(table.rows(), 100_000);
}

fn movielens_columns() -> Vec<String> {
    let table = MovieLens::default().table().unwrap();
    table
        .columns()
        .iter()
        .map(|column| column.name.clone())
        .collect()
}

#[test]
fn labels_follow_the_true_probabilities() {
    let table = default_table();
    let labels = labels(&table);
    let probabilities = table.numbers(TRUE_PROBABILITY).unwrap();
    let rows = table.rows() as f64;
    let rate = labels.iter().filter(|&&label| label).count() as f64 / rows;
    let mean = probabilities.iter().sum::<f64>() / rows;
    assert!((mean - POSITIVE_RATE).abs() < 1e-5, "{mean}");
    let error = probabilities
        .iter()
        .map(|p| p * (1.0 - p))
        .sum::<f64>()
        .sqrt()
        / rows;
    assert!((rate - mean).abs() < 4.0 * error, "{rate} against {mean}");
    assert!((0.56..0.58).contains(&rate));
    // Also within each tenth of the probabilities.
    for tenth in 0..10 {
        let within = |p: f64| (p * 10.0) as usize == tenth;
        let chosen = || {
            probabilities
                .iter()
                .zip(&labels)
                .filter(|(p, _)| within(**p))
        };
        let excess: f64 = chosen().map(|(p, &label)| f64::from(label) - p).sum();
        let variance: f64 = chosen().map(|(p, _)| p * (1.0 - p)).sum();
        assert!(
            variance > 100.0 && excess.abs() < 4.0 * variance.sqrt(),
            "{tenth}: {excess}"
        );
    }
}

#[test]
fn the_best_auc_is_far_above_what_a_movie_or_a_user_tells() {
    let table = default_table();
    let labels = labels(&table);
    let best = auc(&table.numbers(TRUE_PROBABILITY).unwrap(), &labels);
    let movie = auc(&rates(codes(&table, "movie_id"), &labels), &labels);
    let user = auc(&rates(codes(&table, "user_id"), &labels), &labels);
    eprintln!("best {best:.4}, movie rate {movie:.4}, user rate {user:.4}");
    assert!((0.80..0.85).contains(&best), "{best}");
    assert!((0.60..0.70).contains(&movie), "{movie}");
    assert!((0.55..0.70).contains(&user), "{user}");
}

#[test]
fn no_user_rates_a_movie_twice() {
    let table = default_table();
    let mut pairs: Vec<_> = codes(&table, "user_id")
        .iter()
        .zip(codes(&table, "movie_id"))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    assert_eq!(pairs.len(), table.rows());
}

#[test]
fn a_seed_is_a_table() {
    let small = |seed| {
        let config = SyntheticConfig {
            users: 30,
            movies: 20,
            rows: 250,
            seed,
        };
        generate(&config).unwrap()
    };
    assert_eq!(small(1), small(1));
    assert_ne!(small(1), small(2));
}

#[test]
fn a_set_can_have_any_number_of_rows() {
    assert_eq!(
        SyntheticConfig::of_rows(100_000),
        SyntheticConfig::default()
    );
    for rows in [1, 2, 299, 2_000] {
        let table = generate(&SyntheticConfig::of_rows(rows)).unwrap();
        assert_eq!(table.rows(), rows);
    }
    for rows in [0, usize::MAX] {
        let error = generate(&SyntheticConfig::of_rows(rows)).unwrap_err();
        assert!(error.to_string().contains("synthetic."), "{error}");
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused_by_name() {
    let default = SyntheticConfig::default();
    for (config, key) in [
        (
            SyntheticConfig {
                users: 0,
                ..default.clone()
            },
            "`synthetic.users`: 0",
        ),
        (
            SyntheticConfig {
                movies: usize::MAX,
                ..default.clone()
            },
            "`synthetic.movies`",
        ),
        (
            SyntheticConfig {
                rows: 0,
                ..default.clone()
            },
            "`synthetic.rows`: 0",
        ),
        (
            SyntheticConfig {
                rows: 360_001,
                ..default.clone()
            },
            "1..360000, half of all",
        ),
        (
            SyntheticConfig {
                users: 1,
                movies: 1,
                ..default.clone()
            },
            "`synthetic.rows`",
        ),
    ] {
        let message = generate(&config).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
    }
    let full = SyntheticConfig {
        rows: 360_000,
        ..default
    };
    assert_eq!(generate(&full).unwrap().rows(), 360_000);
}

/// The default table never changes silently: reported numbers rest on it. The probabilities are rounded to a millionth,
/// far above what the exponential functions of two platforms differ by.
#[test]
fn the_default_table_has_its_golden_hash() {
    let table = default_table();
    let mut hash = Sha256::new();
    for column in table.columns() {
        hash.update(column.name.as_bytes());
        match &column.values {
            Values::Text { dictionary, codes } => {
                for &code in codes {
                    hash.update(dictionary[code as usize].as_bytes());
                    hash.update(b"\n");
                }
            }
            Values::Number(numbers) => {
                for number in numbers {
                    hash.update(format!("{number:.6}\n").as_bytes());
                }
            }
        }
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let golden = "da9a7fb03015e0c4638b1ddfe5ddde7ce54d42956cc7dffc456913ea989342d2";
    assert_eq!(hex, golden);
}
