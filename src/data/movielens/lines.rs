//! The lines of a file, read as bytes, with the place in every error.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// No line of a MovieLens file comes near this; a file without line ends must not fill the memory.
const LONGEST_LINE: usize = 64 * 1024;

/// How a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// The number of its last line.
    pub line: u64,
    /// Whether that has no line end, so that it may have been cut.
    pub open: bool,
}

impl End {
    /// Refuses an open last line that is not like the others; `unlike` says what is wrong with it.
    ///
    /// # Errors
    /// Names file and line.
    pub fn check(self, path: &Path, unlike: impl FnOnce() -> Option<String>) -> Result<()> {
        match self.open.then(unlike).flatten() {
            None => Ok(()),
            Some(unlike) => Err(Error::line(
                path,
                self.line,
                format!(
                    "the file seems to be cut: its last line has no line end, and {unlike}; add the line end if it is whole"
                ),
            )),
        }
    }

    /// What a user should know of an open last line that is like the others.
    pub fn note(self, file: &str) -> Option<String> {
        let note = || {
            format!(
                "{file} ends without a line end: if it was cut, its last line is not what it was"
            )
        };
        self.open.then(note)
    }
}

/// Calls `each` with every line of a file, without the line's end (`\n` or `\r\n`; the last line may have none), holding
/// one line in memory at a time; says how the file ended. What `each` says is wrong becomes an error with the file and the line.
///
/// # Errors
/// When the file cannot be read or has no line; when a line is empty, too long, or holds a control character other than
/// tab; when `each` fails.
pub(super) fn for_each_line(
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<End> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut line = Vec::new();
    let mut end = End {
        line: 0,
        open: false,
    };
    loop {
        line.clear();
        let read = (&mut reader)
            .take(LONGEST_LINE as u64 + 2)
            .read_until(b'\n', &mut line)
            .map_err(|source| Error::io(path, "read")(source))?;
        if read == 0 {
            break;
        }
        end = End {
            line: end.line + 1,
            open: !line.ends_with(b"\n"),
        };
        let text = without_end(&line);
        check(text)
            .and_then(|()| each(text))
            .map_err(|what| Error::line(path, end.line, what))?;
    }
    if end.line == 0 {
        return Err(Error::line(path, 1, "the file is empty"));
    }
    Ok(end)
}

fn without_end(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

fn check(line: &[u8]) -> Result<(), String> {
    if line.is_empty() {
        return Err("the line is empty".into());
    }
    if line.len() > LONGEST_LINE {
        return Err(format!("the line is longer than {LONGEST_LINE} bytes"));
    }
    // One pass without an early way out, which the compiler turns into vector code; the place matters only on error.
    if !line.iter().fold(false, |bad, &byte| bad | is_control(byte)) {
        return Ok(());
    }
    match line.iter().enumerate().find(|&(_, &byte)| is_control(byte)) {
        Some((at, byte)) => Err(format!(
            "byte 0x{byte:02x} at column {} is a control character, expected ISO-8859-1 text",
            at + 1
        )),
        None => Ok(()),
    }
}

/// Whether a byte is a control character of ISO-8859-1 (0x00-0x1f, 0x7f-0x9f) other than tab.
fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || (0x7f..0xa0).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.dat");
        std::fs::write(&path, bytes).unwrap();
        let mut lines = Vec::new();
        for_each_line(&path, |line| {
            lines.push(line.to_vec());
            Ok(())
        })?;
        Ok(lines)
    }

    fn message(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn both_line_ends_and_a_missing_last_one_are_fine() {
        let expected = vec![b"a\tb".to_vec(), b"\xe9".to_vec()];
        for text in [
            &b"a\tb\n\xe9\n"[..],
            b"a\tb\r\n\xe9\r\n",
            b"a\tb\n\xe9",
            b"a\tb\r\n\xe9",
        ] {
            assert_eq!(read(text).unwrap(), expected);
        }
    }

    #[test]
    fn bad_lines_name_their_place() {
        assert!(message(b"").ends_with("x.dat:1: the file is empty"));
        assert!(message(b"a\n\nb\n").ends_with("x.dat:2: the line is empty"));
        assert!(message(b"a\n\r\n").ends_with("x.dat:2: the line is empty"));
        assert!(message(b"\n").ends_with("x.dat:1: the line is empty"));
        let nul = message(b"ok\nab\0c\n");
        assert!(nul.contains("x.dat:2: byte 0x00 at column 3 is a control character"));
        assert!(message(b"a\rb\n").contains("byte 0x0d at column 2"));
        assert!(message(b"a\x85\n").contains("byte 0x85 at column 2"));
    }

    #[test]
    fn a_file_without_line_ends_does_not_fill_the_memory() {
        let longest = vec![b'a'; LONGEST_LINE];
        assert_eq!(read(&longest).unwrap().len(), 1);
        assert!(message(&vec![b'a'; 10 * LONGEST_LINE]).contains(":1: the line is longer"));
    }

    #[test]
    fn what_the_reader_says_carries_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.dat");
        std::fs::write(&path, "a\nb\nc\n").unwrap();
        let error = for_each_line(&path, |line| match line {
            b"b" => Err("no b please".into()),
            _ => Ok(()),
        });
        assert!(
            error
                .unwrap_err()
                .to_string()
                .ends_with("x.dat:2: no b please")
        );
    }

    proptest! {
        /// Reading ends, without a panic, and what it accepts is what was written.
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(
            proptest::sample::select(&b"abcdefg\t\n\n\r\xe9\0"[..]), 0..12,
        )) {
            if let Ok(lines) = read(&bytes) {
                let mut joined = lines.join(&b'\n');
                joined.push(b'\n');
                let mut plain: Vec<u8> = bytes.clone();
                if plain.last() != Some(&b'\n') {
                    plain.push(b'\n');
                }
                let carriage = |at: usize| plain[at] == b'\r' && plain.get(at + 1) == Some(&b'\n');
                let kept = (0..plain.len()).filter(|&at| !carriage(at)).map(|at| plain[at]);
                prop_assert_eq!(joined, kept.collect::<Vec<u8>>());
                prop_assert!(!bytes.contains(&0));
            }
        }
    }
}
