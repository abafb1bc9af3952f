//! SIGKILL at random moments, and Ctrl-C.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use autoint::run::EpochRecord;

use crate::scene::Scene;
use crate::signal::signal;
use crate::support::without_time;

/// A second or so, in more than a hundred batches.
const TRAINING: [&str; 8] = [
    "--data",
    "synthetic:6000",
    "--epochs",
    "4",
    "--batch-size",
    "128",
    "--set",
    "train.patience=9",
];

/// Optimisers with other state each, tables in every mode.
const OPTIMIZERS: [&[&str]; 3] = [
    &["optimizer.kind=adam", "optimizer.embedding_mode=exact"],
    &["optimizer.kind=rmsprop", "optimizer.momentum=0.5"],
    &[
        "optimizer.kind=nadam",
        "optimizer.embedding_mode=lazy",
        "schedule.kind=plateau",
    ],
];

/// Kills of each of them.
const KILLS: usize = 8;

fn training<'a>(run: &'a str, sets: &[&'a str]) -> Vec<&'a str> {
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    let start = ["train", "--out", run, "--force"];
    start.into_iter().chain(TRAINING).chain(sets).collect()
}

/// What goes on, or starts anew when the process was killed before its first checkpoint.
fn next<'a>(scene: &Scene, start: &[&'a str]) -> Vec<&'a str> {
    match scene.path("run/checkpoint/state.bin").exists() {
        true => vec!["train", "--resume", "run"],
        false => start.to_vec(),
    }
}

fn assert_same_run(scene: &Scene) {
    let epochs = |run: &str| -> Vec<EpochRecord> {
        let text = scene.text(&format!("{run}/metrics.jsonl"));
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        records.map(|record| without_time(&record)).collect()
    };
    assert!(scene.read("run/model.safetensors") == scene.read("whole/model.safetensors"));
    assert_eq!(epochs("run"), epochs("whole"));
    for file in ["config.toml", "data.json", "schema.json"] {
        let read = |run: &str| scene.text(&format!("{run}/{file}"));
        assert_eq!(read("run"), read("whole"), "{file}");
    }
    assert_eq!(scene.names("run"), scene.names("whole"));
}

/// Kills a training [`KILLS`] times and lets it end; gives how many of the killed had gone on from a checkpoint.
fn kill_at_random(scene: &Scene, sets: &[&str]) -> usize {
    let begun = Instant::now();
    scene.ok(&training("whole", sets));
    let whole_time = begun.elapsed();

    let start = training("run", sets);
    let (mut kills, mut resumed) = (0, 0);
    while kills < KILLS {
        let arguments = next(scene, &start);
        let mut process = scene.process(&[&arguments[..], &["--checkpoint-every", "3"]].concat());
        process.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = process.spawn().unwrap();
        sleep(whole_time.mul_f64(0.5 * rand::random::<f64>()));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            // It was faster than the kill: once more from the start.
            assert_same_run(scene);
            std::fs::remove_dir_all(scene.path("run")).unwrap();
            continue;
        }
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), None, "not killed: {stderr}");
        kills += 1;
        resumed += usize::from(arguments[1] == "--resume");
    }
    scene.ok(&next(scene, &start));
    assert_same_run(scene);
    resumed
}

#[test]
fn runs_that_are_killed_at_random_moments_end_as_if_they_never_were() {
    let mut resumed = 0;
    for sets in OPTIMIZERS {
        resumed += kill_at_random(&Scene::new(), sets);
    }
    let kills = KILLS * OPTIMIZERS.len();
    eprintln!("{kills} kills, {resumed} of them after going on from a checkpoint");
    assert!(kills >= 20 && resumed >= KILLS, "{resumed}");
}

#[test]
fn ctrl_c_says_how_to_go_on() {
    let scene = Scene::new();
    scene.ok(&training("whole", &[]));
    let mut process = scene.process(&training("run", &[]));
    process.stdout(Stdio::piped()).stderr(Stdio::null());
    let child = process.spawn().unwrap();
    while !scene.path("run/checkpoint/state.bin").exists() {
        sleep(Duration::from_millis(1));
    }
    signal(child.id(), "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.contains("`autoint train --resume run` goes on from here"),
        "{out}"
    );
    assert!(scene.ok(&["inspect", "run"]).contains("stopped "));
    let message = scene.fails(&["verify", "run"], 1);
    assert!(message.contains("was stopped before its end"), "{message}");
    let message = scene.fails(&["train", "--out", "run"], 1);
    assert!(message.contains("--resume"), "{message}");

    let out = scene.ok(&["train", "--resume", "run"]);
    assert!(out.contains("\nresume run after "), "{out}");
    assert_same_run(&scene);
    let out = scene.ok(&["train", "--resume", "run"]);
    assert!(out.contains("run has come to its end"), "{out}");
    assert_same_run(&scene);
}
