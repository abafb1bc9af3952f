//! Output that nobody reads to its end, as in `autoint inspect RUN | head -1`.

use std::process::Stdio;

use crate::scene::{QUICK, Scene};

/// Runs a command whose reader goes away at once; gives what it complained about.
fn unread(scene: &Scene, arguments: &[&str]) -> String {
    let mut process = scene.process(arguments);
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scene = Scene::trained(&["--protocol", "paper"]);
    let header = "gender,age,occupation,zip,movie_year,timestamp,genres\n";
    scene.write(
        "rows.csv",
        header.to_owned() + &"F,1,2,3,1995,5,Comedy\n".repeat(50_000),
    );
    for arguments in [
        &["inspect", "run"][..],
        &["evaluate", "run"],
        &["evaluate", "run", "--json"],
        &["predict", "run", "--input", "rows.csv"],
        &["--help"],
    ] {
        assert_eq!(unread(&scene, arguments), "", "{arguments:?}");
    }
}

#[test]
fn a_training_goes_on_when_nobody_watches() {
    let scene = Scene::new();
    assert_eq!(
        unread(&scene, &[&["train", "--out", "run"], &QUICK[..]].concat()),
        ""
    );
    scene.ok(&["evaluate", "run"]);
    assert!(scene.path("run/report.html").exists());
}
