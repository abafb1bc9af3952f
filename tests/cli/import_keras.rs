//! Keras weights taken in: the files of `tests/keras` (its script says how they were made), and the course projects' own where they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use autoint::run::Run;
use autoint::simd::Isa;
use serde::Deserialize;

use crate::scene::Scene;

/// Logits of f32 models by two programs.
const TOLERANCE: f64 = 1e-5;

/// What Keras computed.
#[derive(Deserialize)]
struct Golden {
    /// Codes, counted from 0.
    rows: Vec<Vec<usize>>,
    logits: Vec<f64>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keras")
}

fn file(name: &str) -> String {
    folder().join(name).to_str().unwrap().to_owned()
}

fn goldens() -> BTreeMap<String, Golden> {
    serde_json::from_slice(&fs::read(folder().join("golden.json")).unwrap()).unwrap()
}

/// The files that hold a whole model.
fn models() -> Vec<(String, Golden)> {
    let whole = |(name, _): &(String, Golden)| !name.starts_with("untracked");
    goldens().into_iter().filter(whole).collect()
}

fn import(scene: &Scene, weights: &str, more: &[&str]) -> String {
    let command = [
        "import-keras",
        weights,
        "--classes",
        &file("classes.json"),
        "--out",
        "run",
    ];
    scene.ok(&[&command, more].concat())
}

fn refused(scene: &Scene, weights: &str, more: &[&str]) -> String {
    let command = [
        "import-keras",
        weights,
        "--classes",
        &file("classes.json"),
        "--out",
        "run",
    ];
    let code = if more.contains(&"--heads") { 2 } else { 1 };
    let message = scene.fails(&[&command, more].concat(), code);
    assert!(!scene.path("run").exists(), "{message}");
    message
}

/// The largest difference of a run's logits from those of Keras, for rows of codes.
fn apart(scene: &Scene, run: &str, golden: &Golden) -> f64 {
    let classes: Vec<(String, Vec<String>)> = {
        let run = scene.run(run);
        let of = autoint::interop::import::classes::Classes::of_schema(&run.schema);
        of.unwrap().0
    };
    let names: Vec<&str> = classes.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = names.join(",") + "\n";
    for row in &golden.rows {
        let values = classes
            .iter()
            .zip(row)
            .map(|((_, texts), &code)| texts[code].as_str());
        text += &(values.collect::<Vec<_>>().join(",") + "\n");
    }
    scene.write("rows.csv", text);
    let told = scene.ok(&["predict", run, "--input", "rows.csv"]);
    let logits = told.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[2], "", "a value is unknown: {line}");
        cells[0].parse::<f64>().unwrap()
    });
    let logits: Vec<f64> = logits.collect();
    assert_eq!(logits.len(), golden.logits.len());
    let both = logits.iter().zip(&golden.logits);
    both.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn every_layout_of_keras_scores_as_keras_does() {
    let models = models();
    assert_eq!(models.len(), 6);
    for (name, golden) in models {
        let scene = Scene::new();
        let told = import(&scene, &file(&name), &[]);
        let layout = match &name {
            name if name.starts_with("keras2-") => "Keras 2,",
            name if name.starts_with("keras215-") => "Keras 2.15 (.weights.h5),",
            _ => "Keras 3,",
        };
        assert!(told.contains(layout), "{name}: {told}");
        assert!(
            told.contains("2 interacting layers of 2 heads x 4"),
            "{told}"
        );
        let normalised = name.contains("batch-norm");
        assert_eq!(told.contains("batch normalisation"), normalised, "{told}");
        let skipped = !name.starts_with("keras2-");
        assert_eq!(told.contains("optimizer"), skipped, "{name}: {told}");
        assert_eq!(
            told.contains("metrics"),
            name.starts_with("keras215-"),
            "{told}"
        );
        assert!(told.contains("the same command with --data"), "{told}");
        let apart = apart(&scene, "run", &golden);
        assert!(apart < TOLERANCE, "{name}: logits are {apart:e} apart");
        // They are large enough to tell a wrong part from rounding.
        assert!(golden.logits.iter().any(|z| z.abs() > 0.5), "{name}");
    }
}

