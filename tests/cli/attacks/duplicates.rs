//! Rows that are there twice.

use crate::scene::Scene;

const RATINGS: usize = 120;
const TWICE: usize = 50;

/// A MovieLens-1M of 12 users and 10 movies, in which everyone rates everything, and 50 of the lines are there once more.
fn doubled() -> Scene {
    let scene = Scene::new();
    let users: String = (1..=12)
        .map(|u| format!("{u}::F::25::3::55117\n"))
        .collect();
    let movies: String = (1..=10)
        .map(|m| format!("{m}::M{m} (1995)::Drama\n"))
        .collect();
    let mut ratings = String::new();
    for at in 0..RATINGS + TWICE {
        let at = at % RATINGS;
        let (user, movie) = (1 + at / 10, 1 + at % 10);
        ratings += &format!(
            "{user}::{movie}::{}::{}\n",
            1 + at * 7 % 5,
            978_300_000 + at
        );
    }
    scene.write("ml/users.dat", users);
    scene.write("ml/movies.dat", movies);
    scene.write("ml/ratings.dat", ratings);
    scene
}

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "--data", "ml", "--epochs", "1"], more].concat()
}

#[test]
fn they_are_kept_and_told_where_nothing_is_asked_for() {
    let scene = doubled();
    let kept =
        "rows   170 read, 170 kept\n       50 rows have the user, item and time of an earlier row";
    for more in [&[][..], &["--on-duplicate", "keep"]] {
        let out = scene.ok(&train(more));
        assert!(out.contains(kept), "{out}");
        assert!(out.contains("--on-duplicate last"), "{out}");
    }
    let prepare = ["prepare", "--data", "ml", "--out", "a.store"];
    let out = scene.ok(&prepare);
    assert!(out.contains(kept), "{out}");
    // A store remembers.
    let out = scene.ok(&["train", "--data", "a.store", "--epochs", "1"]);
    assert!(out.contains(kept), "{out}");
}

#[test]
fn they_are_an_error_where_that_is_asked_for() {
    let scene = doubled();
    let message = scene.fails(&train(&["--on-duplicate", "error"]), 1);
    assert!(
        message.contains("50 rows have the user, item and time"),
        "{message}"
    );
    assert!(message.contains("kept row 121"), "{message}");
}

#[test]
fn of_each_the_last_stays_where_that_is_asked_for() {
    let scene = doubled();
    let last = ["--on-duplicate", "last"];
    let out = scene.ok(&train(&last));
    assert!(out.contains("course: 120 rows, "), "{out}");
    assert!(
        out.contains("rows   170 read, 120 kept, 50 duplicates dropped\n"),
        "{out}"
    );
    assert!(!out.contains("of an earlier row"), "{out}");
    // Beside rows that are dropped for another reason, the numbers add up too.
    let out = scene.ok(&train(&[&last[..], &["--protocol", "recbole"]].concat()));
    let line = out.lines().find(|line| line.starts_with("rows ")).unwrap();
    let number = |word: &str| -> u64 {
        let before = line.split(word).next().unwrap().trim_end();
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let (read, kept) = (number("read"), number("kept"));
    let (dropped, doubled) = (number("dropped ("), number("duplicates dropped"));
    assert_eq!((read, doubled > 0 && dropped > 0), (170, true), "{line}");
    assert_eq!(read, kept + dropped + doubled, "{line}");
}
