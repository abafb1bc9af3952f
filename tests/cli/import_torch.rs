//! PyTorch's weights taken in, by the ready maps: the files of `tests/torch` (its script says how they were made).

use std::path::Path;

use autoint::data::schema::Encoding;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;

use crate::scene::Scene;

const TOLERANCE: f64 = 1e-5;

const SCHEMA: &str = r#"
name = "shop"
[label]
column = "click"
[[field]]
name = "user"
kind = "categorical"
[[field]]
name = "user_kind"
kind = "categorical"
[[field]]
name = "item"
kind = "categorical"
"#;

fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(name).to_str().unwrap().to_owned()
}

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(file("tests/torch/golden.json")).unwrap()).unwrap()
}

/// A folder with a schema and its values.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("shop.toml", SCHEMA);
    // In the order of the schema, which an object of this library's does not keep.
    let values = |field: &str| format!("\"{field}\": {}", golden()["values"][field]);
    let classes = ["user", "user_kind", "item"].map(values).join(", ");
    scene.write("classes.json", format!("{{{classes}}}"));
    scene
}

/// The command for a file of `tests/torch`, or one in the scene.
fn import(library: &str, weights: &str, more: &[&str]) -> Vec<String> {
    let map = file(&format!("data/torch/{library}.toml"));
    let words = [
        "import-torch",
        weights,
        "--map",
        &map,
        "--schema",
        "shop.toml",
        "--out",
        "run",
    ];
    words
        .iter()
        .chain(more)
        .map(|&word| word.to_owned())
        .collect()
}

