//! The bytes of a file, whatever it is packed with: told by its content, not by its name.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that are read ahead.
const BUFFER: usize = 1 << 18;

/// Opens a file and unpacks it.
///
/// # Errors
/// When the file cannot be opened.
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    unpacked(Box::new(file)).map_err(Error::io(path, "read"))
}

/// The bytes behind gzip (also of several members) or zstd (also of several frames), or as they are.
///
/// # Errors
/// When the input cannot be read.
pub fn unpacked(mut input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::new();
    input
        .by_ref()
        .take(ZSTD.len() as u64)
        .read_to_end(&mut start)?;
    let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
    let whole = BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(input));
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(MultiGzDecoder::new(whole)),
        (_, true) => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
        _ => Box::new(whole),
    })
}

/// What a failed read says to a user.
pub fn failed(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => Error::file(
            path,
            "ends before what it is packed with (gzip or zstd) does: it was cut short",
        ),
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => {
            Error::file(path, format!("cannot be unpacked: {error}"))
        }
        _ => Error::io(path, "read")(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        unpacked(Box::new(io::Cursor::new(bytes.to_vec())))?.read_to_end(&mut all)?;
        Ok(all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_told_by_its_content() {
        let text = b"a,b\n1,2\n".repeat(1000);
        assert_eq!(read(&text).unwrap(), text);
        assert_eq!(read(b"").unwrap(), b"");
        assert_eq!(read(b"(").unwrap(), b"(");
        assert_eq!(read(&gzip(&text)).unwrap(), text);
        let (a, b) = text.split_at(100);
        assert_eq!(read(&[gzip(a), gzip(b)].concat()).unwrap(), text);
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        assert_eq!(read(&zstd(&text)).unwrap(), text);
        assert_eq!(read(&[zstd(a), zstd(b)].concat()).unwrap(), text);
    }

    #[test]
    fn a_packed_file_that_was_cut_short_is_an_error_at_every_byte() {
        let text = b"some,text\n".repeat(10);
        for whole in [gzip(&text), zstd::encode_all(&text[..], 1).unwrap()] {
            for end in 4..whole.len() {
                let error = failed(Path::new("f"), read(&whole[..end]).unwrap_err());
                let error = error.to_string();
                assert!(
                    error.contains("cut short") || error.contains("unpacked"),
                    "{end}: {error}"
                );
            }
        }
    }
}
