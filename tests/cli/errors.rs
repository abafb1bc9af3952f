//! Exit codes and messages.

use crate::scene::Scene;
use crate::train::tiny_movielens;

#[test]
fn a_wrong_command_line_ends_with_2() {
    let scene = Scene::new();
    for arguments in [
        &[][..],
        &["fly"],
        &["train", "--epochs", "many"],
        &["train", "--protocol", "none"],
        &["train", "--preset", "none"],
        &["train", "--model", "ffm"],
        &["train", "--threads", "0"],
        &["train", "--force"],
        &["evaluate"],
        &["evaluate", "run", "--split", "all"],
        &["predict", "run"],
        &["prepare", "--out", "x"],
        &["download", "ml-20m"],
    ] {
        let output = scene.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["train", "-h"]] {
        assert!(!scene.ok(arguments).is_empty());
    }
}

#[test]
fn a_senseless_setting_ends_with_2_before_any_work_and_is_named() {
    let scene = Scene::new();
    for (arguments, key) in [
        (
            &["--heads", "5"][..],
            "`model.interacting.heads`: 5 heads do not divide the width 32",
        ),
        (&["--layers", "0"], "`model.interacting.layers`"),
        (&["--dropout", "1.0"], "`model.mlp.dropout`"),
        (&["--dropout", "nan"], "dropout"),
        (&["--dropout", "0.1", "--model", "autoint"], "`--dropout`"),
        (&["--learning-rate", "-1"], "`optimizer.learning_rate`"),
        (&["--learning-rate=-1"], "`optimizer.learning_rate`"),
        (&["--epochs", "0"], "`train.epochs`"),
        (&["--embed-dim", "0"], "`model.embedding.dim`"),
        (&["--batch-size", "0"], "`train.batch_size`"),
        (
            &["--set", "train.speed=1"],
            "`train.speed`: there is no such setting",
        ),
        (&["--set", "train.epochs"], "key=value"),
        (&["--set", "train.select=best"], "best"),
        (&["--set", "protocol=paper"], "--protocol paper"),
        (&["--data", "synthetic:0"], "synthetic.rows"),
        (&["--data", "synthetic:x"], "synthetic:ROWS"),
    ] {
        let message = scene.fails(&[&["train"], arguments].concat(), 2);
        assert!(message.contains(key), "{message}");
    }
    assert_eq!(scene.names(""), [""; 0]);
    let mut forced = scene.command(&["train"]);
    let output = forced.env("AUTOINT_ISA", "mmx").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("this machine has no `mmx`")
    );
}

#[test]
fn work_that_fails_ends_with_1_and_names_its_file() {
    let scene = Scene::new();
    scene.write("wrong.toml", "[train\n");
    scene.write("some.csv", "a,b\n");
    for (arguments, what) in [
        (
            &["train", "--data", "nowhere"][..],
            "nowhere: no such folder or file",
        ),
        (&["train", "--data", "some.csv"], "some.csv: needs a schema"),
        (
            &["train", "--config", "none.toml"],
            "none.toml: cannot read",
        ),
        (&["train", "--config", "wrong.toml"], "wrong.toml:1: "),
        (&["train", "--out", "some.csv"], "some.csv: cannot create"),
        (&["evaluate", "nowhere"], "nowhere: no such run directory"),
        (&["inspect", "."], ".: is not a run directory"),
        (&["predict", "nowhere", "--input", "some.csv"], "nowhere"),
        (
            &[
                "prepare",
                "--data",
                "synthetic:99",
                "--out",
                "no/such/folder",
            ],
            "no/such",
        ),
    ] {
        let message = scene.fails(arguments, 1);
        assert!(message.contains(what), "{message}");
    }
    tiny_movielens(&scene, "ml");
    let ratings = scene.text("ml/ratings.dat");
    scene.write("ml/ratings.dat", ratings + "1::99::5::978300760\n");
    let message = scene.fails(&["train", "--data", "ml"], 1);
    assert!(message.contains("ml/ratings.dat:13: "), "{message}");
    // Whatever failed, nothing was begun.
    assert_eq!(scene.names(""), ["ml", "some.csv", "wrong.toml"]);
}

#[test]
fn a_training_that_diverges_says_so_and_leaves_what_it_recorded() {
    let scene = Scene::new();
    let wild = [
        "train",
        "--data",
        "synthetic:500",
        "--learning-rate",
        "1e30",
        "--out",
        "run",
        "--set",
        "train.patience=99",
    ];
    let message = scene.fails(&wild, 1);
    assert!(
        message.contains("not finite") && message.contains("learning rate"),
        "{message}"
    );
    if scene.path("run").exists() {
        assert_eq!(scene.names("run"), ["metrics.jsonl"]);
        let message = scene.fails(&["evaluate", "run"], 1);
        assert!(message.contains("run: "), "{message}");
    }
}
