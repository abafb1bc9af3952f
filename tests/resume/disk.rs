//! Disks that are full, folders that are read-only, missing, or no folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use autoint::run::Checkpoint;

use crate::scene::Scene;

const TRAINING: [&str; 6] = [
    "train",
    "--data",
    "synthetic:3000",
    "--out",
    "run",
    "--epochs",
];

/// A training that would take hours, after its first epoch.
fn endless(scene: &Scene) -> Child {
    let more = ["100000", "--set", "train.patience=100000"];
    let mut process = scene.process(&[&TRAINING[..], &more].concat());
    process.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = process.spawn().unwrap();
    let start = Instant::now();
    let metrics = scene.path("run/metrics.jsonl");
    while fs::read_to_string(&metrics).map_or(true, |text| text.is_empty()) {
        assert!(start.elapsed() < Duration::from_secs(60), "no epoch");
        sleep(Duration::from_millis(2));
    }
    child
}

/// What a process that fails by itself says.
fn failed(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[test]
fn a_file_where_the_checkpoints_were_ends_the_training() {
    let scene = Scene::new();
    let child = endless(&scene);
    fs::rename(scene.path("run/checkpoint"), scene.path("saved")).unwrap();
    // The process may have made a new folder in between.
    while fs::write(scene.path("run/checkpoint"), "no folder").is_err() {
        fs::remove_dir_all(scene.path("run/checkpoint")).unwrap_or(());
    }
    let message = failed(child);
    assert!(message.contains("run/checkpoint"), "{message}");
    let message = scene.fails(&["train", "--resume", "run"], 1);
    assert!(message.contains("run"), "{message}");
    fs::remove_file(scene.path("run/checkpoint")).unwrap();
    fs::rename(scene.path("saved"), scene.path("run/checkpoint")).unwrap();
    Checkpoint::open(&scene.path("run")).unwrap();
}

#[test]
fn a_run_directory_that_vanishes_ends_the_training() {
    let scene = Scene::new();
    let child = endless(&scene);
    fs::rename(scene.path("run"), scene.path("moved")).unwrap();
    let message = failed(child);
    assert!(message.contains("run"), "{message}");
    assert!(!scene.path("run").exists());
    Checkpoint::open(&scene.path("moved")).unwrap();
}

#[test]
fn a_read_only_folder_ends_the_training() {
    let scene = Scene::new();
    let mut child = endless(&scene);
    let folder = scene.path("run/checkpoint");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write into read-only folders");
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    let message = failed(child);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(message.contains("run/checkpoint"), "{message}");
    Checkpoint::open(&scene.path("run")).unwrap();
}

/// The program with a limit to the size of its files, in blocks of 512 bytes; what it says when it fails over it.
fn limited(scene: &Scene, blocks: usize, arguments: &[&str]) -> String {
    let script = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, &blocks.to_string()]);
    shell.arg(env!("CARGO_BIN_EXE_autoint")).args(arguments);
    shell.current_dir(scene.folder());
    shell.stdout(Stdio::null()).stderr(Stdio::piped());
    failed(shell.spawn().unwrap())
}

#[test]
fn a_disk_that_fills_up_leaves_the_last_good_checkpoint() {
    let scene = Scene::new();
    let every = ["--checkpoint-every", "1"];
    let arguments = [&TRAINING[..], &["3"], &every].concat();
    scene.ok(&arguments);
    let whole = scene.read("run/model.safetensors");
    // Room for the weights and Adam's two moments, but not for the best epoch's weights, which come to them as soon as a step has moved
    // the others on.
    let blocks = whole.len() * 7 / 2 / 512;
    let message = limited(&scene, blocks, &[&arguments[..], &["--force"]].concat());
    assert!(
        message.contains("run/checkpoint/state.bin: cannot write"),
        "{message}"
    );
    // That of the first epoch's end is left. Going on fails in the same place and changes nothing.
    let before = scene.read("run/checkpoint/state.bin");
    let resume = [&["train", "--resume", "run"][..], &every].concat();
    limited(&scene, blocks, &resume);
    assert!(scene.read("run/checkpoint/state.bin") == before);
    assert_eq!(scene.names("run/checkpoint"), ["state.bin"]);
    scene.ok(&["train", "--resume", "run"]);
    assert!(scene.read("run/model.safetensors") == whole);
}
