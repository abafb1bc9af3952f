//! The files as wholes: that they are what their documentation says, and never change silently.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::*;

fn text(layout: Layout, rows: u64, seed: u64) -> String {
    let mut out = Vec::new();
    let bytes = write(layout, rows, seed, &mut out).unwrap();
    assert_eq!(bytes, out.len() as u64);
    String::from_utf8(out).unwrap()
}

/// A file's cells, without its header.
fn cells(text: &str, separator: char) -> Vec<Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| !line.ends_with("clicked") && !line.starts_with("id,"));
    lines.map(|line| line.split(separator).collect()).collect()
}

/// True probabilities and labels of a layout's rows.
fn truth(layout: Layout, rows: u64) -> Vec<(f64, Vec<u8>)> {
    let kind = rows_of(layout, rows);
    let mut draw = Draw::new(1, 0);
    let row = |number| {
        let mut line = Vec::new();
        let probability = kind.row(number, &mut draw, &mut line);
        (probability, line)
    };
    (0..rows).map(row).collect()
}

/// The chance that a positive stands above a negative.
fn auc(scores: &[f64], labels: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut negatives, mut wins) = (0.0, 0.0);
    let mut ties: Vec<bool> = Vec::new();
    let mut close = |ties: &mut Vec<bool>| {
        let positive = ties.iter().filter(|&&label| label).count() as f64;
        let negative = ties.len() as f64 - positive;
        wins += positive * (negatives + 0.5 * negative);
        negatives += negative;
        ties.clear();
    };
    for (at, &row) in order.iter().enumerate() {
        if at > 0 && scores[order[at - 1]] != scores[row] {
            close(&mut ties);
        }
        ties.push(labels[row]);
    }
    close(&mut ties);
    let positives = labels.iter().filter(|&&label| label).count() as f64;
    wins / (positives * negatives)
}

#[test]
fn the_bytes_of_every_layout_are_fixed() {
    for (layout, expected) in [
        (Layout::Criteo, "290fe3d75e938878"),
        (Layout::Avazu, "83385fdbdcae1872"),
        (Layout::Clicks, "79cc546939887cc7"),
    ] {
        // A block and a part of one.
        let hash: String = Sha256::digest(text(layout, BLOCK + 100, 7))
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hash, expected,
            "{layout}: a change of the files is a change for everyone who made one"
        );
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| text(Layout::Criteo, 10 * BLOCK + 1, 3))
    };
    let one = with(1);
    assert_eq!(one.lines().count() as u64, 10 * BLOCK + 1);
    assert!(one == with(2) && one == with(5));
    assert!(one != text(Layout::Criteo, 10 * BLOCK + 1, 4));
}

#[test]
fn no_row_is_a_header_alone() {
    assert_eq!(text(Layout::Criteo, 0, 1), "");
    assert_eq!(text(Layout::Clicks, 0, 1).lines().count(), 1);
    assert_eq!(text(Layout::Avazu, 1, 1).lines().count(), 2);
}

#[test]
fn what_fails_to_be_written_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(write(Layout::Criteo, 10, 1, &mut Full).is_err());
    assert!(write(Layout::Avazu, 10, 1, &mut Full).is_err());
}

#[test]
fn criteo_looks_like_the_sample() {
    let text = text(Layout::Criteo, 10_000, 1);
    let rows = cells(&text, '\t');
    assert!(rows.iter().all(|row| row.len() == 40));
    let share = |of: &dyn Fn(&Vec<&str>) -> bool| {
        rows.iter().filter(|row| of(row)).count() as f64 / rows.len() as f64
    };
    let positive = share(&|row| row[0] == "1");
    assert!((0.23..0.28).contains(&positive), "{positive}");
    // Columns and the shares that are missing in the sample.
    for (column, expected) in [
        (1, 0.448),
        (2, 0.0),
        (12, 0.774),
        (16, 0.036),
        (32, 0.450),
        (35, 0.818),
    ] {
        let missing = share(&|row| row[column].is_empty());
        assert!((missing - expected).abs() < 0.02, "{column}: {missing}");
    }
    // Columns and how many distinct values the sample's 10,000 rows have.
    for (column, expected) in [(14, 175), (16, 5_520), (20, 3_184), (22, 3), (39, 1_938)] {
        let values: HashSet<&str> = rows.iter().map(|row| row[column]).collect();
        let ratio = values.len() as f64 / f64::from(expected);
        assert!((0.7..1.4).contains(&ratio), "{column}: {}", values.len());
    }
    let eight = |cell: &str| {
        cell.is_empty() || cell.len() == 8 && cell.bytes().all(|b| b.is_ascii_hexdigit())
    };
    assert!(
        rows.iter()
            .all(|row| row[14..].iter().all(|cell| eight(cell)))
    );
    assert!(rows.iter().all(|row| {
        row[1..14]
            .iter()
            .all(|cell| cell.is_empty() || cell.parse::<i64>().is_ok())
    }));
}

