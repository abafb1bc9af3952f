//! Damaged run directories are refused by the name of what is damaged; nothing panics.

use crate::scene::Scene;

const FILES: [&str; 4] = [
    "config.toml",
    "schema.json",
    "data.json",
    "model.safetensors",
];

fn commands() -> [Vec<&'static str>; 3] {
    [
        vec!["evaluate", "run"],
        vec!["inspect", "run"],
        vec!["predict", "run", "--input", "rows.csv"],
    ]
}

#[test]
fn a_missing_file_is_named() {
    let scene = Scene::trained(&["--protocol", "recbole"]);
    for file in FILES {
        let name = format!("run/{file}");
        let content = scene.read(&name);
        std::fs::remove_file(scene.path(&name)).unwrap();
        for command in commands() {
            let message = scene.fails(&command, 1);
            assert!(message.contains(file), "{message}");
        }
        scene.write(&name, content);
    }
    // These two are for people.
    std::fs::remove_file(scene.path("run/metrics.jsonl")).unwrap();
    std::fs::remove_file(scene.path("run/report.html")).unwrap();
    scene.ok(&["evaluate", "run"]);
}

#[test]
fn a_truncated_or_foreign_file_is_named() {
    let scene = Scene::trained(&["--protocol", "recbole"]);
    for file in FILES {
        let name = format!("run/{file}");
        let content = scene.read(&name);
        let long = content.len();
        // The last byte of a TOML file is a line end that it can do without.
        let ends = [
            0,
            1,
            9,
            long / 3,
            long / 2,
            long - 1 - usize::from(file == "config.toml") * 8,
        ];
        for end in ends {
            scene.write(&name, &content[..end]);
            let message = scene.fails(&["inspect", "run"], 1);
            assert!(message.contains(file), "{end}: {message}");
        }
        for foreign in [&b"\xff\xfe\x00"[..], b"{}", b"[]", b"a = 1"] {
            scene.write(&name, foreign);
            let message = scene.fails(&["inspect", "run"], 1);
            assert!(message.contains(file), "{message}");
        }
        scene.write(&name, content);
    }
    scene.ok(&["inspect", "run"]);
}

#[test]
fn files_of_another_run_do_not_fit() {
    let scene = Scene::trained(&["--protocol", "recbole"]);
    scene.train(
        "other",
        &["--protocol", "course", "--layers", "1", "--embed-dim", "8"],
    );
    for file in ["config.toml", "schema.json", "model.safetensors"] {
        let name = format!("run/{file}");
        let content = scene.read(&name);
        scene.write(&name, scene.read(&format!("other/{file}")));
        let message = scene.fails(&["evaluate", "run"], 1);
        assert!(message.contains("run/"), "{file}: {message}");
        scene.write(&name, content);
    }
}

#[test]
fn a_configuration_that_asks_for_more_than_the_weights_hold_takes_no_memory() {
    let scene = Scene::trained(&["--protocol", "recbole"]);
    let config = scene.text("run/config.toml");
    let huge = config
        .replace("dim = 16", "dim = 4096")
        .replace("width = 32", "width = 8192")
        .replace("hidden = [128, 128]", "hidden = [16384, 16384, 16384]");
    assert_ne!(huge, config);
    scene.write("run/config.toml", huge);
    scene.reseal("run");
    let message = scene.fails(&["inspect", "run"], 1);
    assert!(message.contains("tensor `embedding."), "{message}");
}
