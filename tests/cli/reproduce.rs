//! The same seed, data and instruction set give the same model, bit for bit.

use crate::scene::Scene;

fn weights(scene: &Scene, run: &str) -> Vec<u8> {
    scene.read(&format!("{run}/model.safetensors"))
}

#[test]
fn a_seed_is_a_model_and_threads_do_not_matter() {
    let scene = Scene::trained(&["--threads", "1"]);
    scene.train("again", &["--threads", "1"]);
    scene.train("two", &["--threads", "2"]);
    scene.train("seed", &["--seed", "2"]);
    let model = weights(&scene, "run");
    assert!(weights(&scene, "again") == model, "the same seed twice");
    assert!(weights(&scene, "two") == model, "with two threads");
    assert!(weights(&scene, "seed") != model, "with another seed");
    for file in ["config.toml", "schema.json", "data.json"] {
        let read = |run: &str| scene.text(&format!("{run}/{file}"));
        assert_eq!(read("run"), read("two"));
    }
}

#[test]
fn prepared_data_give_the_model_of_the_raw_data() {
    for protocol in ["course", "recbole", "paper"] {
        let scene = Scene::trained(&["--protocol", protocol]);
        let prepare = [
            "prepare",
            "--data",
            "synthetic:2000",
            "--protocol",
            protocol,
            "--out",
            "data.store",
        ];
        scene.ok(&prepare);
        scene.ok(&[
            "train",
            "--data",
            "data.store",
            "--epochs",
            "1",
            "--out",
            "stored",
        ]);
        assert!(
            weights(&scene, "stored") == weights(&scene, "run"),
            "{protocol}"
        );
        assert_eq!(
            scene.text("stored/schema.json"),
            scene.text("run/schema.json")
        );
    }
}