#[test]
fn a_wrong_number_of_heads_gives_other_logits() {
    let (name, golden) = models().remove(0);
    let scene = Scene::new();
    import(&scene, &file(&name), &["--heads", "4"]);
    let apart = apart(&scene, "run", &golden);
    assert!(apart > 100.0 * TOLERANCE, "{apart:e}");
    let error = refused(&Scene::new(), &file(&name), &["--heads", "3"]);
    assert!(
        error.contains("divides the layers' width, which is 8"),
        "{error}"
    );
}

#[test]
fn a_model_whose_attention_was_never_saved_is_refused_with_the_reason() {
    let error = refused(&Scene::new(), &file("untracked.weights.h5"), &[]);
    assert!(error.contains("no attention weights at all"), "{error}");
    assert!(error.contains("Keras never tracked"), "{error}");
    assert!(
        error.contains("`autoInt_layer/final_layer/vars/0` [112, 1]"),
        "{error}"
    );
}

#[test]
fn weights_of_other_values_are_refused_by_name() {
    let scene = Scene::new();
    let mut classes = fs::read_to_string(folder().join("classes.json")).unwrap();
    classes = classes.replace("\"zip-0\", ", "");
    scene.write("fewer.json", &classes);
    let weights = file("keras3-plus.weights.h5");
    let command = [
        "import-keras",
        &weights,
        "--classes",
        "fewer.json",
        "--out",
        "run",
    ];
    let error = scene.fails(&command, 1);
    let difference =
        "embedding (`autoInt_layer/embedding/embedding/vars/0`): expected [32, 4], got [33, 4]";
    assert!(error.contains(difference), "{error}");

    let error = scene.fails(&["import-keras", &weights, "--out", "run"], 1);
    assert!(error.contains("--classes classes.json"), "{error}");
    let synthetic = [
        "import-keras",
        &weights,
        "--data",
        "synthetic:300",
        "--out",
        "run",
    ];
    assert!(scene.fails(&synthetic, 1).contains("expected ["), "{error}");
}

#[test]
fn counts_of_values_are_checked_when_they_are_given() {
    let scene = Scene::new();
    let npy = |numbers: &[i64]| {
        let header = format!(
            "{{'descr': '<i8', 'fortran_order': False, 'shape': ({},), }}\n",
            numbers.len()
        );
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        bytes
    };
    let mut dims = [3, 4, 2, 3, 2, 2, 1, 2, 2, 2, 2, 2, 3, 3];
    let weights = file("keras2-autoint.h5");
    scene.write("dims.npy", npy(&dims));
    import(&scene, &weights, &["--field-dims", "dims.npy"]);
    dims[1] = 5;
    let scene = Scene::new();
    scene.write("dims.npy", npy(&dims));
    let error = refused(&scene, &weights, &["--field-dims", "dims.npy"]);
    assert!(error.contains("movie_id 5 there and 4 here"), "{error}");
    scene.write("dims.npy", npy(&dims[..3]));
    let error = refused(&scene, &weights, &["--field-dims", "dims.npy"]);
    assert!(error.contains("3 fields, the model has 14"), "{error}");
}

