//! `autoint verify`

use autoint::simd::Isa;

use crate::scene::Scene;

const OPTIONS: [&str; 4] = ["--batch-size", "256", "--threads", "1"];

/// Makes the run's settings those of another model.
fn reseed(scene: &Scene) {
    let config = scene.text("run/config.toml");
    let other = config.replace("seed = 1", "seed = 2");
    assert_ne!(other, config);
    scene.write("run/config.toml", other);
    scene.reseal("run");
}

#[test]
fn a_run_is_made_again_from_what_it_recorded() {
    let scene = Scene::trained(&OPTIONS);
    let files = scene.names("run");
    let out = scene.ok(&["verify", "run", "--threads", "2"]);
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("verified: run, trained anew with "),
        "{last}"
    );
    assert_eq!(scene.names("run"), files);
    assert_eq!(scene.names(""), ["run"]);
}

#[test]
fn weights_of_rows_are_recorded_too() {
    let scene = Scene::trained(&["--weight-column", "rating"]);
    assert!(
        scene
            .text("run/schema.json")
            .contains("\"weight\": \"rating\"")
    );
    scene.ok(&["verify", "run"]);
    scene.ok(&["evaluate", "run"]);
    let data = ["--data", "synthetic:2000"];
    scene.ok(&[
        &["prepare", "--weight-column", "rating", "--out", "a.store"],
        &data[..],
    ]
    .concat());
    scene.ok(&[
        "train", "--data", "a.store", "--epochs", "1", "--out", "stored",
    ]);
    assert_eq!(
        scene.read("run/model.safetensors"),
        scene.read("stored/model.safetensors")
    );
    let other = ["train", "--data", "a.store", "--weight-column", "age"];
    let message = scene.fails(&other, 2);
    assert!(message.contains("was prepared with `rating`"), "{message}");
}

#[test]
fn another_model_is_found_out() {
    let scene = Scene::trained(&OPTIONS);
    // One bit of one weight.
    let good = scene.read("run/model.safetensors");
    let mut model = good.clone();
    let last = model.len() - 4;
    model[last] ^= 1;
    scene.write("run/model.safetensors", model);
    scene.reseal("run");
    let message = scene.fails(&["verify", "run"], 1);
    assert!(message.contains("has other weights"), "{message}");
    scene.write("run/model.safetensors", good);
    scene.reseal("run");
    scene.ok(&["verify", "run"]);
    reseed(&scene);
    let message = scene.fails(&["verify", "run"], 1);
    assert!(
        message.contains("tensor `embedding.user_id` is the first"),
        "{message}"
    );
}

#[test]
fn other_data_are_refused_before_any_training() {
    let scene = Scene::trained(&OPTIONS);
    let message = scene.fails(&["verify", "run", "--data", "synthetic:2001"], 1);
    assert!(message.contains("fingerprint"), "{message}");
    scene.ok(&["verify", "run", "--data", "synthetic:2000"]);
}

#[test]
fn on_another_instruction_set_metrics_are_compared() {
    if Isa::choose().unwrap().name() == "scalar" {
        eprintln!("skipped: this machine has one instruction set");
        return;
    }
    let scene = Scene::trained(&OPTIONS);
    let verify = || {
        let mut command = scene.command(&["verify", "run"]);
        command.env("AUTOINT_ISA", "scalar").output().unwrap()
    };
    let output = verify();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    assert!(out.contains("bits are only promised for the same instruction set"));
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("verified within 1e-4: "), "{last}");
    reseed(&scene);
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("more than 1e-4"), "{message}");
}
