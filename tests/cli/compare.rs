use crate::scene::Scene;

/// The rows of a part, from the file of `prepare --split-to`.
fn rows(scene: &Scene, part: &str) -> Vec<usize> {
    scene.ok(&[
        "prepare",
        "--data",
        "synthetic:2000",
        "--out",
        "x.store",
        "--split-to",
        "parts",
    ]);
    let text = scene.text("parts");
    let parts = text.lines().enumerate().filter(|(_, of)| *of == part);
    parts.map(|(row, _)| row).collect()
}

fn train(scene: &Scene, out: &str, more: &[&str]) {
    let command = [
        "train",
        "--data",
        "synthetic:2000",
        "--epochs",
        "2",
        "--out",
        out,
    ];
    scene.ok(&[&command, more].concat());
}

#[test]
fn a_model_is_better_than_noise_and_not_told_from_itself() {
    let scene = Scene::new();
    train(&scene, "run", &[]);
    let test = rows(&scene, "test");
    let noise = |row: usize| (row.wrapping_mul(2_654_435_761) % 997) as f64 / 1_000.0 + 0.001;
    let lines: String = test
        .iter()
        .map(|&row| format!("{row},{}\n", noise(row)))
        .collect();
    scene.write("noise.csv", format!("row,score\n{lines}"));
    let told = scene.ok(&["compare", "run", "run", "--scores", "noise.csv"]);
    let (same, other) = told.split_once("run less noise.csv").unwrap();
    assert_eq!(same.matches("not told apart").count(), 8, "{told}");
    for metric in [" auc", " logloss"] {
        let line = other.lines().find(|line| line.starts_with(metric)).unwrap();
        assert!(line.contains("run is better"), "{told}");
    }
    let json = scene.ok(&["compare", "run", "--scores", "noise.csv", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["rows"], &json["second"]),
        (&test.len().into(), &"noise.csv".into())
    );
    assert!(
        json["differences"][0]["low"].as_f64().unwrap() > 0.0,
        "{json}"
    );
}

#[test]
fn scores_must_be_those_of_the_rows() {
    let scene = Scene::new();
    train(&scene, "run", &[]);
    let test = rows(&scene, "test");
    let line = |row: usize| format!("{row},0.5\n");
    let all: String = test.iter().map(|&row| line(row)).collect();
    let other = (0..).find(|row| !test.contains(row)).unwrap();
    for (text, what) in [
        (format!("row,points\n{all}"), "no column `score`"),
        (
            format!("row,score\n{}", line(test[0])),
            "has no score for row",
        ),
        (
            format!("row,score\n{all}{}", line(test[0])),
            "has a score already",
        ),
        (
            format!("row,score\n{all}{}", line(other)),
            "1 of them are none of the part's",
        ),
        (
            format!("row,score\n{all}7,much\n"),
            "a finite score, got \"7\" and \"much\"",
        ),
    ] {
        scene.write("s.csv", text);
        let message = scene.fails(&["compare", "run", "--scores", "s.csv"], 1);
        assert!(
            message.contains("s.csv") && message.contains(what),
            "{message}"
        );
    }
    let message = scene.fails(&["compare", "run"], 1);
    assert!(message.contains("is one alone"), "{message}");
}

#[test]
fn runs_of_other_rows_are_refused_and_of_other_fields_compared() {
    let scene = Scene::new();
    train(&scene, "course", &[]);
    train(&scene, "recbole", &["--protocol", "recbole"]);
    let message = scene.fails(&["compare", "course", "recbole"], 1);
    assert!(message.contains("are not those of course"), "{message}");
    train(&scene, "lr", &["--model", "lr"]);
    let told = scene.ok(&["compare", "course", "lr", "--split", "valid"]);
    assert!(told.contains("course less lr: valid rows"), "{told}");
}

#[test]
fn metrics_are_measured_as_asked_with_their_intervals() {
    let scene = Scene::new();
    train(&scene, "run", &[]);
    let asked = ["--metrics", "auc,pr_auc,precision@3", "--json"];
    let json = scene.ok(&[&["evaluate", "run", "--intervals"], &asked[..]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for name in ["auc", "pr_auc", "precision@3"] {
        let (value, interval) = (&json["metrics"][name], &json["intervals"][name]);
        assert_eq!(value, &interval["value"], "{json}");
        assert!(interval["low"].as_f64() < value.as_f64(), "{json}");
        assert!(interval["high"].as_f64() > value.as_f64(), "{json}");
    }
    assert_eq!(json["metrics"].as_object().unwrap().len(), 3, "{json}");
    let told = scene.ok(&["compare", "run", "run", "--metrics", "brier,map@5"]);
    assert_eq!(told.matches("not told apart").count(), 2, "{told}");
    let wrong = scene.command(&["evaluate", "run", "--metrics", "accuracy"]);
    let wrong = { wrong }.output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let message = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        message.contains("there is no metric `accuracy`, expected one of auc, "),
        "{message}"
    );
}
