//! Ctrl-C and requests to terminate: the first asks the training to stop, the second kills.

use std::fmt;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown, register_usize};

use super::output::note;

/// What a shell reports for a program that a signal ended is this and the signal's number.
const ENDED: u8 = 128;

#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

static STOP: AtomicBool = AtomicBool::new(false);
static SIGNAL: AtomicUsize = AtomicUsize::new(SIGINT as usize);
static HANDLED: Once = Once::new();

/// The end of a command that was asked to stop before its work was done. What there is to say is said, or stands here.
#[derive(Debug)]
pub struct Stopped(pub &'static str);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Stopped {}

impl Stopped {
    /// The exit code: work that was not done is no success, whoever ended it.
    pub fn code(&self) -> u8 {
        ENDED + SIGNAL.load(Ordering::SeqCst) as u8
    }
}

/// Becomes true at the first Ctrl-C, request to terminate, or loss of the terminal from now on; the next one ends the program at
/// once.
///
/// # Errors
/// When the system refuses.
pub fn requested() -> anyhow::Result<&'static AtomicBool> {
    let mut set = Ok(());
    HANDLED.call_once(|| set = handle());
    set?;
    Ok(&STOP)
}

fn handle() -> anyhow::Result<()> {
    let signals: Vec<i32> = SIGNALS.into_iter().filter(|s| !is_unheard(*s)).collect();
    for &signal in &signals {
        // In this order: the flag that the first signal sets lets the second one kill.
        register_conditional_shutdown(signal, i32::from(ENDED) + signal, &STOP)?;
        register_usize(signal, &SIGNAL, signal as usize)?;
        register(signal, &STOP)?;
    }
    tell(&signals)
}

/// Says at the first signal what will happen. Within a handler nothing may be written, so a thread waits for it.
#[cfg(unix)]
fn tell(signals: &[i32]) -> anyhow::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if signals.forever().next().is_some() {
                note("stopping after this batch; once more to kill without saving");
            }
        })?;
    Ok(())
}

#[cfg(not(unix))]
fn tell(_signals: &[i32]) -> anyhow::Result<()> {
    Ok(())
}

/// Whether this is the loss of the terminal, and whoever started us wants it to go unheard, as `nohup` does. Only Linux tells.
#[cfg(unix)]
fn is_unheard(signal: i32) -> bool {
    let status = || std::fs::read_to_string("/proc/self/status").ok();
    signal == SIGHUP && status().is_some_and(|status| ignored(&status) & (1 << (SIGHUP - 1)) != 0)
}

#[cfg(not(unix))]
fn is_unheard(_signal: i32) -> bool {
    false
}

/// The ignored signals, a bit each; none when the text does not tell.
#[cfg(unix)]
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_systems_table() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored("SigCgt:\t1\n"), 0);
    }

    #[test]
    fn the_exit_code_is_128_and_the_signal() {
        SIGNAL.store(SIGTERM as usize, Ordering::SeqCst);
        assert_eq!(Stopped("").code(), 143);
    }
}
