//! Stores that change while a training maps them.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::scene::Scene;

/// Steps of a second or so, so that a change never meets a read of the map.
const SLOW: [&str; 8] = [
    "--batch-size",
    "300",
    "--layers",
    "32",
    "--embed-dim",
    "64",
    "--set",
    "model.interacting.width=256",
];

fn changed(change: impl FnOnce(&Scene)) {
    let scene = Scene::new();
    scene.ok(&["prepare", "--data", "synthetic:2000", "--out", "a.store"]);
    let training = scene.endless(&[&["--data", "a.store"], &SLOW[..]].concat(), 0);
    let checkpoint = scene.path("run/checkpoint/state.bin");
    scene.wait_for("no checkpoint", || checkpoint.exists());
    change(&scene);
    let output = training.ended();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{:?}: {stderr}",
        output.status
    );
    assert!(stderr.contains("a.store: was changed"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn one_that_is_truncated_is_named() {
    changed(|scene| {
        let file = OpenOptions::new().write(true).open(scene.path("a.store"));
        file.unwrap().set_len(0).unwrap();
    });
}

#[test]
fn one_that_is_overwritten_in_place_is_named() {
    changed(|scene| {
        let mut bytes = scene.read("a.store");
        bytes[64..].fill(0xff);
        let file = OpenOptions::new().write(true).open(scene.path("a.store"));
        file.unwrap().write_all(&bytes).unwrap();
    });
}

#[test]
fn one_that_is_replaced_or_removed_does_no_harm() {
    let scene = Scene::new();
    scene.ok(&["prepare", "--data", "synthetic:2000", "--out", "a.store"]);
    let training = scene.endless(&["--data", "a.store"], 1);
    scene.ok(&["prepare", "--data", "synthetic:500", "--out", "a.store"]);
    fs::remove_file(scene.path("a.store")).unwrap();
    let lines = || scene.text("run/metrics.jsonl").lines().count();
    let before = lines();
    scene.wait_for("no epoch after the change", || lines() > before + 1);
    training.signal("-KILL");
    training.ended();
}
