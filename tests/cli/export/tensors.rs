//! Weights as tensors, and embedding rows, read by NumPy, safetensors, pyarrow and Keras.

use std::path::Path;

use autoint::autograd::Parameters;
use autoint::data::batch::FieldBatch;
use autoint::data::encode::rows::encode_rows;
use autoint::run::weights;
use serde_json::json;

use super::onnx::{columns, synthetic};
use super::python::Python;
use crate::scene::Scene;

fn export(scene: &Scene, run: &str, format: &str, out: &str) {
    let said = scene.ok(&["export", run, "--format", format, "--out", out]);
    assert_eq!(said, format!("{out}\n"));
}

#[test]
fn exported_safetensors_are_the_runs_weights_bit_for_bit() {
    let scene = Scene::trained(&["--protocol", "paper", "--preset", "authors"]);
    export(&scene, "run", "safetensors", "model.safetensors");
    let run = scene.run("run");
    let (layout, bytes) = (run.runtime.tape().layout(), scene.read("model.safetensors"));
    let read = weights::from_bytes(layout, &run.schema, &bytes, Path::new("w")).unwrap();
    assert_eq!(read, run.parameters);
    assert_ne!(read, Parameters::zeros(layout));
}

#[test]
fn every_tensor_is_a_file_that_holds_its_numbers() {
    let scene = Scene::trained(&["--set", "model.mlp.batch_norm=true"]);
    export(&scene, "run", "npy", "tensors");
    let run = scene.run("run");
    let tensors = weights::tensors(run.runtime.tape().layout(), &run.schema);
    assert_eq!(scene.names("tensors").len(), tensors.len() + 1);
    for tensor in &tensors {
        let file = scene.read(&format!("tensors/{}.npy", tensor.name));
        let numbers = tensor.values(&run.parameters).iter();
        let bytes: Vec<u8> = numbers.flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(&file[file.len() - bytes.len()..], bytes, "{}", tensor.name);
    }
    // A folder that is there is never written over.
    let again = ["export", "run", "--format", "npy", "--out", "tensors"];
    assert!(scene.fails(&again, 1).contains("is there already"));
}

#[test]
fn other_programs_read_the_same_numbers_from_every_format() {
    let Some(python) = Python::find() else {
        return;
    };
    let scene = Scene::trained(&["--protocol", "paper"]);
    let outs = [
        ("npy", "tensors"),
        ("safetensors", "m.safetensors"),
        ("csv", "rows.csv"),
        ("parquet", "rows.parquet"),
    ];
    for (format, out) in outs {
        export(&scene, "run", format, out);
    }
    let paths = outs.map(|(_, out)| scene.path(out));
    let said = python.ok(
        "check_tensors.py",
        &paths.each_ref().map(|path| path.as_path()),
    );
    assert!(said.contains(" tensors, "), "{said}");
}

