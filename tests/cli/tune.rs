//! `autoint tune`

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::Scene;

const FILE: &str = "preset = 'compact'\n[train]\nepochs = 1\n[run.adam]\n[run.sgd.optimizer]\nkind = 'sgd'\n\
    [grid]\n'train.seed' = [1, 2]\n";

fn tune<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = [
        "tune",
        "--data",
        "synthetic:1500",
        "--config",
        "grid.toml",
        "--out",
        "all",
    ];
    [&own, more].concat()
}

#[test]
fn every_run_of_the_file_is_trained_once_and_compared() {
    let scene = Scene::new();
    scene.write("grid.toml", FILE);
    let out = scene.ok(&tune(&[]));
    let names = ["adam-1", "adam-2", "sgd-1", "sgd-2"];
    let mut files = [&names[..], &["report.html", "trials.csv", "trials.jsonl"]].concat();
    files.sort_unstable();
    assert_eq!(scene.names("all"), files);
    // Trials are compared by validation rows; the test rows are opened for the winner alone.
    assert_eq!(
        out.matches("test metrics, protocol course").count(),
        1,
        "{out}"
    );
    for name in names {
        assert!(!scene.path(&format!("all/{name}/evaluation.json")).exists());
    }
    let lines = scene.text("all/trials.jsonl");
    let trials: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let quality = |trial: &Value| trial["kept"]["quality"].as_f64().unwrap();
    let best = trials
        .iter()
        .max_by(|a, b| quality(a).total_cmp(&quality(b)))
        .unwrap();
    let winner = best["name"].as_str().unwrap();
    assert!(out.contains(&format!("the winner is {winner};")), "{out}");
    assert_eq!(best["settings"]["run"], winner.split('-').next().unwrap());
    let measured = scene.ok(&["evaluate", &format!("all/{winner}")]);
    assert!(
        out.contains(measured.lines().nth(3).unwrap()),
        "{out}: {measured}"
    );
    assert_eq!(scene.text("all/trials.csv").lines().count(), 5);
    let page = scene.text("all/report.html");
    assert!(
        page.contains(&format!("The winner: {winner}")) && !page.contains("<script"),
        "{page}"
    );

    // One run again: the others are as they were.
    let other = scene.read("all/sgd-1/model.safetensors");
    fs::remove_dir_all(scene.path("all/adam-1")).unwrap();
    let again = scene.ok(&tune(&[]));
    assert_eq!(again.matches("trained before").count(), 3);
    assert_eq!(scene.text("all/trials.jsonl"), lines);
    assert_eq!(scene.read("all/sgd-1/model.safetensors"), other);

    let message = scene.fails(&tune(&["--epochs", "2"]), 1);
    assert!(
        message.contains("all/adam-1") && message.contains("other settings"),
        "{message}"
    );
}

#[test]
fn a_file_that_names_no_runs_is_refused() {
    let scene = Scene::new();
    scene.write("grid.toml", "[train]\nepochs = 1\n");
    assert!(scene.fails(&tune(&[]), 2).contains("[run.NAME]"));
    assert!(
        scene
            .fails(&["tune", "--data", "synthetic:100", "--out", "all"], 2)
            .contains("--config")
    );
    scene.write("grid.toml", "[run.a]\n[run.b]\npreset = 'paper'\n");
    assert!(scene.fails(&tune(&[]), 2).contains("run.b.preset"));
    scene.write("grid.toml", "protocol = 'course'\n[run.a]\n");
    assert!(scene.fails(&tune(&[]), 2).contains("--protocol"));
}

const SPACE: &str = "preset = 'compact'\n[train]\nepochs = 1\n[space]\n\
    'optimizer.learning_rate' = { min = 1e-4, max = 1e-2, log = true }\n'model.interacting.heads' = [2, 3, 4]\n";

