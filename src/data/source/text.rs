//! Text files cut into blocks of whole rows, so that blocks can be parsed in parallel.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes;
use super::layout::Encoding;
use crate::error::{Error, Result};

/// Bytes of a block: small enough for some to be in memory, large enough that cutting and starting threads cost nothing.
pub(super) const BLOCK: usize = 1 << 22;

/// The longest row. Without a bound a quote that is never closed would take the rest of the file into memory.
const LONGEST: usize = 16 << 20;

/// Whole rows of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextBlock {
    /// For messages.
    pub file: Arc<Path>,
    /// The line of the file that the block begins with, counted from 1.
    pub line: u64,
    /// UTF-8, unless the file is not what its layout says.
    pub bytes: Vec<u8>,
    /// Whether the block begins its file.
    pub first: bool,
}

/// Where rows end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// At every line end.
    Lines,
    /// At line ends that are not within quotes; a quote is one only at the start of a field.
    Quoted {
        /// Quotes count only behind it or at the beginning of a line.
        delimiter: u8,
    },
}

/// Reads files one after the other.
pub struct Blocks {
    files: std::vec::IntoIter<PathBuf>,
    /// The file that is being read; none between two.
    current: Option<Stream>,
    /// Where a block may end.
    cut: Cut,
    encoding: Encoding,
    /// Bytes of a block, about.
    size: usize,
}

struct Stream {
    file: Arc<Path>,
    input: Box<dyn Read + Send>,
    /// Bytes that were read and belong to the next block.
    rest: Vec<u8>,
    /// The line that the next block begins with, counted from 1.
    line: u64,
    /// Whether the next block is the file's first.
    first: bool,
}

impl Blocks {
    /// The blocks of some files.
    pub fn of_files(files: &[PathBuf], cut: Cut, encoding: Encoding) -> Blocks {
        Blocks {
            files: Vec::from(files).into_iter(),
            current: None,
            cut,
            encoding,
            size: BLOCK,
        }
    }

    /// The blocks of one input that is open already, called `name` in messages.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_input(
        name: &Path,
        input: Box<dyn Read + Send>,
        cut: Cut,
        encoding: Encoding,
    ) -> Result<Blocks> {
        let input = bytes::unpacked(input).map_err(Error::io(name, "read"))?;
        Ok(Blocks {
            current: Some(Stream::new(name, input)),
            ..Blocks::of_files(&[], cut, encoding)
        })
    }

    /// The same with blocks of about `size` bytes; at least one row each.
    #[cfg(test)]
    pub fn with_size(self, size: usize) -> Blocks {
        Blocks { size, ..self }
    }

    /// The next block; `None` at the end of the last file. A file without any byte gives none.
    ///
    /// # Errors
    /// When a file cannot be read, or a row is longer than any can be.
    pub fn next_block(&mut self) -> Result<Option<TextBlock>> {
        loop {
            if self.current.is_none() {
                let Some(path) = self.files.next() else {
                    return Ok(None);
                };
                self.current = Some(Stream::new(&path, bytes::open(&path)?));
            }
            let Some(stream) = &mut self.current else {
                return Ok(None);
            };
            match stream.next_block(self.cut, self.encoding, self.size)? {
                Some(block) => return Ok(Some(block)),
                None => self.current = None,
            }
        }
    }
}

impl Stream {
    fn new(file: &Path, input: Box<dyn Read + Send>) -> Stream {
        Stream {
            file: file.into(),
            input,
            rest: Vec::new(),
            line: 1,
            first: true,
        }
    }

