//! Runs that are stopped in every way, gone on with, and made again: the result is that of a run that was never stopped.

mod damage;
mod determinism;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod kill;
#[path = "../cli/scene.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod scene;
#[path = "../support/signal.rs"]
mod signal;
mod stop;
mod support;
mod verify;
