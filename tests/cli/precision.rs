//! `--precision bf16`: of a training, and of what is done with its run.

use crate::predict::{COLUMNS, csv};
use crate::scene::Scene;

/// The test metrics in what a command says.
fn metrics(text: &str) -> &str {
    &text[text.find("test metrics").unwrap()..text.find("\nAUC of").unwrap()]
}

/// Standard output, and standard error.
fn said(scene: &Scene, arguments: &[&str]) -> [String; 2] {
    let output = scene.command(arguments).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{arguments:?}: {err}");
    [out, err]
}

#[test]
fn a_training_in_bf16_says_so_and_its_run_is_used_in_it() {
    let scene = Scene::new();
    let trained = scene.train("run", &["--protocol", "paper", "--precision", "bf16"]);
    assert!(trained.contains(", products in bf16"), "{trained}");
    let config = scene.text("run/config.toml");
    assert!(config.contains("precision = \"bf16\""), "{config}");
    assert!(said(&scene, &["inspect", "run"])[0].contains("precision    bf16\n"));
    // What was measured at the end of the training is measured again, digit by digit.
    let [again, note] = said(&scene, &["evaluate", "run"]);
    assert!(note.contains("products in bf16"), "{note}");
    assert_eq!(metrics(&again), metrics(&trained));
    scene.write("rows.csv", csv(&COLUMNS));
    let rows = |precision: &[&str]| {
        let arguments = [&["predict", "run", "--input", "rows.csv"], precision].concat();
        said(&scene, &arguments)[0].clone()
    };
    assert_eq!(rows(&[]), rows(&["--precision", "bf16"]));
    assert_ne!(rows(&[]), rows(&["--precision", "f32"]));
    // It was trained in bf16, and so is what is trained to verify it.
    let [verified, _] = said(&scene, &["verify", "run"]);
    assert!(verified.contains("has the same weights"), "{verified}");
}

#[test]
fn bf16_is_told_and_f32_is_not() {
    let scene = Scene::trained(&[]);
    assert!(!scene.text("run/config.toml").contains("precision"));
    let told = |precision: &str| {
        let [_, note] = said(&scene, &["evaluate", "run", "--precision", precision]);
        note
    };
    let bf16 = told("bf16");
    assert!(bf16.contains("note: products in bf16"), "{bf16}");
    assert!(!told("f32").contains("products"));
    let refused = scene.command(&["evaluate", "run", "--precision", "half"]);
    let refused = { refused }.assert().code(2);
    let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(error.contains("f32, bf16"), "{error}");
}
