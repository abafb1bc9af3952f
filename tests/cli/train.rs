use autoint::autograd::trace::{Header, Step};
use serde_json::Value;

use crate::scene::{QUICK, Scene};

/// A MovieLens-1M of three users and four movies.
pub fn tiny_movielens(scene: &Scene, folder: &str) {
    let file = |name: &str| format!("{folder}/{name}");
    let users = "1::F::1::10::48067\n2::M::56::16::70072\n3::M::25::15::55117\n";
    let movies = "1::Toy Story (1995)::Animation|Comedy\n2::Heat (1995)::Action\n3::Alien (1979)::Horror\n4::Big (1988)::Comedy\n";
    let mut ratings = String::new();
    for user in 1..=3 {
        for movie in 1..=4 {
            let stars = 1 + (user * movie + movie) % 5;
            ratings += &format!("{user}::{movie}::{stars}::97{user}30076{movie}\n");
        }
    }
    scene.write(&file("users.dat"), users);
    scene.write(&file("movies.dat"), movies);
    scene.write(&file("ratings.dat"), ratings);
}

#[test]
fn without_data_it_takes_the_synthetic_set_and_says_how_to_get_the_real_one() {
    let scene = Scene::new();
    let out = scene.ok(&["train", "--epochs", "1"]);
    let first = out.lines().next().unwrap();
    assert!(first.contains("synthetic set") && first.contains("`autoint download ml-1m`"));
    assert!(
        out.contains("test metrics, protocol course, 20000 rows"),
        "{out}"
    );
    for row in [
        "autoint+ ",
        "random",
        "popularity",
        "positive_rate_user_item",
        "best possible",
    ] {
        assert!(
            out.lines().any(|line| line.trim_start().starts_with(row)),
            "{row}: {out}"
        );
    }
    assert!(out.contains("95 % interval"));
    assert_eq!(scene.names("runs"), ["course-autoint-autoint+"]);
    let files = [
        "catalogue.bin",
        "config.toml",
        "data.json",
        "distribution.json",
        "evaluation.json",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
        "schema.json",
    ];
    assert_eq!(scene.names("runs/course-autoint-autoint+"), files);
}

#[test]
fn movielens_is_taken_when_it_is_there() {
    let scene = Scene::new();
    tiny_movielens(&scene, "data/ml-1m");
    let out = scene.ok(&["train", "--epochs", "2"]);
    assert!(
        out.starts_with("data   data/ml-1m, protocol course: 12 rows"),
        "{out}"
    );
    assert!(
        !out.contains("synthetic") && !out.contains("best possible"),
        "{out}"
    );
    // Other layouts by name.
    let out = scene.ok(&[
        "train",
        "--epochs",
        "1",
        "--data",
        "data/ml-1m",
        "--protocol",
        "paper",
    ]);
    assert!(out.contains("protocol paper: "), "{out}");
    std::fs::remove_file(scene.path("data/ml-1m/users.dat")).unwrap();
    assert!(scene.fails(&["train"], 1).contains("users.dat"));
}

#[test]
fn runs_without_a_name_do_not_get_into_each_others_way() {
    let scene = Scene::new();
    let arguments = [
        "train",
        "--data",
        "synthetic:500",
        "--epochs",
        "1",
        "--preset",
        "compact",
        "--model",
        "autoint",
    ];
    for _ in 0..3 {
        scene.ok(&arguments);
    }
    let name = "course-compact-autoint";
    assert_eq!(
        scene.names("runs"),
        [name.to_owned(), format!("{name}-2"), format!("{name}-3")]
    );
}

#[test]
fn a_run_is_replaced_only_when_forced() {
    let scene = Scene::trained(&[]);
    let again = [
        "train",
        "--data",
        "synthetic:500",
        "--epochs",
        "1",
        "--out",
        "run",
    ];
    assert!(scene.fails(&again, 1).contains("--force"));
    scene.ok(&[&again[..], &["--force"]].concat());
    assert!(scene.text("run/data.json").contains("\"rows\": 500"));
    scene.write("run/notes.txt", "mine");
    let message = scene.fails(&[&again[..], &["--force"]].concat(), 1);
    assert!(message.contains("`notes.txt`"), "{message}");
    assert_eq!(scene.text("run/notes.txt"), "mine");
}