/// Three heads do not divide the width: such a trial is written down and not trained.
#[test]
fn a_trial_that_makes_no_sense_is_recorded() {
    let scene = Scene::new();
    scene.write("grid.toml", SPACE);
    let out = scene.ok(&tune(&["--trials", "5"]));
    let lines = scene.text("all/trials.jsonl");
    let failed = lines.matches("3 heads do not divide the width").count();
    assert!((1..5).contains(&failed), "{lines}");
    assert_eq!(out.matches("cannot be trained").count(), failed);
    assert_eq!(lines.lines().count(), 5);
    scene.write("grid.toml", SPACE.replace("[2, 3, 4]", "[3]"));
    let none = scene.fails(&tune(&["--trials", "2"]), 2);
    assert!(
        none.contains("no trial makes sense, the first: setting"),
        "{none}"
    );
}

/// The trials without what is another at every run.
fn without_times(text: String) -> Vec<Value> {
    let lines = text.lines();
    let trials = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let untimed = trials.map(|mut trial| {
        trial["kept"]["train_seconds"] = Value::Null;
        trial
    });
    untimed.collect()
}

#[test]
fn trials_are_drawn_failures_recorded_and_a_search_goes_on_as_if_it_had_not_stopped() {
    let scene = Scene::new();
    scene.write("grid.toml", SPACE.replace("[2, 3, 4]", "[2, 4]"));
    let whole = scene.ok(&tune(&["--trials", "4"]));
    assert!(
        whole.contains("trial 4 of 4: t0004: model.interacting.heads = "),
        "{whole}"
    );
    let lines = scene.text("all/trials.jsonl");
    let all = without_times(lines.clone());
    assert_eq!(all.len(), 4);
    // Killed while the third was written down: two lines and a half are left, and the runs of all four.
    let cut = lines.match_indices('\n').nth(1).unwrap().0 + 20;
    scene.write("all/trials.jsonl", &lines[..cut]);
    scene.ok(&tune(&["--trials", "4"]));
    assert_eq!(without_times(scene.text("all/trials.jsonl")), all);
    // Fewer first and more later is the same.
    fs::remove_dir_all(scene.path("all")).unwrap();
    scene.ok(&tune(&["--trials", "2"]));
    scene.ok(&tune(&["--trials", "4", "--threads", "1"]));
    assert_eq!(without_times(scene.text("all/trials.jsonl")), all);
    let none = scene.ok(&tune(&["--trials", "6", "--budget", "0s"]));
    assert!(none.contains("the time is over: 4 of 6 trials"), "{none}");
}

#[test]
fn a_trial_that_diverges_is_recorded_and_the_others_go_on() {
    let scene = Scene::new();
    let file = "preset = 'compact'\n[train]\nepochs = 1\n[optimizer]\nkind = 'sgd'\n[grid]\n'optimizer.learning_rate' = [1e30, 1e-3]\n";
    scene.write("grid.toml", file);
    let out = scene.ok(&tune(&["--finalists", "2", "--seeds", "2"]));
    assert!(
        out.contains("failed: op `") && out.contains("the winner is 0.001;"),
        "{out}"
    );
    let lines = scene.text("all/trials.jsonl");
    let failed: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(
        failed["failed"].as_str().unwrap().contains("not finite") && failed["kept"].is_null(),
        "{lines}"
    );
    assert!(scene.path("all/0.001.seed-2/model.safetensors").exists());
    assert!(out.contains("0.001: mean of 2 seeds"), "{out}");
    let again = scene.ok(&tune(&["--finalists", "2", "--seeds", "2"]));
    assert!(again.contains("failed before"), "{again}");
    assert!(scene.text("all/report.html").contains("failed: op"));
}

const HALVING: &str = "preset = 'compact'\n[train]\nepochs = 4\n[space]\n\
    'optimizer.learning_rate' = { min = 1e-5, max = 1e-1, log = true }\n";

fn halving<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = ["--strategy", "halving", "--factor", "2"];
    let trials = match more.contains(&"--trials") {
        true => &[][..],
        false => &["--trials", "6"],
    };
    tune(&[&own, trials, more].concat())
}

