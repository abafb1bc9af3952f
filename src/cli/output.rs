//! Standard output that may go away: `autoint inspect RUN | head -1` is no error.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

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

/// Whether a name is that of our own standard output: `-`, or what leads to it, such as `/dev/stdout`. Were that replaced as
/// other files are, what else we print would go nowhere.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || is_same_as_stdout(path)
}

#[cfg(unix)]
fn is_same_as_stdout(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let own = io::stdout().as_fd().try_clone_to_owned();
    let own = own.and_then(|own| std::fs::File::from(own).metadata());
    let named = std::fs::metadata(path);
    let key = |file: std::fs::Metadata| (file.dev(), file.ino());
    own.is_ok_and(|own| named.is_ok_and(|named| key(own) == key(named)))
}

#[cfg(not(unix))]
fn is_same_as_stdout(_path: &Path) -> bool {
    false
}