#[test]
fn metrics_have_one_line_an_epoch_with_exactly_the_documented_keys() {
    let scene = Scene::new();
    let out = scene.ok(&[
        "train",
        "--data",
        "synthetic:2000",
        "--epochs",
        "3",
        "--set",
        "train.patience=9",
        "--out",
        "three",
    ]);
    let text = scene.text("three/metrics.jsonl");
    let keys = [
        "epoch",
        "train_loss",
        "valid_loss",
        "valid_auc",
        "train_seconds",
        "rows_per_second",
        "learning_rate",
    ];
    for (number, line) in text.lines().enumerate() {
        let object: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        let mut sorted = keys.map(str::to_owned);
        sorted.sort();
        assert_eq!(object.keys().cloned().collect::<Vec<_>>(), sorted);
        assert_eq!(object["epoch"], number + 1);
        let places = keys.map(|key| line.find(&format!("\"{key}\":")).unwrap());
        assert!(places.is_sorted(), "{line}");
    }
    assert_eq!(text.lines().count(), 3);
    assert_eq!(
        out.lines()
            .filter(|line| line.starts_with("epoch "))
            .count(),
        3
    );
}

#[test]
fn every_setting_is_written_with_the_run_and_can_be_used_again() {
    let scene = Scene::trained(&["--heads", "4", "--set", "model.linear=false", "--seed", "9"]);
    let config = scene.text("run/config.toml");
    for line in [
        "preset = \"autoint\"",
        "heads = 4",
        "linear = false",
        "seed = 9",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    let again = [
        "train",
        "--data",
        "synthetic:2000",
        "--config",
        "run/config.toml",
        "--out",
        "again",
    ];
    scene.ok(&again);
    assert_eq!(scene.text("again/config.toml"), config);
    assert_eq!(
        scene.read("again/model.safetensors"),
        scene.read("run/model.safetensors")
    );
}

#[test]
fn the_report_stands_alone_and_shows_what_was_measured() {
    let scene = Scene::trained(&[]);
    let report = scene.text("run/report.html");
    assert!(report.starts_with("<!DOCTYPE html>"));
    for text in [
        "<svg",
        "protocol course",
        "best possible",
        "positive_rate_user_item",
        "prefers-color-scheme: dark",
    ] {
        assert!(report.contains(text), "{text}");
    }
    // Nothing is loaded from anywhere and nothing runs.
    for text in [
        "<script", "<link", "<img", "http:", "https:", "url(", "@import", "NaN",
    ] {
        assert!(!report.contains(text), "{text}");
    }
    // What a user types is text, whatever it looks like.
    let folder = "<b>&";
    tiny_movielens(&scene, folder);
    scene.ok(&[
        "train", "--data", folder, "--epochs", "1", "--out", "escaped",
    ]);
    let report = scene.text("escaped/report.html");
    assert!(report.contains("&lt;b&gt;&amp;") && !report.contains("<b>&"));
}

#[test]
fn nothing_of_the_machine_is_written_into_a_run() {
    let scene = Scene::new();
    tiny_movielens(&scene, "data");
    scene.ok(&["train", "--data", "data", "--epochs", "1", "--out", "run"]);
    let here = scene.folder().to_str().unwrap();
    for name in scene.names("run") {
        let content = String::from_utf8_lossy(&scene.read(&format!("run/{name}"))).into_owned();
        assert!(!content.contains(here), "{name}");
    }
}

/// With the environment variable, and without it nothing of the kind; the model is the same, and the folder one of a run.
#[test]
fn a_trace_says_what_the_first_steps_were_made_of() {
    let scene = Scene::trained(&[]);
    assert!(!scene.names("run").contains(&"trace.jsonl".to_owned()));
    let traced = |value: &str, out: &str| {
        let mut command =
            scene.command(&[&["train", "--out", out, "--force"], &QUICK[..]].concat());
        command.env("AUTOINT_TRACE", value).args(["--threads", "1"]);
        command.output().unwrap()
    };
    for _ in 0..2 {
        assert!(traced("1", "traced").status.success());
    }
    assert_eq!(
        scene.read("run/model.safetensors"),
        scene.read("traced/model.safetensors")
    );
    let text = scene.text("traced/trace.jsonl");
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!((header.threads, header.group_rows), (1, 64));
    let steps: Vec<Step> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!steps.is_empty() && steps.len() <= 200);
    for step in &steps {
        let names: Vec<&str> = step.stages.iter().map(|stage| &*stage.name).collect();
        // Embeddings have a table, and the linear part one.
        let expected = [
            "gather",
            "index",
            "round",
            "sum of touched rows",
            "sum of touched rows",
            "check of gradients",
            "update of dense weights",
            "update of tables",
            "update of tables",
        ];
        assert_eq!(names, expected);
        let round = &step.stages[2];
        assert_eq!(round.groups.len(), step.rows.div_ceil(64));
        assert!(round.groups.iter().all(|&ns| ns > 0 && ns <= round.ns));
        let in_stages: u64 = step.stages.iter().map(|stage| stage.ns).sum();
        assert!(in_stages <= step.ns);
    }
    let refused = traced("yes", "refused");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("AUTOINT_TRACE") && message.lines().count() == 1);
}