/// Six trials go one epoch, the best three of them two, and the best two of those all four: as the trials that are never halved do.
#[test]
fn halving_drops_the_worse_and_the_others_are_as_if_nothing_had_been() {
    let scene = Scene::new();
    scene.write("grid.toml", HALVING);
    let out = scene.ok(&halving(&[]));
    let halved = without_times(scene.text("all/trials.jsonl"));
    let whole = Scene::new();
    whole.write("grid.toml", HALVING);
    whole.ok(&tune(&["--trials", "6"]));
    let after = |name: &str, epochs: usize| -> f64 {
        let text = whole.text(&format!("all/{name}/metrics.jsonl"));
        let lines = text.lines().take(epochs);
        let auc = lines.map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["valid_auc"]
                .as_f64()
                .unwrap()
        });
        auc.fold(0.0, f64::max)
    };
    let mut names: Vec<String> = (1..=6).map(|number| format!("t000{number}")).collect();
    let mut dropped = Vec::new();
    for (epochs, keep) in [(1, 3), (2, 2)] {
        names.sort_by(|a, b| after(b, epochs).total_cmp(&after(a, epochs)));
        dropped.extend(names.split_off(keep).into_iter().map(|name| (name, epochs)));
    }
    for (name, epochs) in dropped {
        let trial = halved.iter().find(|trial| trial["name"] == *name).unwrap();
        assert_eq!(trial["dropped_after"], epochs, "{trial}");
        assert_eq!(trial["kept"]["valid_auc"], after(&name, epochs));
    }
    for name in &names {
        let weights = format!("all/{name}/model.safetensors");
        assert_eq!(scene.read(&weights), whole.read(&weights), "{name}");
    }
    assert!(out.contains("rung 2 of 2: 3 trials"), "{out}");
    assert!(scene.text("all/report.html").contains("(dropped after 1)"));

    // All of it again trains nothing, and side by side gives the same.
    let again = scene.ok(&halving(&["--parallel", "3"]));
    assert!(
        !again.contains("resume") && !again.contains("train loss"),
        "{again}"
    );
    let beside = Scene::new();
    beside.write("grid.toml", HALVING);
    beside.ok(&halving(&["--parallel", "3"]));
    for scene in [&scene, &beside] {
        assert_eq!(without_times(scene.text("all/trials.jsonl")), halved);
    }
}

#[test]
fn a_search_that_was_killed_goes_on_as_if_nothing_had_been() {
    let scene = Scene::new();
    scene.write("grid.toml", HALVING);
    scene.ok(&halving(&[]));
    let all = without_times(scene.text("all/trials.jsonl"));
    for epochs in [2, 5, 8] {
        fs::remove_dir_all(scene.path("all")).unwrap();
        let mut child = scene.process(&halving(&["--parallel", "2"]));
        let mut child = child.stdout(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        let done = || -> usize {
            let metrics = (1..=6).map(|n| scene.path(&format!("all/t000{n}/metrics.jsonl")));
            metrics
                .map(|path| fs::read_to_string(path).map_or(0, |text| text.lines().count()))
                .sum()
        };
        while done() < epochs && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        scene.ok(&halving(&[]));
        assert_eq!(
            without_times(scene.text("all/trials.jsonl")),
            all,
            "killed after {epochs}"
        );
    }
}

/// When the time is over at once, the first rung has nothing to compare: only what was begun goes on.
#[test]
fn a_search_without_time_or_sense_says_so() {
    let scene = Scene::new();
    scene.write("grid.toml", HALVING);
    scene.ok(&halving(&["--trials", "3"]));
    let over = scene.ok(&halving(&["--budget", "0s"]));
    assert!(
        over.contains("the time is over: ") && over.contains("t0006 was not begun"),
        "{over}"
    );
    assert!(over.contains("the winner is "), "{over}");
    let grid = scene.fails(&tune(&["--strategy", "grid"]), 2);
    assert!(
        grid.contains("--strategy") && grid.contains("[space]"),
        "{grid}"
    );
    scene.write("grid.toml", FILE);
    let random = scene.fails(&tune(&["--strategy", "random"]), 2);
    assert!(random.contains("no [space] to draw from"), "{random}");
}
