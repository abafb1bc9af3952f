//! Python with the packages of other programs, in a virtual environment of its own.
//!
//! `AUTOINT_PYTHON` names an interpreter that has them; `required` makes the environment (it needs a network), and what goes wrong
//! then is a failure. Without either the tests say that they were skipped, unless an earlier one has made it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The scripts' folder.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/export");

pub struct Python(&'static Path);

impl Python {
    /// None when there is none.
    pub fn find() -> Option<Python> {
        static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
        let found = FOUND.get_or_init(found).as_deref();
        if found.is_none() {
            eprintln!("skipped: AUTOINT_PYTHON=required makes an environment with onnxruntime");
        }
        found.map(Python)
    }

    /// What a script of this folder prints; it must succeed.
    pub fn ok(&self, script: &str, arguments: &[&Path]) -> String {
        let mut command = Command::new(self.0);
        command.arg(Path::new(HERE).join(script)).args(arguments);
        let output = command.output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
        assert!(output.status.success(), "{script}: {out}{err}");
        out
    }
}

fn found() -> Option<PathBuf> {
    let asked = std::env::var("AUTOINT_PYTHON").unwrap_or_default();
    if !["", "required"].contains(&asked.as_str()) {
        return Some(PathBuf::from(asked));
    }
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = environment.join("bin/python");
    let ready = environment.join("ready");
    let wanted = std::fs::read_to_string(Path::new(HERE).join("requirements.txt")).unwrap();
    if std::fs::read_to_string(&ready).is_ok_and(|made| made == wanted) {
        return Some(python);
    }
    if asked != "required" {
        return None;
    }
    let run = |command: &mut Command| {
        let status = command.status().unwrap();
        assert!(status.success(), "{command:?}, and AUTOINT_PYTHON=required");
    };
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment));
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "-r"]);
    run(install.arg(Path::new(HERE).join("requirements.txt")));
    std::fs::write(&ready, wanted).unwrap();
    Some(python)
}
