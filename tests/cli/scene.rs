//! A temporary folder to run the program in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use assert_cmd::Command;
use autoint::run::Run;
use autoint::simd::Isa;

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

    pub fn command(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.process(arguments))
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

    /// Opens a run in this process.
    pub fn run(&self, name: &str) -> Run {
        Run::open(&self.path(name), Isa::choose().unwrap(), 1).unwrap()
    }
}
