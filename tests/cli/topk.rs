//! Training with sampled negatives, ranking of the whole catalogue, splits from a file.

use serde_json::Value;

use crate::scene::Scene;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_model_of_what_was_chosen_ranks_the_catalogue_better_than_chance() {
    let scene = Scene::new();
    let train = |out: &str, more: &[&str]| {
        let options = [
            "train",
            "--data",
            "synthetic:20000",
            "--protocol",
            "topk",
            "--epochs",
            "4",
            "--out",
            out,
        ];
        scene.ok(&[&options[..], more].concat())
    };
    let told = train("run", &["--negatives", "4"]);
    assert!(told.contains("users or items with too few rows"), "{told}");
    let all = json(&scene.ok(&["evaluate", "run", "--json", "--intervals"]));
    let of = |name: &str, metric: &str| all["baselines"][name][metric].as_f64().unwrap();
    let own = all["metrics"]["ndcg@10"].as_f64().unwrap();
    assert!(own > 1.2 * of("random", "ndcg@10"), "{all}");
    assert!(
        of("item_knn", "coverage@10") <= 1.0 && of("popularity", "novelty@10") > 0.0,
        "{all}"
    );
    let interval = &all["intervals"]["ndcg@10"];
    assert!(
        interval["low"].as_f64().unwrap() < own && own < interval["high"].as_f64().unwrap(),
        "{all}"
    );
    assert!(all["intervals"]["coverage@10"].is_null(), "{all}");
    // The same bits on one thread.
    train("one", &["--negatives", "4", "--threads", "1"]);
    let weights = |run: &str| scene.read(&format!("{run}/model.safetensors"));
    assert_eq!(weights("run"), weights("one"));
    scene.ok(&["verify", "run"]);
    train(
        "other",
        &["--negatives", "4", "--set", "train.negatives_by=popularity"],
    );
    assert_ne!(weights("run"), weights("other"));
}

/// Also where the protocol ranks rows.
#[test]
fn any_run_can_be_measured_on_the_whole_catalogue() {
    let scene = Scene::trained(&["--protocol", "recbole"]);
    let metrics = ["--metrics", "ndcg@10,coverage@5,auc", "--json"];
    let all = json(&scene.ok(&[&["evaluate", "run", "--full"], &metrics[..]].concat()));
    assert!(all["metrics"]["ndcg@10"].as_f64().unwrap() < 0.5, "{all}");
    assert!(
        all["metrics"]["coverage@5"].as_f64().unwrap() > 0.0 && all["metrics"]["auc"].is_null(),
        "{all}"
    );
}

#[test]
fn the_parts_of_a_split_come_from_a_file() {
    let scene = Scene::new();
    scene.ok(&[
        "prepare",
        "--data",
        "synthetic:500",
        "--protocol",
        "recbole",
        "--out",
        "a.store",
        "--split-to",
        "parts",
    ]);
    let parts = scene.text("parts");
    // The other way round: what trained is tested.
    let turned: String = parts
        .lines()
        .map(|part| match part {
            "train" => "test\n".to_owned(),
            "test" => "train\n".to_owned(),
            other => format!("{other}\n"),
        })
        .collect();
    scene.write("turned", &turned);
    let train = |out: &str| {
        scene.ok(&[
            "train",
            "--data",
            "synthetic:500",
            "--protocol",
            "recbole",
            "--split-file",
            "turned",
            "--epochs",
            "1",
            "--out",
            out,
        ])
    };
    train("run");
    let tested = parts.lines().filter(|part| *part == "train").count();
    let rows = |scene: &Scene| {
        json(&scene.ok(&["evaluate", "run", "--json"]))["rows"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(rows(&scene), tested as u64);
    scene.write("turned", turned.replacen("test", "none", 1));
    let error = scene.fails(&["evaluate", "run"], 1);
    assert!(
        error.contains("has changed since the split was made"),
        "{error}"
    );
}
