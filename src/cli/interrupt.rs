//! Ctrl-C: the first one asks the training to stop, the second one kills.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::output::note;

/// What a shell reports for a program that Ctrl-C ended: 128 + SIGINT.
const KILLED: i32 = 130;

static STOP: AtomicBool = AtomicBool::new(false);
static HANDLED: Once = Once::new();

/// Becomes true at the first Ctrl-C (or request to terminate) from now on; the second ends the program.
///
/// # Errors
/// When the system refuses.
pub fn requested() -> anyhow::Result<&'static AtomicBool> {
    let mut set = Ok(());
    HANDLED.call_once(|| {
        set = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(KILLED);
            }
            note("stopping after this batch; once more to kill without saving");
        });
    });
    set?;
    Ok(&STOP)
}