/// What `check_keras.py` has to know of a run, and the encoded rows: their codes begin with 0.
fn spec(scene: &Scene, run: &str, rows: &str) -> String {
    let run = scene.run(run);
    let (header, rows) = columns(rows);
    let (batch, unknown) = encode_rows(&run.schema, &header, &rows).unwrap();
    assert!(unknown.iter().all(Vec::is_empty));
    let codes = |row: usize| -> Vec<u32> {
        let fields = batch.fields.iter().zip(run.schema.offsets());
        let code = |(field, offset): (&FieldBatch, usize)| match field {
            FieldBatch::One { ids } => ids[row] - offset as u32 - 1,
            other => panic!("{other:?}"),
        };
        fields.map(code).collect()
    };
    let model = &run.settings.model;
    let interacting = model.interacting.as_ref().unwrap();
    let fields = run.schema.fields.iter();
    json!({
        "field_dims": fields.map(|f| f.encoding.cardinality().unwrap()).collect::<Vec<_>>(),
        "embedding": model.embedding.dim,
        "heads": interacting.heads,
        "layers": interacting.layers,
        "hidden": model.mlp.as_ref().map(|mlp| mlp.hidden.clone()),
        "batch_norm": model.mlp.as_ref().is_some_and(|mlp| mlp.batch_norm),
        "rows": (0..rows.len()).map(codes).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The rows that were trained on: all their values are known.
fn known(scene: &Scene, run: &str) -> String {
    let run = scene.run(run);
    let text = synthetic();
    let (header, rows) = columns(&text);
    let (_, unknown) = encode_rows(&run.schema, &header, &rows).unwrap();
    let mut lines = text.lines();
    let mut kept = vec![lines.next().unwrap()];
    let rows = lines.zip(unknown).filter(|(_, unknown)| unknown.is_empty());
    kept.extend(rows.map(|(line, _)| line));
    assert!(kept.len() > 1000);
    kept.join("\n") + "\n"
}

#[test]
fn keras_loads_the_weights_and_gives_the_same_logits() {
    let Some(python) = Python::find() else {
        return;
    };
    let scene = Scene::new();
    let models: [&[&str]; 3] = [
        &["--preset", "course", "--model", "autoint"],
        &["--preset", "course", "--set", "model.mlp.batch_norm=true"],
        // More layers than a symbol table node of HDF5 holds, in another order than their numbers'.
        &[
            "--preset",
            "course",
            "--set",
            "model.mlp.hidden=[9,8,7,6,5,4,9,8,7,6,5,4]",
            "--set",
            "model.interacting.layers=11",
        ],
    ];
    for (number, options) in models.iter().enumerate() {
        let run = format!("run{number}");
        // The template's own start is so small that after one epoch every logit is nearly 0.
        let large = [
            "--set",
            "model.embedding.init=normal(0.5)",
            "--set",
            "model.interacting.init=glorot",
            "--set",
            "model.interacting.head.init=glorot",
            "--set",
            "model.mlp.init=glorot",
        ];
        let of_mlp = if number == 0 { 6 } else { 8 };
        scene.train(&run, &[options, &large[..of_mlp]].concat());
        scene.write("rows.csv", known(&scene, &run));
        scene.ok(&[
            "predict",
            &run,
            "--input",
            "rows.csv",
            "--output",
            "predicted.csv",
        ]);
        scene.write("spec.json", spec(&scene, &run, &scene.text("rows.csv")));
        export(&scene, &run, "keras", "model.weights.h5");
        let paths = ["model.weights.h5", "spec.json", "predicted.csv"].map(|name| scene.path(name));
        let said = python.ok(
            "check_keras.py",
            &paths.each_ref().map(|path| path.as_path()),
        );
        eprintln!("{options:?} {said}");
    }
}

#[test]
fn the_readmes_pytorch_model_gives_the_same_logits() {
    let Some(python) = Python::find() else {
        return;
    };
    let scene = Scene::trained(&[]);
    scene.write("rows.csv", known(&scene, "run"));
    scene.ok(&[
        "predict",
        "run",
        "--input",
        "rows.csv",
        "--output",
        "predicted.csv",
    ]);
    scene.write("spec.json", spec(&scene, "run", &scene.text("rows.csv")));
    export(&scene, "run", "safetensors", "model.safetensors");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let paths = ["model.safetensors", "spec.json", "predicted.csv"].map(|name| scene.path(name));
    let [weights, spec, predicted] = paths.each_ref().map(|path| path.as_path());
    let said = python.ok("check_torch.py", &[&readme, weights, spec, predicted]);
    eprintln!("{said}");
}

#[test]
fn what_the_courses_model_cannot_be_is_refused_with_the_reason() {
    let scene = Scene::new();
    let refused = |options: &[&str], reason: &str| {
        scene.ok(&[
            &[
                "train",
                "--force",
                "--out",
                "run",
                "--data",
                "synthetic:2000",
                "--epochs",
                "1",
            ],
            options,
        ]
        .concat());
        let export = [
            "export",
            "run",
            "--format",
            "keras",
            "--out",
            "a.weights.h5",
        ];
        let message = scene.fails(&export, 1);
        assert!(message.contains(reason), "{message}");
        assert!(!scene.path("a.weights.h5").exists());
    };
    refused(&[], "the linear part");
    refused(&["--model", "mlp"], "a model without interacting layers");
    refused(
        &["--preset", "course", "--protocol", "paper"],
        "field `timestamp`",
    );
    refused(
        &["--preset", "course", "--set", "model.interacting.width=16"],
        "2 heads of 8 numbers, expected 16",
    );
    refused(
        &[
            "--preset",
            "course",
            "--set",
            "model.interacting.scale_scores=true",
        ],
        "scaled scores",
    );
    scene.ok(&[
        "train",
        "--force",
        "--out",
        "run",
        "--preset",
        "course",
        "--data",
        "synthetic:2000",
        "--epochs",
        "1",
    ]);
    let wrong = ["export", "run", "--format", "keras", "--out", "a.h5"];
    assert!(scene.fails(&wrong, 1).contains(".weights.h5"));
}
