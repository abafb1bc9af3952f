//! Numbers that are out of range, or none.

use crate::scene::Scene;

/// The most that TOML holds.
const MOST: &str = "0 to 9223372036854775807";

#[test]
fn every_numeric_option_says_what_it_takes() {
    let scene = Scene::new();
    let huge = "18446744073709551615";
    for (option, value, what) in [
        ("--seed", huge, MOST),
        ("--seed", "9223372036854775808", MOST),
        ("--seed", "-1", MOST),
        ("--seed", "1.5", MOST),
        ("--seed", "one", MOST),
        ("--epochs", huge, MOST),
        ("--epochs", "-1", MOST),
        ("--epochs", "100001", "expected 1 to 100000, got 100001"),
        ("--epochs", "9223372036854775807", "got 9223372036854775807"),
        ("--batch-size", "many", MOST),
        ("--batch-size", "0", "expected 1 to 1048576, got 0"),
        ("--embed-dim", huge, MOST),
        ("--embed-dim", "0", "expected 1 to 4096, got 0"),
        ("--heads", "-2", MOST),
        ("--heads", "0", "expected 1 to 1024, got 0"),
        ("--layers", "2.0", MOST),
        ("--layers", "65", "expected 1 to 64, got 65"),
        (
            "--learning-rate",
            "nan",
            "expected a number above 0, got NaN",
        ),
        (
            "--learning-rate",
            "NaN",
            "expected a number above 0, got NaN",
        ),
        (
            "--learning-rate",
            "inf",
            "expected a number above 0, got inf",
        ),
        (
            "--learning-rate",
            "1e999",
            "expected a number above 0, got inf",
        ),
        (
            "--learning-rate",
            "fast",
            "expected a number, such as 0.001 or 1e-3",
        ),
        (
            "--learning-rate",
            "1,5",
            "expected a number, such as 0.001 or 1e-3",
        ),
        (
            "--dropout",
            "nan",
            "expected a rate from 0 to below 1, got NaN",
        ),
        (
            "--dropout",
            "half",
            "expected a number, such as 0.001 or 1e-3",
        ),
        ("--threads", "0", "1 to 1024"),
        ("--threads", huge, "1 to 1024"),
        ("--checkpoint-every", "0", "1 to 18446744073709551615"),
        ("--checkpoint-every", "x", "1 to 18446744073709551615"),
        ("--data", "synthetic:99999999999999999999", "synthetic:ROWS"),
        ("--data", "synthetic:-5", "synthetic:ROWS"),
    ] {
        let arguments = ["train", option, value];
        let output = scene.command(&arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {stderr}");
        assert!(stderr.contains(what), "{option} {value}: {stderr}");
        for inner in ["u64", "usize", "f64", "NonZero", "digit found"] {
            assert!(!stderr.contains(inner), "{option} {value}: {stderr}");
        }
    }
    assert_eq!(scene.names(""), [""; 0]);
}

#[test]
fn so_does_every_setting() {
    let scene = Scene::new();
    for (set, what) in [
        ("train.seed=18446744073709551615", MOST),
        ("train.seed=-1", MOST),
        ("train.seed=x", MOST),
        ("train.epochs=1.5", MOST),
        (
            "train.positive_weight=heavy",
            "expected a number, such as 0.001 or 1e-3, got `heavy`",
        ),
        (
            "optimizer.learning_rate=nan",
            "expected a number above 0, got NaN",
        ),
        (
            "optimizer.learning_rate=NaN",
            "expected a number above 0, got NaN",
        ),
        (
            "model.linear=yes",
            "expected true or false, whether the model has the part, got `yes`",
        ),
        (
            "model.mlp.hidden=64",
            "expected a list of whole numbers, such as [64, 32], got `64`",
        ),
    ] {
        let key = set.split('=').next().unwrap();
        let message = scene.fails(&["train", "--set", set], 2);
        assert!(message.contains(&format!("`{key}`: ")), "{message}");
        assert!(message.contains(what), "{message}");
    }
    for seed in [
        "18446744073709551615",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        scene.write("c.toml", format!("[train]\nepochs = 2\nseed = {seed}\n"));
        let message = scene.fails(&["train", "--config", "c.toml"], 1);
        assert!(message.contains("c.toml:3: "), "{message}");
        assert!(message.contains("up to 9223372036854775807"), "{message}");
    }
    scene.write("c.toml", "[train]\nseed = -4\n");
    let message = scene.fails(&["train", "--config", "c.toml"], 2);
    assert!(
        message.contains("`train.seed`: ") && message.contains(MOST),
        "{message}"
    );
    // The greatest seed there is.
    let data = [
        "train",
        "--data",
        "synthetic:500",
        "--epochs",
        "1",
        "--out",
        "run",
    ];
    scene.ok(&[&data[..], &["--seed", "9223372036854775807"]].concat());
    assert!(
        scene
            .text("run/config.toml")
            .contains("seed = 9223372036854775807")
    );
    scene.ok(&["verify", "run"]);
}
