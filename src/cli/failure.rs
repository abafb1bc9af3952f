//! What goes wrong is said in one line on standard error, and as an exit code.

use std::io::{self, ErrorKind};
use std::panic::{self, PanicHookInfo};

use autoint::Error;
use autoint::data::source::parquet::is_guarded;
use autoint::error::one_line;

use super::interrupt::Stopped;
use super::output::note;

/// The work failed.
pub const FAILED: u8 = 1;
/// The command line, or a setting it leads to, is wrong.
pub const WRONG_COMMAND_LINE: u8 = 2;

/// Says what went wrong; gives the exit code.
pub fn report(error: &anyhow::Error) -> u8 {
    if is_broken_pipe(error) {
        return 0;
    }
    let message = one_line(&error.to_string());
    if !message.is_empty() {
        note(&format!("error: {message}"));
    }
    code(error)
}

fn code(error: &anyhow::Error) -> u8 {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return stopped.code();
    }
    match error.downcast_ref() {
        Some(Error::Config { .. }) => WRONG_COMMAND_LINE,
        _ => FAILED,
    }
}

/// Whether whoever read our output has gone: not a failure of ours.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
    })
}

/// Whether this is the end of work that was asked to stop: no failure, though no success either.
pub fn is_stopped(error: &anyhow::Error) -> bool {
    error.is::<Stopped>()
}

/// A panic is a defect of this program: from now on it is one line that says so; but for one over a damaged file, which is
/// caught and becomes an error.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        if !is_guarded() {
            note(&panic_line(panic));
        }
    }));
}

fn panic_line(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown reason");
    let place = panic.location().map(|place| format!(" ({place})"));
    format!(
        "error: autoint {} has a defect: {}{}; please report this line together with the command you ran",
        env!("CARGO_PKG_VERSION"),
        one_line(message),
        place.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use std::sync::Mutex;

    #[test]
    fn settings_are_the_command_lines_fault_and_all_else_is_not() {
        let setting = Error::Config {
            key: "k".into(),
            what: "w".into(),
        };
        assert_eq!(code(&setting.into()), WRONG_COMMAND_LINE);
        assert_eq!(code(&Error::Data("x".into()).into()), FAILED);
        assert_eq!(code(&anyhow::anyhow!("x")), FAILED);
    }

    #[test]
    fn a_broken_pipe_is_found_wherever_it_is() {
        let pipe = || io::Error::from(ErrorKind::BrokenPipe);
        let deep = Error::Io {
            path: "p".into(),
            action: "write",
            source: pipe(),
        };
        assert!(is_broken_pipe(&pipe().into()));
        assert!(is_broken_pipe(&anyhow::Error::from(deep).context("c")));
        let other = Err::<(), _>(io::Error::other("x")).context("c");
        assert!(!is_broken_pipe(&other.unwrap_err()));
    }

    #[test]
    fn a_panic_becomes_one_line() {
        static LINE: Mutex<String> = Mutex::new(String::new());
        let before = panic::take_hook();
        panic::set_hook(Box::new(|panic| {
            *LINE.lock().unwrap() = panic_line(panic);
        }));
        let caught = panic::catch_unwind(|| panic!("two\nlines {}", 7));
        panic::set_hook(before);
        assert!(caught.is_err());
        let line = LINE.lock().unwrap();
        assert!(line.contains("has a defect: two lines 7 (src"), "{line}");
        assert!(line.contains("please report") && !line.contains('\n'));
    }
}
