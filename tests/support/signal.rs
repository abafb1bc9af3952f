//! Signals to processes that a test has started.

use std::process::Command;

/// Sends a signal, given as `kill` takes it: `-INT`, `-9`.
pub fn signal(process: u32, name: &str) {
    let id = process.to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.unwrap().success());
}
