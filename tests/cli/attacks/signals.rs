//! Signals that ask a training to stop.

use std::fs;

use crate::scene::{Endless, Scene};

const DATA: [&str; 2] = ["--data", "synthetic:2000"];

/// The exit code of a command after a signal, its output and its complaints.
fn after(training: Endless, signal: &str) -> (Option<i32>, String, String) {
    training.signal(signal);
    let output = training.ended();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Whether this process, and so those that it starts, ignores a signal (as under `nohup`).
fn is_ignored(number: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

#[test]
fn an_unfinished_training_ends_with_128_and_the_signal() {
    for (name, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
        if is_ignored(number) {
            eprintln!("skipped: {name} is ignored here");
            continue;
        }
        let scene = Scene::new();
        let (code, out, err) = after(scene.endless(&DATA, 1), name);
        assert_eq!(code, Some(128 + number as i32), "{name}: {err}");
        // It stopped cleanly, and says nothing but that.
        assert!(
            out.contains("`autoint train --resume run` goes on"),
            "{out}"
        );
        assert!(err.starts_with("stopping after this batch"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        scene.ok(&["evaluate", "run"]);
        assert!(scene.path("run/checkpoint/state.bin").exists());
    }
}

#[test]
fn a_grid_and_a_verification_that_are_stopped_are_no_success() {
    let scene = Scene::trained(&[]);
    // Verifying a run that takes an hour: the settings of this one, but for the epochs.
    let config = scene.text("run/config.toml");
    let long = config
        .replace("epochs = 1\n", "epochs = 100000\n")
        .replace("patience = 2\n", "patience = 100000\n");
    assert_ne!(long, config);
    scene.write("run/config.toml", long);
    scene.reseal("run");
    let started = |out: &str| out.contains("epoch ");
    let verify = scene.begun(&["verify", "run"], started);
    let (code, _, err) = after(verify, "-TERM");
    assert_eq!(code, Some(143), "{err}");
    assert!(err.contains("nothing is verified"), "{err}");

    let grid = "[train]\nepochs = 100000\npatience = 100000\n[run.a]\n[run.b]\n";
    scene.write("grid.toml", grid);
    let tune = ["tune", "--config", "grid.toml", "--out", "all"];
    let tune = scene.begun(&[&tune[..], &DATA].concat(), started);
    let (code, _, err) = after(tune, "-INT");
    assert_eq!(code, Some(130), "{err}");
    let out = scene.text("out");
    assert!(out.contains("the same `autoint tune` goes on"), "{out}");
    assert!(!scene.path("all/b").exists());
}

#[test]
fn who_starts_it_with_nohup_keeps_it() {
    let scene = Scene::new();
    let training = scene.endless_under(&["nohup"], &DATA, 1);
    training.signal("-HUP");
    let lines = || scene.text("run/metrics.jsonl").lines().count();
    let before = lines();
    scene.wait_for("no epoch after the signal", || lines() > before + 1);
    let (code, ..) = after(training, "-TERM");
    assert_eq!(code, Some(143));
}

#[test]
fn help_tells_of_it() {
    let scene = Scene::new();
    for command in ["train", "tune", "verify"] {
        let help = scene.ok(&[command, "--help"]);
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            help.contains("128 + the signal's number"),
            "{command}: {help}"
        );
    }
}