    fn next_block(
        &mut self,
        cut: Cut,
        encoding: Encoding,
        size: usize,
    ) -> Result<Option<TextBlock>> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = size;
        let end = loop {
            let missing = wanted.saturating_sub(bytes.len()) as u64;
            let read = self.input.by_ref().take(missing).read_to_end(&mut bytes);
            let read = read.map_err(|error| bytes::failed(&self.file, error))?;
            if self.first && self.line == 1 {
                self.mark(&mut bytes)?;
            }
            if (read as u64) < missing {
                if is_open(&bytes, cut) {
                    let at = self.line + lines(&bytes[..last_end(&bytes, cut)]);
                    return Err(self.unclosed(at));
                }
                break bytes.len();
            }
            let end = last_end(&bytes, cut);
            if end > 0 {
                break end;
            }
            if bytes.len() > LONGEST {
                return Err(self.endless(cut));
            }
            wanted = 2 * bytes.len().max(size);
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        self.rest = bytes.split_off(end);
        let block = TextBlock {
            file: Arc::clone(&self.file),
            line: self.line,
            first: self.first,
            bytes: match encoding {
                Encoding::Utf8 => bytes,
                Encoding::Latin1 => latin1(&bytes),
            },
        };
        self.first = false;
        self.line += lines(&block.bytes);
        Ok(Some(block))
    }

    /// Takes off a byte order mark.
    fn mark(&self, bytes: &mut Vec<u8>) -> Result<()> {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            let what = "is UTF-16: convert it to UTF-8 first (`iconv -f UTF-16 -t UTF-8`)";
            return Err(Error::file(&self.file, what));
        }
        Ok(())
    }

    fn unclosed(&self, line: u64) -> Error {
        let what = "a quote in the row that begins here is not closed; close it, or say `quoted = false` in [input]";
        Error::line(&self.file, line, what)
    }

    fn endless(&self, cut: Cut) -> Error {
        let megabytes = LONGEST >> 20;
        let what = match cut {
            Cut::Lines => format!("the line is longer than {megabytes} MiB"),
            Cut::Quoted { .. } => format!(
                "the row that begins here is longer than {megabytes} MiB: a quote in it is not closed; close it, or say `quoted = false` in [input]"
            ),
        };
        Error::line(&self.file, self.line, what)
    }
}

/// How many lines end in `bytes`: `\n`, `\r\n` or a `\r` of its own.
pub(super) fn lines(bytes: &[u8]) -> u64 {
    let newlines = memchr::memchr_iter(b'\n', bytes).count();
    let alone = memchr::memchr_iter(b'\r', bytes).filter(|&at| bytes.get(at + 1) != Some(&b'\n'));
    (newlines + alone.count()) as u64
}

/// The end of the last whole row; 0 when there is none.
fn last_end(bytes: &[u8], cut: Cut) -> usize {
    if let Cut::Quoted { delimiter } = cut
        && memchr::memchr(b'"', bytes).is_some()
    {
        return last_unquoted_end(bytes, delimiter).0;
    }
    if let Some(at) = memchr::memrchr(b'\n', bytes) {
        return at + 1;
    }
    // What follows the last byte may be the other half of a line end.
    let before = &bytes[..bytes.len().saturating_sub(1)];
    memchr::memrchr(b'\r', before).map_or(0, |at| at + 1)
}

/// Whether bytes end within quotes.
fn is_open(bytes: &[u8], cut: Cut) -> bool {
    match cut {
        Cut::Lines => false,
        Cut::Quoted { delimiter } => {
            memchr::memchr(b'"', bytes).is_some() && last_unquoted_end(bytes, delimiter).1
        }
    }
}

/// The end of the last row, and whether what follows ends within quotes. As `csv` reads it: a quote opens a field only at its start; within, two quotes are one; what follows the closing one is taken as
/// it is.
fn last_unquoted_end(bytes: &[u8], delimiter: u8) -> (usize, bool) {
    let (mut end, mut start, mut quoted) = (0, true, false);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if quoted {
            match memchr::memchr(b'"', &bytes[at..]) {
                None => break,
                Some(next) if bytes.get(at + next + 1) == Some(&b'"') => at += next + 2,
                Some(next) => {
                    quoted = false;
                    at += next + 1;
                }
            }
            continue;
        }
        at += 1;
        match byte {
            b'"' if start => (quoted, start) = (true, false),
            b'\n' => (end, start) = (at, true),
            b'\r' => {
                start = true;
                if bytes.get(at).is_some_and(|&next| next != b'\n') {
                    end = at;
                }
            }
            byte => start = byte == delimiter,
        }
    }
    (end, quoted)
}

