//! Files of a run that were changed after training.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::scene::Scene;

/// Every command that opens a run refuses it with the name of a file.
fn refused(scene: &Scene, file: &str) {
    scene.write("rows.csv", "user_id\n1\n");
    for command in [
        &["evaluate", "run"][..],
        &["inspect", "run"],
        &["verify", "run"],
        &["predict", "run", "--input", "rows.csv"],
    ] {
        let message = scene.fails(command, 1);
        assert!(message.contains(&format!("run/{file}: ")), "{message}");
    }
}

fn edit(scene: &Scene, file: &str, old: &str, new: &str) {
    let name = format!("run/{file}");
    let text = scene.text(&name);
    assert!(text.contains(old), "{old}");
    scene.write(&name, text.replacen(old, new, 1));
}

#[test]
fn a_byte_of_the_weights() {
    let scene = Scene::trained(&[]);
    let mut weights = scene.read("run/model.safetensors");
    let last = weights.len() - 1;
    weights[last - 2] ^= 1;
    scene.write("run/model.safetensors", weights);
    refused(&scene, "model.safetensors");
}

#[test]
fn weights_of_another_run_of_the_same_form() {
    let scene = Scene::trained(&[]);
    scene.train("other", &["--seed", "2"]);
    scene.write(
        "run/model.safetensors",
        scene.read("other/model.safetensors"),
    );
    refused(&scene, "model.safetensors");
}

#[test]
fn a_text_of_a_vocabulary() {
    let scene = Scene::trained(&["--protocol", "paper"]);
    edit(&scene, "schema.json", "\"F\"", "\"G\"");
    refused(&scene, "schema.json");
}

#[test]
fn settings_that_fit_the_weights_and_give_other_predictions() {
    for (old, new) in [
        ("heads = 2", "heads = 4"),
        ("scale_scores = true", "scale_scores = false"),
    ] {
        let scene = Scene::trained(&[]);
        edit(&scene, "config.toml", old, new);
        refused(&scene, "config.toml");
    }
}

#[test]
fn what_the_run_tells_of_itself() {
    let scene = Scene::trained(&[]);
    edit(
        &scene,
        "data.json",
        "\"best_epoch\": 1",
        "\"best_epoch\": 2",
    );
    refused(&scene, "data.json");
    // Other spaces and another order of keys say the same.
    let scene = Scene::trained(&[]);
    let data: Value = serde_json::from_str(&scene.text("run/data.json")).unwrap();
    scene.write("run/data.json", data.to_string());
    scene.ok(&["inspect", "run"]);
}

#[test]
fn the_hashes_are_those_that_anyone_computes() {
    let scene = Scene::trained(&[]);
    let data: Value = serde_json::from_str(&scene.text("run/data.json")).unwrap();
    let hashes = data["sha256"].as_object().unwrap();
    let names: Vec<&String> = hashes.keys().collect();
    assert_eq!(
        names,
        [
            "catalogue.bin",
            "config.toml",
            "data.json",
            "distribution.json",
            "model.safetensors",
            "schema.json"
        ]
    );
    for file in ["config.toml", "model.safetensors", "schema.json"] {
        let digest = Sha256::digest(scene.read(&format!("run/{file}")));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hashes[file], hex, "{file}");
    }
    let before = scene.text("run/data.json");
    scene.reseal("run");
    assert_eq!(scene.text("run/data.json"), before);
}

#[test]
fn a_preset_that_is_none_is_refused_also_where_the_hashes_are_right() {
    let scene = Scene::trained(&[]);
    edit(
        &scene,
        "config.toml",
        "preset = \"autoint\"",
        "preset = \"aupoint\"",
    );
    refused(&scene, "config.toml");
    scene.reseal("run");
    let message = scene.fails(&["inspect", "run"], 1);
    assert!(
        message.contains("run/config.toml: ") && message.contains("aupoint"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn the_schema_of_a_run_that_was_stopped() {
    let scene = Scene::new();
    let options = ["--data", "synthetic:2000", "--protocol", "paper"];
    let training = scene.endless(&options, 1);
    training.signal("-KILL");
    training.ended();
    assert!(!scene.path("run/data.json").exists());
    edit(&scene, "schema.json", "\"F\"", "\"G\"");
    let message = scene.fails(&["train", "--resume", "run"], 1);
    assert!(message.contains("run/schema.json: "), "{message}");
}