/// The slope of log frequency over log rank.
#[test]
fn criteo_values_follow_a_power_law() {
    let text = text(Layout::Criteo, 100_000, 1);
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for row in cells(&text, '\t') {
        *counts.entry(row[16]).or_default() += 1;
    }
    counts.remove("");
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    assert!(counts.len() > 40_000, "{}", counts.len());
    let slope = (f64::from(counts[399]) / f64::from(counts[3])).ln() / 100_f64.ln();
    assert!((-1.1..-0.9).contains(&slope), "{slope}");
}

#[test]
fn the_best_possible_model_is_a_good_one_everywhere() {
    for (layout, label, low, high) in [
        (Layout::Criteo, 0, 0.78, 0.84),
        (Layout::Avazu, 1, 0.72, 0.80),
        (Layout::Clicks, 7, 0.86, 0.91),
    ] {
        let rows = truth(layout, 20_000);
        let separator = if layout == Layout::Criteo {
            b'\t'
        } else {
            b','
        };
        let of =
            |line: &[u8]| line.trim_ascii_end().split(|&b| b == separator).nth(label) == Some(b"1");
        let labels: Vec<bool> = rows.iter().map(|(_, line)| of(line)).collect();
        let scores: Vec<f64> = rows.iter().map(|(probability, _)| *probability).collect();
        let auc = auc(&scores, &labels);
        assert!((low..high).contains(&auc), "{layout}: {auc}");
        let mean = scores.iter().sum::<f64>() / 20_000.0;
        let positive = labels.iter().filter(|&&label| label).count() as f64 / 20_000.0;
        assert!(
            (mean - positive).abs() < 0.015,
            "{layout}: {mean}, {positive}"
        );
    }
}

/// The rate of an item among the other rows is far from what can be known.
#[test]
fn clicks_need_more_than_popularity() {
    let text = text(Layout::Clicks, 20_000, 1);
    let rows = cells(&text, ',');
    let labels: Vec<bool> = rows.iter().map(|row| row[7] == "1").collect();
    let positive = labels.iter().filter(|&&label| label).count() as f64 / 20_000.0;
    assert!((0.27..0.36).contains(&positive), "{positive}");
    let mut sums: HashMap<&str, (f64, f64)> = HashMap::new();
    for (row, &label) in rows.iter().zip(&labels) {
        let sum = sums.entry(row[1]).or_default();
        *sum = (sum.0 + f64::from(label), sum.1 + 1.0);
    }
    let rate = |(row, &label): (&Vec<&str>, &bool)| {
        let (clicks, count) = sums[row[1]];
        (clicks - f64::from(label) + 5.0 * positive) / (count - 1.0 + 5.0)
    };
    let rates: Vec<f64> = rows.iter().zip(&labels).map(rate).collect();
    let auc = auc(&rates, &labels);
    assert!(auc < 0.70, "{auc}");
    let users: HashSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert!((190..=200).contains(&users.len()), "{}", users.len());
}

#[test]
fn layouts_are_told_by_name() {
    for (name, layout) in Layout::ALL {
        assert_eq!(name.parse::<Layout>().unwrap(), layout);
        assert_eq!(layout.to_string(), name);
    }
    let message = "libsvm".parse::<Layout>().unwrap_err().to_string();
    assert!(
        message.contains("`libsvm` is none of criteo, avazu, clicks"),
        "{message}"
    );
}
