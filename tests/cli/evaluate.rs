use serde_json::Value;

use crate::scene::Scene;
use crate::train::tiny_movielens;

/// Those of protocol `recbole`.
const METRICS: [&str; 6] = ["auc", "gauc", "hit@10", "logloss", "ndcg@10", "recall@10"];

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn json_has_exactly_the_documented_keys() {
    let scene = Scene::trained(&["--protocol", "recbole", "--model", "autoint"]);
    let out = scene.ok(&["evaluate", "run", "--json"]);
    assert_eq!(out.lines().count(), 1);
    let json: Value = serde_json::from_str(&out).unwrap();
    let all = [
        "baselines",
        "metrics",
        "model",
        "protocol",
        "rows",
        "seconds",
        "split",
    ];
    assert_eq!(keys(&json), all);
    assert_eq!(json["protocol"], "recbole");
    assert_eq!(json["model"], "autoint");
    assert_eq!(json["split"], "test");
    assert_eq!(keys(&json["metrics"]), METRICS);
    let names = [
        "item_knn",
        "popularity",
        "positive_rate",
        "positive_rate_user_item",
        "random",
        "user_item_bias",
    ];
    assert_eq!(keys(&json["baselines"]), names);
    for name in names {
        assert_eq!(keys(&json["baselines"][name]), METRICS, "{name}");
    }
    assert!(json["metrics"]["logloss"].as_f64().unwrap() > 0.0);
    assert!(json["baselines"]["random"]["logloss"].is_null());
    assert!(json["seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn it_repeats_what_training_measured() {
    let scene = Scene::new();
    let trained = scene.train("run", &[]);
    let table = |text: &str| {
        text[text.find("test metrics").unwrap()..text.find("\nAUC of").unwrap()].to_owned()
    };
    assert_eq!(table(&scene.ok(&["evaluate", "run"])), table(&trained));
    for (split, rows) in [("train", 1440), ("valid", 160), ("test", 400)] {
        let out = scene.ok(&["evaluate", "run", "--split", split, "--threads", "1"]);
        assert!(
            out.starts_with(&format!("{split} metrics, protocol course, {rows} rows")),
            "{out}"
        );
    }
    // The validation rows' numbers are those of the epoch.
    let json: Value =
        serde_json::from_str(&scene.ok(&["evaluate", "run", "--split", "valid", "--json"]))
            .unwrap();
    let epoch: Value = serde_json::from_str(&scene.text("run/metrics.jsonl")).unwrap();
    assert_eq!(json["metrics"]["logloss"], epoch["valid_loss"]);
    assert_eq!(json["metrics"]["auc"], epoch["valid_auc"]);
}

#[test]
fn other_data_are_measured_and_said_to_be_others() {
    let scene = Scene::trained(&[]);
    let output = scene
        .command(&["evaluate", "run", "--data", "synthetic:3000"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("note: these are not the data of the training"),
        "{stderr}"
    );
    let json = scene
        .command(&["evaluate", "run", "--data", "synthetic:3000", "--json"])
        .output()
        .unwrap();
    serde_json::from_slice::<Value>(&json.stdout).unwrap();

    // A store of other data has other codes, so it cannot be used; one of the same data can.
    scene.ok(&[
        "prepare",
        "--data",
        "synthetic:3000",
        "--out",
        "other.store",
    ]);
    let message = scene.fails(&["evaluate", "run", "--data", "other.store"], 1);
    assert!(message.contains("another schema"), "{message}");
    scene.ok(&["prepare", "--data", "synthetic:2000", "--out", "same.store"]);
    scene.ok(&["evaluate", "run", "--data", "same.store"]);
}

#[test]
fn data_that_moved_are_asked_for() {
    let scene = Scene::new();
    tiny_movielens(&scene, "here");
    scene.ok(&["train", "--data", "here", "--epochs", "1", "--out", "run"]);
    std::fs::rename(scene.path("here"), scene.path("there")).unwrap();
    let message = scene.fails(&["evaluate", "run"], 1);
    assert!(
        message.contains("here: ") && message.contains("--data"),
        "{message}"
    );
    scene.ok(&["evaluate", "run", "--data", "there"]);
}

#[test]
fn inspect_shows_fields_tensors_and_where_all_came_from() {
    let scene = Scene::trained(&["--protocol", "paper"]);
    let out = scene.ok(&["inspect", "run"]);
    let fingerprint = scene.run("run").provenance.fingerprint;
    for text in [
        "autoint+, preset autoint",
        "protocol     paper",
        "synthetic:2000",
        &fingerprint,
        "best epoch   1",
        "multi-valued",
        "numeric",
        "embedding.zip",
        "interacting.0.query",
        "mlp.output.weight",
        "parameters in all",
        "[train]",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let json: Value = serde_json::from_str(&scene.ok(&["inspect", "run", "--json"])).unwrap();
    assert_eq!(
        keys(&json),
        [
            "data",
            "fields",
            "parameters",
            "protocol",
            "settings",
            "tensors"
        ]
    );
    let counts = json["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["parameters"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), json["parameters"].as_u64().unwrap());
    assert_eq!(json["data"]["best_epoch"], 1);
    assert_eq!(json["fields"].as_array().unwrap().len(), 7);
}
