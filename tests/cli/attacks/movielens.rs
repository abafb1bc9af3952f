//! MovieLens folders that are not what they seem.

use std::fs;

use crate::scene::Scene;
use crate::train::tiny_movielens;

const TRAIN: [&str; 5] = ["train", "--data", "ml", "--epochs", "1"];

fn tiny() -> Scene {
    let scene = Scene::new();
    tiny_movielens(&scene, "ml");
    scene
}

#[test]
fn ratings_that_end_within_a_time_are_refused() {
    let scene = tiny();
    let whole = scene.text("ml/ratings.dat");
    // The time has nine digits; a cut leaves at least one.
    for cut in 2..=9 {
        scene.write("ml/ratings.dat", &whole[..whole.len() - cut]);
        let message = scene.fails(&TRAIN, 1);
        assert!(message.contains("ml/ratings.dat:12: "), "{cut}: {message}");
        assert!(message.contains("cut"), "{cut}: {message}");
    }
    // Only the line end is missing.
    scene.write("ml/ratings.dat", &whole[..whole.len() - 1]);
    let out = scene.ok(&TRAIN);
    assert!(out.contains("ratings.dat ends without a line end"), "{out}");
    scene.write("ml/ratings.dat", &whole);
    assert!(!scene.ok(&TRAIN).contains("line end"));
}

#[test]
fn users_and_movies_that_end_within_a_line_are_refused() {
    for (file, cut, line) in [("users.dat", 3, 3), ("movies.dat", 3, 4)] {
        let scene = tiny();
        let name = format!("ml/{file}");
        let whole = scene.text(&name);
        scene.write(&name, &whole[..whole.len() - cut]);
        let message = scene.fails(&TRAIN, 1);
        assert!(message.contains(&format!("{name}:{line}: ")), "{message}");
        assert!(message.contains("cut"), "{message}");
    }
}

#[test]
fn times_from_before_movielens_are_told() {
    let scene = tiny();
    let mut ratings = scene.text("ml/ratings.dat");
    // 1970 and 1973, with a line end behind them.
    ratings = ratings.replacen("::971300761\n", "::956\n", 1);
    ratings = ratings.replacen("::973300764\n", "::97330076\n", 1);
    scene.write("ml/ratings.dat", ratings);
    let told = "ratings.dat: 2 times are before 1995, the first on line 1 (1970)";
    for command in [&TRAIN[..], &["prepare", "--data", "ml", "--out", "a.store"]] {
        let out = scene.ok(command);
        assert!(out.contains(told), "{out}");
    }
    let out = scene.ok(&["train", "--data", "a.store", "--epochs", "1"]);
    assert!(out.contains(told), "{out}");
}

#[test]
fn a_gender_that_is_none_is_refused_with_its_line() {
    let scene = tiny();
    let users = scene.text("ml/users.dat").replace("2::M::", "2::X::");
    scene.write("ml/users.dat", users);
    let message = scene.fails(&TRAIN, 1);
    assert!(
        message.contains("ml/users.dat:2: ") && message.contains("`X`"),
        "{message}"
    );
    assert!(message.contains("M or F"), "{message}");
}

#[test]
fn what_stands_in_the_place_of_a_file_is_named() {
    let scene = tiny();
    let users = scene.path("ml/users.dat");
    fs::remove_file(&users).unwrap();
    let message = scene.fails(&TRAIN, 1);
    assert!(message.contains("without users.dat;"), "{message}");
    fs::create_dir(&users).unwrap();
    let message = scene.fails(&TRAIN, 1);
    assert!(message.contains("users.dat is a folder"), "{message}");
    fs::remove_dir(&users).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &users).unwrap();
        let message = scene.fails(&TRAIN, 1);
        assert!(
            message.contains("users.dat is a link to nothing"),
            "{message}"
        );
        fs::remove_file(&users).unwrap();
        mkfifo(&scene, "ml/users.dat");
        let message = scene.fails(&TRAIN, 1);
        assert!(
            message.contains("users.dat is no regular file"),
            "{message}"
        );
    }
}

#[cfg(unix)]
fn mkfifo(scene: &Scene, name: &str) {
    let mut command = std::process::Command::new("mkfifo");
    assert!(command.arg(scene.path(name)).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_named_pipe_as_data_is_refused_at_once() {
    let scene = Scene::new();
    mkfifo(&scene, "pipe");
    for command in [
        &["train", "--data", "pipe"][..],
        &["train", "--data", "pipe", "pipe", "--protocol", "paper"],
        &["prepare", "--data", "pipe", "--out", "a.store"],
    ] {
        let message = scene.fails(command, 1);
        assert!(message.contains("pipe: is no regular file"), "{message}");
    }
}
