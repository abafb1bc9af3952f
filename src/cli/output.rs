//! Standard output that may go away: `autoint inspect RUN | head -1` is no error.

use std::io::{self, ErrorKind, Write};

/// Standard output. Once its reader has gone, what is written is dropped: a training that is piped into `head` goes on.
#[derive(Debug, Default)]
pub struct Output {
    gone: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        match io::stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(bytes.len())
            }
            done => done,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match io::stdout().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            done => done,
        }
    }
}

/// A line on standard error; nobody can be told when that fails.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
