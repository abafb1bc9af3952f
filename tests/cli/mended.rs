//! Runs that are made of runs: calibrated ones and ensembles.

use serde_json::Value;

use crate::scene::Scene;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The logits that `predict` gives for a row of the run's own data.
fn logits(scene: &Scene, run: &str) -> Vec<f32> {
    let csv = scene.ok(&["predict", run, "--input", "rows.csv"]);
    let logit = |line: &str| line.split(',').next().unwrap().parse().unwrap();
    csv.lines().skip(1).map(logit).collect()
}

/// Some rows with the fields of protocol `recbole`; the second is of somebody unknown.
const ROWS: &str = "user_id,movie_id,age,gender,occupation,genres,movie_year\n1,2,25,F,4,Comedy|Drama,1995\nnobody,3,1,M,0,Action,1990\n5,6,35,M,7,,2000\n";

#[test]
fn a_calibrated_run_says_so_everywhere_and_can_be_as_before() {
    let scene = Scene::new();
    let train = [
        "train",
        "--data",
        "synthetic:20000",
        "--protocol",
        "recbole",
        "--epochs",
        "3",
    ];
    scene.ok(&[&train[..], &["--out", "run"]].concat());
    scene.write("rows.csv", ROWS);
    let (trained, measured) = (
        logits(&scene, "run"),
        json(&scene.ok(&["evaluate", "run", "--json"])),
    );
    let told = scene.ok(&["calibrate", "run"]);
    let line = told
        .lines()
        .find(|line| line.starts_with("logit "))
        .unwrap();
    let number = |text: &str| text.parse::<f32>().unwrap();
    let words: Vec<&str> = line.trim_end_matches(',').split([' ', ',']).collect();
    let (a, b) = (number(words[1]), number(words[3]));
    for (before, after) in trained.iter().zip(logits(&scene, "run")) {
        assert!(
            (a * before + b - after).abs() < 1e-3,
            "{line}: {before} {after}"
        );
    }
    assert!(scene.ok(&["inspect", "run"]).contains("(Platt)"));
    let better = json(&scene.ok(&["evaluate", "run", "--json"]));
    assert_eq!(better["metrics"]["auc"], measured["metrics"]["auc"]);
    assert_ne!(better["metrics"]["logloss"], measured["metrics"]["logloss"]);
    scene.ok(&["calibrate", "run", "--method", "isotonic"]);
    assert_ne!(logits(&scene, "run"), trained);
    scene.ok(&["calibrate", "run", "--method", "none"]);
    assert_eq!(logits(&scene, "run"), trained);
    scene.ok(&["verify", "run"]);
}

#[test]
fn an_ensemble_is_the_weighted_sum_of_its_members_and_a_run_like_any_other() {
    let scene = Scene::new();
    let protocol = ["--protocol", "recbole"];
    scene.train("one", &[&protocol[..], &["--model", "autoint"]].concat());
    scene.train(
        "two",
        &[&protocol[..], &["--model", "deepfm", "--seed", "7"]].concat(),
    );
    scene.write("rows.csv", ROWS);
    let told = scene.ok(&[
        "ensemble",
        "one",
        "two",
        "--weights",
        "equal",
        "--out",
        "both",
    ]);
    assert!(told.contains("ensemble of 2"), "{told}");
    let (one, two) = (logits(&scene, "one"), logits(&scene, "two"));
    for ((a, b), both) in one.iter().zip(&two).zip(logits(&scene, "both")) {
        assert!(((a + b) / 2.0 - both).abs() < 1e-5, "{a} {b} {both}");
    }
    // Fitted weights are no worse on the rows that they were fitted on.
    scene.ok(&["ensemble", "one", "two", "--out", "fitted"]);
    let valid = |run: &str| {
        let all = json(&scene.ok(&["evaluate", run, "--split", "valid", "--json"]));
        all["metrics"]["logloss"].as_f64().unwrap()
    };
    let least = ["one", "two", "both"]
        .map(valid)
        .into_iter()
        .fold(f64::MAX, f64::min);
    assert!(
        valid("fitted") <= least + 1e-6,
        "{} {least}",
        valid("fitted")
    );
    for command in [
        &["recommend", "fitted", "--user", "1"][..],
        &["explain", "fitted"],
        &["inspect", "fitted"],
    ] {
        scene.ok(command);
    }
    let error = scene.fails(&["verify", "fitted"], 1);
    assert!(error.contains("is made of several runs"), "{error}");
    let error = scene.fails(&["ensemble", "one", "fitted", "--out", "x"], 2);
    assert!(error.contains("no ensembles themselves"), "{error}");
    scene.train("other", &["--protocol", "paper"]);
    let error = scene.fails(&["ensemble", "one", "other", "--out", "x"], 1);
    assert!(
        error.contains("other: has other fields, values or another split than one"),
        "{error}"
    );
    assert!(!scene.path("x").exists());
}