#[test]
fn a_file_that_was_made_to_do_harm_is_refused() {
    let scene = Scene::new();
    for (name, what) in [
        ("circle.h5", "is part of itself or of two others"),
        ("claim.h5", "more bytes than the file has"),
        ("integers.h5", "expected 32-bit floats"),
    ] {
        let error = refused(&scene, &file(name), &[]);
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_file_that_is_cut_off_or_no_hdf5_is_refused() {
    let scene = Scene::new();
    for name in ["keras2-batch-norm.h5", "keras215-batch-norm.weights.h5"] {
        let whole = fs::read(folder().join(name)).unwrap();
        for end in [0, 7, 8, 100, 2_000, whole.len() / 2, whole.len() - 100] {
            scene.write("cut.h5", &whole[..end]);
            let error = refused(&scene, "cut.h5", &[]);
            let told = [
                "is no HDF5 file",
                "is damaged, cut off",
                "more bytes than the file has",
            ];
            assert!(
                told.iter().any(|what| error.contains(what)),
                "{end}: {error}"
            );
        }
    }
    let error = refused(&scene, &file("golden.json"), &[]);
    assert!(error.contains("is no HDF5 file"), "{error}");
    assert!(refused(&scene, "none.h5", &[]).contains("cannot read"));
    assert!(refused(&scene, ".", &[]).contains("no regular file"));
}

/// All that is done with a run is done with an imported one.
#[test]
fn an_imported_run_is_a_run() {
    let scene = Scene::new();
    import(
        &scene,
        &file("keras215-batch-norm.weights.h5"),
        &["--set", "model.mlp.dropout=0.2"],
    );
    assert!(scene.text("run/config.toml").contains("dropout = 0.2"));
    let told = scene.ok(&["inspect", "run"]);
    assert!(
        told.contains("imported     from") && told.contains("mlp.0.norm.variance"),
        "{told}"
    );
    for (command, what) in [
        (vec!["evaluate", "run"], "was imported without data"),
        (
            vec!["recommend", "run", "--user", "1"],
            "import it anew with --data",
        ),
        (vec!["verify", "run"], "another program trained"),
    ] {
        let error = scene.fails(&command, 1);
        assert!(error.contains(what), "{error}");
    }
    // Training goes on from it, with values that it has not seen.
    let on = [
        "train",
        "--from",
        "run",
        "--out",
        "on",
        "--data",
        "synthetic:400",
        "--epochs",
        "1",
    ];
    let told = scene.ok(&on);
    assert!(told.contains("user_id 3 + "), "{told}");
    let old = scene.run("run");
    let new = Run::open(&scene.path("on"), Isa::choose().unwrap(), 1).unwrap();
    assert_eq!(old.settings.model, new.settings.model);
    scene.ok(&["recommend", "on", "--user", "1"]);
    // On the data that it is imported with, no step is missing.
    let kept = ["evaluate", "run", "--data", "synthetic:400"];
    assert!(scene.ok(&kept).contains("test metrics, protocol course"));
}

/// The course projects' own files, in the folder that AUTOINT_KERAS names (with `golden.json`: what Keras computed), on MovieLens-1M.
#[test]
fn the_projects_own_files_score_as_theirs_and_have_their_published_metrics() {
    let folders = ["AUTOINT_KERAS", "AUTOINT_ML1M"].map(std::env::var);
    let [Ok(keras), Ok(data)] = folders else {
        eprintln!(
            "skipped: set AUTOINT_KERAS to the projects' weights and AUTOINT_ML1M to the ml-1m folder"
        );
        return;
    };
    let golden = fs::read(Path::new(&keras).join("golden.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
    let rows: Vec<Vec<usize>> = serde_json::from_value(golden["rows"].clone()).unwrap();
    // NDCG and HitRate as published, and how far ours may be: they differ in the fourth digit of the first, in the fifth of the second.
    let published = [
        (
            "legacy-keras2/autoInt_model_weights.h5",
            0.66209,
            0.63034,
            2e-4,
        ),
        (
            "legacy-keras2/autoIntMLP_model_weights.h5",
            0.67482,
            0.63843,
            5e-5,
        ),
    ];
    for (name, model) in golden["models"].as_object().unwrap() {
        let scene = Scene::new();
        let weights = Path::new(&keras).join(name);
        let dims = weights.with_file_name("field_dims.npy");
        let command = [
            "import-keras",
            weights.to_str().unwrap(),
            "--data",
            &data,
            "--field-dims",
            dims.to_str().unwrap(),
            "--out",
            "run",
        ];
        scene.ok(&command);
        let part = |of: &str| -> Vec<f64> { serde_json::from_value(model[of].clone()).unwrap() };
        let both = part("att_logit").into_iter().zip(part("dnn_logit"));
        let golden = Golden {
            rows: rows.clone(),
            logits: both.map(|(a, b)| a + b).collect(),
        };
        let apart = apart(&scene, "run", &golden);
        assert!(apart < TOLERANCE, "{name}: logits are {apart:e} apart");
        let measured: serde_json::Value =
            serde_json::from_slice(&scene.read("run/evaluation.json")).unwrap();
        for (_, ndcg, hits, tolerance) in published.iter().filter(|(of, ..)| of == name) {
            for (metric, theirs) in [("course_ndcg@10", ndcg), ("course_hitrate@10", hits)] {
                let ours = measured["metrics"][metric].as_f64().unwrap();
                assert!(
                    (ours - theirs).abs() < *tolerance,
                    "{name}: {metric} {ours}, published {theirs}"
                );
            }
        }
    }
}
