//! Ctrl-C.

use std::process::{Child, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::scene::Scene;
use crate::signal::signal;

/// A training that would take hours.
fn training(scene: &Scene, options: &[&str]) -> Child {
    let endless = [
        "train",
        "--data",
        "synthetic:20000",
        "--epochs",
        "100000",
        "--set",
        "train.patience=100000",
        "--out",
        "run",
    ];
    let mut process = scene.process(&[&endless[..], options].concat());
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    process.spawn().unwrap()
}

/// Waits until `metrics.jsonl` is there and has so many lines.
fn wait_for_epochs(scene: &Scene, epochs: usize) {
    let start = Instant::now();
    let path = scene.path("run/metrics.jsonl");
    while std::fs::read_to_string(&path).map_or(true, |text| text.lines().count() < epochs) {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no epoch was recorded"
        );
        sleep(Duration::from_millis(5));
    }
}

fn ended(child: Child, code: i32) -> (String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{stderr}");
    (String::from_utf8(stdout).unwrap(), stderr)
}

#[test]
fn the_first_one_saves_the_best_epoch() {
    let scene = Scene::new();
    let child = training(&scene, &[]);
    wait_for_epochs(&scene, 1);
    signal(child.id(), "-INT");
    let (stdout, stderr) = ended(child, 130);
    assert!(stderr.starts_with("stopping after this batch"), "{stderr}");
    assert!(stdout.contains("stopped: run holds epoch "), "{stdout}");
    let run = scene.run("run");
    assert!(run.provenance.best_epoch >= 1);
    assert!(
        scene
            .text("run/report.html")
            .contains("stopped by the user")
    );
    scene.ok(&["evaluate", "run"]);
}

#[test]
fn in_the_first_epoch_the_last_batch_is_saved() {
    let scene = Scene::new();
    // Thousands of small batches, so that the epoch outlasts the signal.
    let child = training(&scene, &["--batch-size", "2"]);
    wait_for_epochs(&scene, 0);
    signal(child.id(), "-INT");
    let (stdout, _) = ended(child, 130);
    assert!(stdout.contains("stopped in the first epoch"), "{stdout}");
    assert_eq!(scene.run("run").provenance.best_epoch, 0);
    assert_eq!(scene.text("run/metrics.jsonl"), "");
    scene.ok(&["evaluate", "run"]);
}

#[test]
fn the_second_one_kills() {
    let scene = Scene::new();
    // One batch that takes a minute.
    let slow = [
        "--batch-size",
        "1000000",
        "--layers",
        "32",
        "--embed-dim",
        "64",
        "--set",
        "model.interacting.width=256",
    ];
    let child = training(&scene, &slow);
    wait_for_epochs(&scene, 0);
    signal(child.id(), "-INT");
    sleep(Duration::from_millis(100));
    signal(child.id(), "-INT");
    ended(child, 130);
    assert!(!scene.path("run/model.safetensors").exists());
}
