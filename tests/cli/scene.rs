//! A temporary folder to run the program in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use autoint::run::Run;
use autoint::simd::Isa;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Options of a training that takes a fraction of a second.
pub const QUICK: [&str; 4] = ["--data", "synthetic:2000", "--epochs", "1"];

pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Scene {
        Scene {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A scene with a quickly trained run in the folder `run`.
    pub fn trained(options: &[&str]) -> Scene {
        let scene = Scene::new();
        scene.train("run", options);
        scene
    }

    /// Trains quickly into the folder `out`.
    pub fn train(&self, out: &str, options: &[&str]) -> String {
        self.ok(&[&["train", "--out", out], &QUICK[..], options].concat())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program in this folder; nothing of the environment reaches its settings or its network.
    pub fn process(&self, arguments: &[&str]) -> Process {
        let mut process = Process::new(env!("CARGO_BIN_EXE_autoint"));
        process.args(arguments).current_dir(self.folder());
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            process.env_remove(name).env_remove(name.to_uppercase());
        }
        process
    }

    /// Killed when it takes minutes: what waits for ever is a failure.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::from_std(self.process(arguments));
        command.timeout(Duration::from_secs(900));
        command
    }

    /// Standard output of a command that succeeds and has nothing to complain about.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "", "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The message of a command that ends with an exit code: one line, and no defect of the program.
    pub fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(!stderr.contains("defect"), "{arguments:?}: {stderr}");
        stderr
    }

    /// A training into `run` that would take hours, once it has recorded so many epochs.
    pub fn endless(&self, options: &[&str], epochs: usize) -> Endless {
        self.endless_under(&[], options, epochs)
    }

    /// The same, started by another program.
    pub fn endless_under(&self, by: &[&str], options: &[&str], epochs: usize) -> Endless {
        let endless = [
            "train",
            "--epochs",
            "100000",
            "--set",
            "train.patience=100000",
            "--out",
            "run",
        ];
        let words = [by, &[env!("CARGO_BIN_EXE_autoint")], &endless, options].concat();
        let mut process = Process::new(words[0]);
        process.args(&words[1..]).current_dir(self.folder());
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        let training = Endless(Some(process.spawn().unwrap()));
        let metrics = self.path("run/metrics.jsonl");
        let recorded = || fs::read_to_string(&metrics).map(|text| text.lines().count());
        self.wait_for("no epoch was recorded", || {
            recorded().is_ok_and(|n| n >= epochs)
        });
        training
    }

    /// A command whose output so far, in the file `out`, shows that it has begun.
    pub fn begun(&self, arguments: &[&str], begun: impl Fn(&str) -> bool) -> Endless {
        let file = fs::File::create(self.path("out")).unwrap();
        let mut process = self.process(arguments);
        process.stdout(file).stderr(Stdio::piped());
        let child = Endless(Some(process.spawn().unwrap()));
        self.wait_for("it did not begin", || begun(&self.text("out")));
        child
    }

    /// Waits for something that happens in a moment.
    pub fn wait_for(&self, what: &str, happened: impl Fn() -> bool) {
        let start = Instant::now();
        while !happened() {
            assert!(start.elapsed() < Duration::from_secs(120), "{what}");
            sleep(Duration::from_millis(2));
        }
    }

    /// Makes the hashes in the `data.json` of a run those of its files as they are now: as `run/seal.rs` describes them, without
    /// its code.
    pub fn reseal(&self, run: &str) {
        let name = format!("{run}/data.json");
        let mut data: Value = serde_json::from_str(&self.text(&name)).unwrap();
        let hash = |bytes: &[u8]| -> String {
            let digest = Sha256::digest(bytes);
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        for (file, sum) in data["sha256"].as_object_mut().unwrap() {
            if file != "data.json" {
                *sum = hash(&self.read(&format!("{run}/{file}"))).into();
            }
        }
        data["sha256"].as_object_mut().unwrap().remove("data.json");
        // Keys are sorted and nothing is between them.
        let own = hash(&serde_json::to_vec(&data).unwrap());
        data["sha256"]["data.json"] = own.into();
        self.write(&name, serde_json::to_vec_pretty(&data).unwrap());
    }

    /// Opens a run in this process.
    pub fn run(&self, name: &str) -> Run {
        Run::open(&self.path(name), Isa::choose().unwrap(), 1).unwrap()
    }
}

/// A training that is killed when it is dropped.
pub struct Endless(Option<Child>);

impl Endless {
    /// Sends a signal by its name.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        crate::signal::signal(self.0.as_ref().unwrap().id(), name);
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
