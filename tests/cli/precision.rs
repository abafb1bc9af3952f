//! `--precision`: of a training, and of what is done with its run.

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
    says_so_and_is_used_in("bf16");
}

#[test]
fn so_does_one_in_tiles() {
    says_so_and_is_used_in("amx-bf16");
}

fn says_so_and_is_used_in(precision: &str) {
    let scene = Scene::new();
    let trained = scene.train("run", &["--protocol", "paper", "--precision", precision]);
    let products = format!("products in {precision}");
    assert!(trained.contains(&format!(", {products}")), "{trained}");
    let config = scene.text("run/config.toml");
    let line = format!("precision = \"{precision}\"");
    assert!(config.contains(&line), "{config}");
    let line = format!("precision    {precision}\n");
    assert!(said(&scene, &["inspect", "run"])[0].contains(&line));
    // What was measured at the end of the training is measured again, digit by digit.
    let [again, note] = said(&scene, &["evaluate", "run"]);
    assert!(note.contains(&products), "{note}");
    assert_eq!(metrics(&again), metrics(&trained));
    scene.write("rows.csv", csv(&COLUMNS));
    let rows = |precision: &[&str]| {
        let arguments = [&["predict", "run", "--input", "rows.csv"], precision].concat();
        said(&scene, &arguments)[0].clone()
    };
    assert_eq!(rows(&[]), rows(&["--precision", precision]));
    assert_ne!(rows(&[]), rows(&["--precision", "f32"]));
    // It was trained in this precision, and so is what is trained to verify it.
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
    for precision in ["bf16", "amx-bf16"] {
        let note = told(precision);
        let products = format!("note: products in {precision}");
        assert!(note.contains(&products), "{note}");
    }
    assert!(!told("f32").contains("products"));
    let refused = scene.command(&["evaluate", "run", "--precision", "half"]);
    let refused = { refused }.assert().code(2);
    let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(error.contains("f32, bf16, amx-bf16"), "{error}");
}
