//! `autoint tune`

use std::fs;

use crate::scene::Scene;

const FILE: &str = "preset = 'compact'\n[train]\nepochs = 1\n[run.adam]\n[run.sgd.optimizer]\nkind = 'sgd'\n\
    [grid]\n'train.seed' = [1, 2]\n";

fn tune<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = [
        "tune",
        "--data",
        "synthetic:1500",
        "--config",
        "grid.toml",
        "--out",
        "all",
    ];
    [&own, more].concat()
}

#[test]
fn every_run_of_the_file_is_trained_once_and_compared() {
    let scene = Scene::new();
    scene.write("grid.toml", FILE);
    let out = scene.ok(&tune(&[]));
    let names = ["adam-1", "adam-2", "sgd-1", "sgd-2"];
    assert_eq!(scene.names("all"), names);
    let table = out.split("protocol course\n").nth(1).unwrap();
    for name in names {
        assert_eq!(table.matches(name).count(), 1, "{out}");
    }
    let evaluated = scene.ok(&["evaluate", "all/adam-1"]);
    let auc = evaluated
        .lines()
        .find(|l| l.trim_start().starts_with("autoint+"))
        .unwrap();
    let auc = auc.split_whitespace().nth(1).unwrap();
    let row = table.lines().find(|l| l.contains("adam-1")).unwrap();
    assert!(
        row.split_whitespace().any(|cell| cell == auc),
        "{row}: {auc}"
    );

    // One run again: the others are as they were.
    let other = scene.read("all/sgd-1/model.safetensors");
    fs::remove_dir_all(scene.path("all/adam-1")).unwrap();
    let again = scene.ok(&tune(&[]));
    assert_eq!(again.matches("trained before").count(), 3);
    assert_eq!(again.split("protocol course\n").nth(1).unwrap(), table);
    assert_eq!(scene.read("all/sgd-1/model.safetensors"), other);

    let message = scene.fails(&tune(&["--epochs", "2"]), 1);
    assert!(
        message.contains("all/adam-1") && message.contains("other settings"),
        "{message}"
    );
}

#[test]
fn a_file_that_names_no_runs_is_refused() {
    let scene = Scene::new();
    scene.write("grid.toml", "[train]\nepochs = 1\n");
    assert!(scene.fails(&tune(&[]), 2).contains("[run.NAME]"));
    assert!(
        scene
            .fails(&["tune", "--data", "synthetic:100", "--out", "all"], 2)
            .contains("--config")
    );
    scene.write("grid.toml", "[run.a]\n[run.b]\npreset = 'paper'\n");
    assert!(scene.fails(&tune(&[]), 2).contains("run.b.preset"));
    scene.write("grid.toml", "protocol = 'course'\n[run.a]\n");
    assert!(scene.fails(&tune(&[]), 2).contains("--protocol"));
}
