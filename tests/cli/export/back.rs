//! Out and in again: a model that went through a file of another program scores as before, and one in fewer bits nearly so.

use autoint::data::schema::Encoding;

use crate::scene::Scene;

/// The classes of the course's `label_encoders.pkl`: each field's values, in the order of their rows.
fn classes(scene: &Scene) -> String {
    let schema = scene.run("run").schema;
    let fields = schema.fields.iter().map(|field| {
        let Encoding::Vocabulary(vocabulary) = &field.encoding else {
            panic!("{} has no vocabulary", field.name);
        };
        (&field.name, vocabulary.texts().collect::<Vec<&str>>())
    });
    // In the order of the fields, which a map would not keep.
    let entry = |(name, texts): (&String, Vec<&str>)| {
        let texts = serde_json::to_string(&texts).unwrap();
        format!("{name:?}: {texts}")
    };
    let entries: Vec<String> = fields.map(entry).collect();
    format!("{{{}}}", entries.join(", "))
}

/// Rows whose values the model knows: those of the catalogue of the schema, one value further in each.
fn rows(scene: &Scene) -> String {
    let schema = scene.run("run").schema;
    let names = schema.field_names().join(",");
    let value = |row: usize, field: usize| {
        let Encoding::Vocabulary(vocabulary) = &schema.fields[field].encoding else {
            panic!("a vocabulary");
        };
        let code = (row * (field + 3)) % vocabulary.len() + 1;
        vocabulary.text(code as u32).unwrap().to_owned()
    };
    let row = |row: usize| {
        let values = (0..schema.fields.len()).map(|field| value(row, field));
        values.collect::<Vec<String>>().join(",")
    };
    let rows: Vec<String> = (0..300).map(row).collect();
    format!("{names}\n{}\n", rows.join("\n"))
}

fn predicted(scene: &Scene, run: &str) -> String {
    let file = format!("{run}.csv");
    scene.ok(&["predict", run, "--input", "rows.csv", "--output", &file]);
    scene.text(&file)
}

#[test]
fn keras_weights_come_back_bit_for_bit() {
    for options in [
        &["--model", "autoint"][..],
        &["--model", "autoint+"],
        &[
            "--model",
            "autoint+",
            "--set",
            "model.mlp.batch_norm=true",
            "--set",
            "model.interacting.heads=4",
            "--set",
            "model.interacting.width=64",
        ],
    ] {
        let preset = [
            "--preset",
            "course",
            "--set",
            "optimizer.learning_rate=0.01",
        ];
        let scene = Scene::trained(&[&preset, options].concat());
        scene.write("classes.json", classes(&scene));
        scene.write("rows.csv", rows(&scene));
        scene.ok(&[
            "export",
            "run",
            "--format",
            "keras",
            "--out",
            "model.weights.h5",
        ]);
        scene.ok(&[
            "import-keras",
            "model.weights.h5",
            "--classes",
            "classes.json",
            "--out",
            "back",
        ]);
        assert_eq!(
            predicted(&scene, "back"),
            predicted(&scene, "run"),
            "{options:?}"
        );
    }
}

#[test]
fn a_run_in_fewer_bits_is_smaller_and_nearly_as_good() {
    let scene = Scene::trained(&[]);
    let size = |run: &str| scene.read(&format!("{run}/model.safetensors")).len();
    let numbers = scene.run("run").parameters.tables.concat().len();
    // Of four bytes a number two are saved, or nearly three.
    let formats = [
        ("bf16", 19 * numbers / 10, 2e-2),
        ("int8", 23 * numbers / 10, 5e-2),
    ];
    for (bits, saved, apart) in formats {
        let said = scene.ok(&[
            "export",
            "run",
            "--format",
            "run",
            "--quantize",
            bits,
            "--out",
            bits,
        ]);
        assert!(said.contains("valid") && said.lines().count() > 4, "{said}");
        assert!(size("run") - size(bits) > saved, "{bits}: {}", size(bits));
        let (few, whole) = (scene.run(bits), scene.run("run"));
        assert_ne!(few.parameters.tables, whole.parameters.tables);
        let pairs = few
            .parameters
            .tables
            .concat()
            .into_iter()
            .zip(whole.parameters.tables.concat());
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < apart);
        // It is a run like any other, but for where it comes from.
        assert!(
            scene
                .ok(&["inspect", bits])
                .contains(&format!("kept as {bits}"))
        );
        scene.ok(&["evaluate", bits]);
        scene.ok(&["recommend", bits, "--user", "1"]);
        assert!(scene.fails(&["verify", bits], 1).contains("fewer bits"));
        scene.ok(&[
            "export",
            bits,
            "--format",
            "safetensors",
            "--quantize",
            bits,
            "--out",
            "x",
        ]);
    }
    let refused = scene.fails(
        &[
            "export",
            "run",
            "--format",
            "npy",
            "--quantize",
            "int8",
            "--out",
            "y",
        ],
        2,
    );
    assert!(refused.contains("--quantize"), "{refused}");
}