fn ok(scene: &Scene, command: &[String]) -> String {
    scene.ok(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

fn refused(scene: &Scene, command: &[String], code: i32) -> String {
    let message = scene.fails(
        &command.iter().map(String::as_str).collect::<Vec<_>>(),
        code,
    );
    assert!(!scene.path("run").exists(), "{message}");
    message
}

const GIVEN: [&str; 4] = ["--classes", "classes.json", "--heads", "2"];

fn weights(library: &str) -> String {
    file(&format!("tests/torch/{library}.safetensors"))
}

/// The largest difference of a run's logits from those of the script.
fn apart(scene: &Scene, library: &str) -> f64 {
    let golden = golden();
    let run = scene.run("run");
    let mut text = "user,user_kind,item\n".to_owned();
    for row in golden[library]["rows"].as_array().unwrap() {
        let codes = row.as_array().unwrap().iter().zip(&run.schema.fields);
        let values = codes.map(|(code, field)| match &field.encoding {
            Encoding::Vocabulary(known) => {
                let code = code.as_i64().unwrap() + 1;
                known.text(code as u32).unwrap_or("never seen")
            }
            _ => panic!("no vocabulary"),
        });
        text += &(values.collect::<Vec<_>>().join(",") + "\n");
    }
    scene.write("rows.csv", text);
    let told = scene.ok(&["predict", "run", "--input", "rows.csv"]);
    let ours = told
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse::<f64>().unwrap());
    let ours: Vec<f64> = ours.collect();
    let theirs = golden[library]["logits"].as_array().unwrap();
    assert_eq!(ours.len(), theirs.len());
    let both = ours.iter().zip(theirs);
    both.map(|(a, b)| (a - b.as_f64().unwrap()).abs())
        .fold(0.0, f64::max)
}

/// A file of `tests/torch` with its tensors changed.
fn changed(scene: &Scene, library: &str, change: impl Fn(&mut Vec<(String, Vec<usize>, Vec<u8>)>)) {
    let bytes = std::fs::read(weights(library)).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut all: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, view)| (name.to_owned(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    change(&mut all);
    let views = all.iter().map(|(name, shape, bytes)| {
        (
            name.as_str(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    scene.write(
        "changed.safetensors",
        safetensors::serialize(views, None).unwrap(),
    );
}

#[test]
fn the_libraries_models_score_as_their_forward_does() {
    for library in ["fuxictr", "deepctr-torch"] {
        let scene = scene();
        let told = ok(&scene, &import(library, &weights(library), &GIVEN));
        assert!(
            told.contains("PyTorch") && told.contains("MLP 6-5"),
            "{told}"
        );
        let apart = apart(&scene, library);
        assert!(apart < TOLERANCE, "{library}: logits are {apart:e} apart");
        let config = scene.text("run/config.toml");
        let linear = config.contains("linear = false");
        assert_eq!(linear, library == "deepctr-torch", "{config}");
    }
}

#[test]
fn scaled_scores_are_a_setting_that_no_weight_tells() {
    let scene = scene();
    let more = [
        &GIVEN[..],
        &["--set", "model.interacting.scale_scores=true"],
    ]
    .concat();
    ok(&scene, &import("fuxictr", &weights("fuxictr"), &more));
    assert!(apart(&scene, "fuxictr") > 1e-3);
}

#[test]
fn what_is_needed_is_said() {
    let scene = scene();
    let of = |library, more: &[&str]| import(library, &weights(library), more);
    let error = refused(&scene, &of("fuxictr", &["--heads", "2"]), 1);
    assert!(error.contains("give --classes"), "{error}");
    let error = refused(&scene, &of("deepctr-torch", &["--heads", "2"]), 1);
    assert!(
        error.contains("give --classes") && error.contains("--data"),
        "{error}"
    );
    let error = refused(&scene, &of("deepctr-torch", &GIVEN[..2]), 2);
    assert!(error.contains("`--heads`: is needed"), "{error}");
}

#[test]
fn what_is_none_of_our_models_is_refused_with_the_reason() {
    let scene = scene();
    let add = |name: &str| (name.to_owned(), vec![2], vec![0; 8]);
    let command = |library| import(library, "changed.safetensors", &GIVEN);
    changed(&scene, "fuxictr", |all| {
        all.push(add("self_attention.0.layer_norm.weight"))
    });
    let error = refused(&scene, &command("fuxictr"), 1);
    assert!(error.contains("before the ReLU, ours behind it"), "{error}");
    changed(&scene, "deepctr-torch", |all| {
        all.push(add("dnn.bn.0.running_mean"))
    });
    let error = refused(&scene, &command("deepctr-torch"), 1);
    assert!(error.contains("dnn_use_bn"), "{error}");

    changed(&scene, "deepctr-torch", |all| {
        all.retain(|(name, ..)| name != "int_layers.1.W_key");
        all.push(add("more"));
        all.retain(|(name, ..)| name != "dnn.linears.1.bias");
        all.push(add("dnn.linears.1.bias"));
    });
    let error = refused(&scene, &command("deepctr-torch"), 1);
    for part in [
        "interacting.1.key [4, 4] is missing",
        "`more` [2] belongs to no part of the model",
        "mlp.1.bias (`dnn.linears.1.bias`): expected [5], got [2]",
    ] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    scene.write("changed.safetensors", "no weights");
    let error = refused(&scene, &command("deepctr-torch"), 1);
    assert!(error.contains("is no whole safetensors file"), "{error}");
}

#[test]
fn values_may_come_from_the_data() {
    let scene = scene();
    // Sorted as the golden's are not: the run still scores, by its own values.
    let mut rows = "user,user_kind,item,click\n".to_owned();
    for row in 0..60 {
        rows += &format!(
            "u{},{},i{},{}\n",
            1 + row % 3,
            ["a", "b"][row % 2],
            1 + row % 4,
            row % 5 / 3
        );
    }
    scene.write("log.csv", rows);
    let more = ["--data", "log.csv", "--heads", "2"];
    let told = ok(
        &scene,
        &import("deepctr-torch", &weights("deepctr-torch"), &more),
    );
    assert!(told.contains("test metrics, protocol shop"), "{told}");
    scene.ok(&["evaluate", "run"]);
    scene.ok(&[
        "train", "--from", "run", "--data", "log.csv", "--epochs", "1", "--out", "on",
    ]);
}
