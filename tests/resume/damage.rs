//! Checkpoints that are damaged, forged, or of other data.

use std::fs;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::support::{Case, STEPS, assert_same};

const STATE: &str = "checkpoint/state.bin";

/// Bytes before the header.
const START: usize = 32;

#[test]
fn two_hundred_flips_and_truncations_are_refused_by_name_or_harmless() {
    let case = Case::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(STATE);
    case.start(folder.path(), 2 * STEPS + 4, 1);
    let good = fs::read(&file).unwrap();
    let whole = case.whole();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut refused = 0;
    for trial in 0..200 {
        let mut bytes = good.clone();
        // Half of them in the header, which is a small part of the file.
        let end = if trial % 2 == 0 { 2000 } else { good.len() };
        let at = random.random_range(0..end);
        if trial % 5 == 4 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << random.random_range(0..8);
        }
        fs::write(&file, bytes).unwrap();
        match case.resume(folder.path(), u64::MAX, 1) {
            Ok(outcome) => assert_same(&outcome, &whole, "harmless"),
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("state.bin: is "), "{message}");
                refused += 1;
            }
        }
    }
    // Every byte is under a checksum or compared.
    assert_eq!(refused, 200);
    fs::write(&file, &good).unwrap();
    let outcome = case.resume(folder.path(), u64::MAX, 1).unwrap();
    assert_same(&outcome, &whole, "undamaged");
}

/// The file with another header, its lengths and checksums right.
fn forged(good: &[u8], change: impl Fn(&mut Value)) -> Vec<u8> {
    let length = u64::from_le_bytes(good[16..24].try_into().unwrap()) as usize;
    let body = &good[START + length..];
    let mut header: Value = serde_json::from_slice(&good[START..START + length]).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let mut bytes = good[..12].to_vec();
    bytes.extend(crc32fast::hash(&header).to_le_bytes());
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(((START + header.len() + body.len()) as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(body);
    bytes
}

fn with(good: &[u8], place: &str, value: &Value) -> Vec<u8> {
    forged(good, |header| {
        let slot = header.pointer_mut(place);
        *slot.unwrap_or_else(|| panic!("no {place}")) = value.clone();
    })
}

#[test]
fn a_forged_header_takes_no_memory_and_breaks_nothing() {
    let case = Case::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(STATE);
    case.start(folder.path(), STEPS + 4, 1);
    let good = fs::read(&file).unwrap();
    for (place, value) in [
        ("/sections/0/length", json!(u64::MAX)),
        ("/sections/0/length", json!(u64::MAX / 4)),
        ("/sections/0/length", json!(1_u64 << 40)),
        ("/sections/1/name", json!("weights.other")),
        ("/slots/0", json!("velocity")),
        ("/slots", json!([])),
        ("/position/step", json!(STEPS)),
        ("/position/step", json!(-1)),
        ("/position/epoch", json!(7)),
        ("/position/done", json!(u64::MAX)),
        ("/position/done", json!(25)),
        ("/position/best", json!(null)),
        ("/position/history", json!([])),
    ] {
        fs::write(&file, with(&good, place, &value)).unwrap();
        let error = case.resume(folder.path(), u64::MAX, 1).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("state.bin: is "), "{place}: {message}");
    }
    // Another model: the program takes the settings as they stand in the file.
    let scene = Scene::new();
    let run = folder.path().to_str().unwrap();
    for (place, number) in [("embedding/dim", 4096), ("interacting/width", 8192)] {
        let place = format!("/origin/settings/model/{place}");
        fs::write(&file, with(&good, &place, &json!(number))).unwrap();
        let message = scene.fails(&["train", "--resume", run], 1);
        assert!(message.contains("expected section `"), "{message}");
    }
    fs::write(&file, forged(&good, |_| {})).unwrap();
    case.resume(folder.path(), u64::MAX, 1).unwrap();
}

#[test]
fn other_settings_or_data_are_refused() {
    let scene = Scene::new();
    let missing = scene.fails(&["train", "--resume", "run"], 1);
    assert!(missing.contains("no such run directory"), "{missing}");
    Case::new(&[]).start(&scene.path("run"), 4, 1);
    for more in [
        ["--epochs", "9"],
        ["--set", "train.seed=2"],
        ["--out", "other"],
    ] {
        let arguments = [&["train", "--resume", "run"], &more[..]].concat();
        let output = scene.command(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    }
    let other = ["train", "--resume", "run", "--data", "synthetic:601"];
    let message = scene.fails(&other, 1);
    assert!(message.contains("fingerprint"), "{message}");
    scene.ok(&["train", "--resume", "run", "--data", "synthetic:600"]);
}

#[test]
fn another_instruction_set_is_taken_only_when_allowed_and_then_recorded() {
    let case = Case::new(&[]);
    if case.isa.name() == "scalar" {
        eprintln!("skipped: this machine has one instruction set");
        return;
    }
    let scene = Scene::new();
    case.start(&scene.path("run"), 4, 1);
    let scalar = |more: &[&str]| {
        let mut resume = scene.command(&[&["train", "--resume", "run"], more].concat());
        resume.env("AUTOINT_ISA", "scalar").output().unwrap()
    };
    let refused = scalar(&[]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("--allow-other-isa"), "{message}");
    assert!(scalar(&["--allow-other-isa"]).status.success());
    assert!(scene.text("run/data.json").contains(", then scalar"));
    let message = scene.fails(&["verify", "run"], 1);
    assert!(message.contains("several instruction sets"), "{message}");
}

#[test]
fn a_stopped_run_without_its_checkpoint_is_no_finished_one() {
    let scene = Scene::trained(&[]);
    let data = scene.text("run/data.json");
    let stopped = data.replace("\"stopped\": false", "\"stopped\": true");
    assert_ne!(stopped, data);
    scene.write("run/data.json", stopped);
    scene.reseal("run");
    let message = scene.fails(&["train", "--resume", "run"], 1);
    assert!(message.contains("its checkpoint is missing"), "{message}");
}
