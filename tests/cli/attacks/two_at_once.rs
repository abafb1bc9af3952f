//! Two programs in one folder.

use std::process::{Child, Output, Stdio};

use crate::scene::Scene;

const DATA: [&str; 2] = ["--data", "synthetic:2000"];
const BUSY: &str = "run: another autoint is working on it";

#[test]
fn a_second_training_is_refused_while_the_first_goes_on() {
    let scene = Scene::new();
    let training = scene.endless(&DATA, 1);
    let before = scene.text("run/schema.json");
    let start = ["train", "--out", "run", "--epochs", "1"];
    let again = [&start[..], &DATA].concat();
    let forced = [&again[..], &["--force"]].concat();
    for second in [&forced[..], &again, &["train", "--resume", "run"]] {
        let message = scene.fails(second, 1);
        assert!(message.contains(BUSY), "{message}");
    }
    assert_eq!(scene.text("run/schema.json"), before);
    // Who only reads is not in the way.
    assert!(!scene.fails(&["inspect", "run"], 1).contains(BUSY));
    // However the first one dies, the folder is free.
    training.signal("-KILL");
    training.ended();
    scene.ok(&forced);
    let files = scene.names("run");
    assert!(files.iter().all(|name| !name.contains("lock")), "{files:?}");
}

#[test]
fn a_run_is_gone_on_with_once_at_a_time() {
    let scene = Scene::new();
    let training = scene.endless(&DATA, 1);
    training.signal("-KILL");
    training.ended();
    let mut process = scene.process(&["train", "--resume", "run"]);
    process.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = process.spawn().unwrap();
    let lines = || scene.text("run/metrics.jsonl").lines().count();
    let before = lines();
    scene.wait_for("no epoch after going on", || lines() > before);
    let message = scene.fails(&["train", "--resume", "run"], 1);
    assert!(message.contains(BUSY), "{message}");
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn of_many_at_once_every_one_is_whole_or_refused() {
    let scene = Scene::new();
    let start = ["train", "--out", "run", "--epochs", "1", "--force"];
    for round in 0..3 {
        let seeds = ["1", "2", "3", "4", "5", "6"];
        let children: Vec<Child> = seeds
            .iter()
            .map(|seed| {
                let seed = ["--seed", *seed];
                let mut process = scene.process(&[&start[..], &DATA, &seed].concat());
                process.stdout(Stdio::null()).stderr(Stdio::piped());
                process.spawn().unwrap()
            })
            .collect();
        let mut whole = 0;
        for child in children {
            let Output { status, stderr, .. } = child.wait_with_output().unwrap();
            let stderr = String::from_utf8(stderr).unwrap();
            whole += usize::from(status.success());
            assert!(
                status.success() || stderr.contains(BUSY),
                "{round}: {stderr}"
            );
        }
        assert!(whole > 0);
        let out = scene.ok(&["verify", "run"]);
        assert!(out.contains("verified: run"), "{out}");
    }
}

#[test]
fn two_grids_do_not_share_a_folder() {
    let scene = Scene::new();
    let long =
        "preset = 'compact'\n[train]\nepochs = 100000\npatience = 100000\n[run.a]\n[run.b]\n";
    scene.write("grid.toml", long);
    let tune = [
        &["tune", "--config", "grid.toml", "--out", "all"],
        &DATA[..],
    ]
    .concat();
    let mut process = scene.process(&tune);
    process.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = process.spawn().unwrap();
    let metrics = scene.path("all/a/metrics.jsonl");
    scene.wait_for("no epoch was recorded", || {
        std::fs::read_to_string(&metrics).is_ok_and(|text| !text.is_empty())
    });
    scene.write("grid.toml", long.replace("100000", "1"));
    let message = scene.fails(&tune, 1);
    assert!(
        message.contains("all: another autoint is working on it"),
        "{message}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    std::fs::remove_dir_all(scene.path("all/a")).unwrap();
    scene.ok(&tune);
    assert_eq!(scene.names("all")[..2], ["a", "b"]);
}