/// ISO-8859-1 as UTF-8: every byte is the character of its number.
fn latin1(bytes: &[u8]) -> Vec<u8> {
    match bytes.is_ascii() {
        true => bytes.to_vec(),
        false => bytes
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>()
            .into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use proptest::prelude::*;

    fn blocks(text: &[u8], cut: Cut, encoding: Encoding, size: usize) -> Result<Vec<TextBlock>> {
        let input = Box::new(Cursor::new(text.to_vec()));
        let mut blocks = Blocks::of_input(Path::new("f"), input, cut, encoding)?.with_size(size);
        let mut all = Vec::new();
        while let Some(block) = blocks.next_block()? {
            all.push(block);
        }
        Ok(all)
    }

    const QUOTED: Cut = Cut::Quoted { delimiter: b',' };

    #[test]
    fn rows_are_whole_and_know_their_line() {
        let text = b"\xef\xbb\xbfa,b\r\n\"1\n2\",x\rq,5\" disk\n\"x\"\"y\",\"z\n\"\nlast";
        for size in 1..40 {
            let all = blocks(text, QUOTED, Encoding::Utf8, size).unwrap();
            assert!(all[0].first && all[1..].iter().all(|b| !b.first));
            let mut line = 1;
            for block in &all {
                assert_eq!(block.line, line);
                line += lines(&block.bytes);
            }
            let joined: Vec<u8> = all.iter().flat_map(|b| b.bytes.clone()).collect();
            assert_eq!(joined, text[3..]);
            for block in &all[..all.len() - 1] {
                let end = block.bytes[block.bytes.len() - 1];
                assert!(end == b'\n' || end == b'\r', "{all:?}");
                assert!(!block.bytes.ends_with(b"\"1\n") && !block.bytes.ends_with(b"\"z\n"));
            }
        }
    }

    #[test]
    fn what_is_no_text_of_its_encoding_is_told() {
        let error = blocks(b"\xff\xfea\0", QUOTED, Encoding::Utf8, 100).unwrap_err();
        assert!(error.to_string().contains("UTF-16"));
        let latin = blocks(b"caf\xe9\n", Cut::Lines, Encoding::Latin1, 100).unwrap();
        assert_eq!(latin[0].bytes, "café\n".as_bytes());
        let open = [b"a,b\n1,\"2\n".to_vec(), b"x\n".repeat(LONGEST / 2 + 100)].concat();
        let error = blocks(&open, QUOTED, Encoding::Utf8, 8)
            .map(|_| ())
            .unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("f:2: ") && error.contains("not closed"),
            "{error}"
        );
        let small = blocks(b"a\nb\n\"c\nd\n", QUOTED, Encoding::Utf8, 2).unwrap_err();
        assert!(small.to_string().starts_with("f:3: a quote"), "{small}");
        assert!(blocks(b"", QUOTED, Encoding::Utf8, 8).unwrap().is_empty());
    }

    proptest! {
        /// The last end that a block is cut at is one that csv sees too: what stands before and behind it parses as the whole does.
        #[test]
        fn cutting_changes_no_row(text in "[ab,\"\r\n]{0,60}", size in 1usize..20) {
            let rows = |bytes: &[u8]| -> Vec<csv::ByteRecord> {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(bytes);
                reader.byte_records().map(|r| r.unwrap()).collect()
            };
            let Ok(all) = blocks(text.as_bytes(), QUOTED, Encoding::Utf8, size) else {
                prop_assert!(is_open(text.as_bytes(), QUOTED));
                return Ok(());
            };
            let parts: Vec<_> = all.iter().flat_map(|b| rows(&b.bytes)).collect();
            prop_assert_eq!(parts, rows(text.as_bytes()));
        }
    }
}
