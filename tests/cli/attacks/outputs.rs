//! Outputs that are links, devices or pipes.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Command, Stdio};

use crate::scene::Scene;

const ROWS: &str = "gender,age,occupation,zip,movie_year,timestamp,genres\nF,1,2,3,1995,5,Comedy\n";

/// A run, rows to predict, and what is predicted of them.
fn scene() -> (Scene, String) {
    let scene = Scene::trained(&["--protocol", "paper"]);
    scene.write("rows.csv", ROWS);
    let predicted = scene.ok(&["predict", "run", "--input", "rows.csv"]);
    assert_eq!(predicted.lines().count(), 2);
    (scene, predicted)
}

fn to(output: &str) -> [&str; 6] {
    ["predict", "run", "--input", "rows.csv", "--output", output]
}

fn is_link(scene: &Scene, name: &str) -> bool {
    fs::symlink_metadata(scene.path(name)).unwrap().is_symlink()
}

#[test]
fn a_full_device_is_an_error_and_stays_a_device() {
    let (scene, _) = scene();
    // Through a link: should the test fail, only the link is lost.
    symlink("/dev/full", scene.path("full")).unwrap();
    let message = scene.fails(&to("full"), 1);
    assert!(message.contains("full: cannot write: "), "{message}");
    assert!(is_link(&scene, "full"));
    let device = fs::metadata(scene.path("full")).unwrap().file_type();
    assert!(device.is_char_device());
}

#[test]
fn a_named_pipe_is_written_to() {
    let (scene, predicted) = scene();
    let pipe = scene.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // It gives up by itself should nobody write.
    let mut reader = Command::new("timeout");
    reader.args(["20", "cat"]).arg(&pipe).stdout(Stdio::piped());
    let reader = reader.spawn().unwrap();
    let out = scene.ok(&to("pipe"));
    assert_eq!(out, "pipe: 1 rows\n");
    let read = reader.wait_with_output().unwrap().stdout;
    assert_eq!(String::from_utf8(read).unwrap(), predicted);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_link_to_standard_output_is_standard_output() {
    let (scene, predicted) = scene();
    symlink("/proc/self/fd/1", scene.path("out")).unwrap();
    // A pipe, and a file.
    assert_eq!(scene.ok(&to("out")), predicted);
    let file = File::create(scene.path("file")).unwrap();
    let mut process = scene.process(&to("out"));
    let status = process.stdout(Stdio::from(file)).status().unwrap();
    assert!(status.success());
    assert_eq!(scene.text("file"), predicted);
    assert!(is_link(&scene, "out"));
}

#[test]
fn of_a_link_the_target_is_replaced_whole_or_not_at_all() {
    let (scene, predicted) = scene();
    scene.write("there/old", "old");
    symlink("there/old", scene.path("link")).unwrap();
    scene.write("bad.csv", ROWS.to_owned() + "F,1\n");
    let bad = ["predict", "run", "--input", "bad.csv", "--output", "link"];
    scene.fails(&bad, 1);
    assert_eq!(scene.text("there/old"), "old");
    scene.ok(&to("link"));
    assert_eq!(scene.text("there/old"), predicted);
    assert!(is_link(&scene, "link"));
    assert_eq!(scene.names("there"), ["old"]);
    // A link to nothing makes its target.
    symlink("there/new", scene.path("dangling")).unwrap();
    scene.ok(&to("dangling"));
    assert_eq!(scene.text("there/new"), predicted);
    assert!(is_link(&scene, "dangling"));
    // Links in a circle end.
    symlink("circle", scene.path("circle")).unwrap();
    let message = scene.fails(&to("circle"), 1);
    assert!(message.contains("circle: "), "{message}");
}

#[test]
fn a_store_goes_where_its_link_leads_and_into_regular_files_only() {
    let scene = Scene::new();
    let prepare = |out| ["prepare", "--data", "synthetic:500", "--out", out];
    fs::create_dir(scene.path("there")).unwrap();
    symlink("there/a.store", scene.path("link")).unwrap();
    for _ in 0..2 {
        scene.ok(&prepare("link"));
        assert!(is_link(&scene, "link"));
    }
    scene.ok(&[
        "train",
        "--data",
        "there/a.store",
        "--epochs",
        "1",
        "--out",
        "run",
    ]);
    symlink("/dev/null", scene.path("null")).unwrap();
    let message = scene.fails(&prepare("null"), 1);
    assert!(message.contains("null: is no regular file"), "{message}");
    assert!(is_link(&scene, "null"));
    let message = scene.fails(&prepare("there"), 1);
    assert!(message.contains("there: is a folder"), "{message}");
}
