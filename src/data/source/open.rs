//! From files and what is known of their layout to a reader.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::columns::ColumnRef;
use super::csv::{CsvReader, Dialect, delimiter, one_column};
use super::files::expand;
use super::jsonl::Json;
use super::layout::{Encoding, Format, Layout};
use super::libsvm::{Ffm, Svm};
use super::lines::LineReader;
use super::parquet::ParquetReader;
use super::reader::{Chunk, Reader};
use super::sniff::{PARQUET, sniff};
use super::text::{Blocks, Cut};
use crate::error::{Error, Result};

/// What messages call standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// A reader of some files as one input; what the layout leaves open is found out from the first of them.
///
/// # Errors
/// When a file cannot be read, or is not what the layout says.
pub fn open(files: &[PathBuf], layout: &Layout) -> Result<Box<dyn Reader>> {
    let Some(first) = files.first() else {
        return Err(Error::Data("there is no file to read".into()));
    };
    let found = sniff(first)?;
    let encoding = layout.encoding.unwrap_or(Encoding::Utf8);
    let by_line = || Blocks::of_files(files, Cut::Lines, encoding);
    match layout.format.or(found.format) {
        Some(Format::Jsonl) => return Ok(Box::new(LineReader::<Json>::new(by_line()))),
        Some(Format::Libsvm) => return Ok(Box::new(LineReader::<Svm>::new(by_line()))),
        Some(Format::Libffm) => return Ok(Box::new(LineReader::<Ffm>::new(by_line()))),
        Some(Format::Parquet) => return Ok(Box::new(ParquetReader::new(files)?)),
        None | Some(Format::Csv) => {}
    }
    let (dialect, encoding) = dialect(layout, &found)?;
    let blocks = Blocks::of_files(files, cut(&dialect), encoding);
    let reader = CsvReader::new(blocks, dialect.clone(), first)?;
    let header = reader.header().unwrap_or_default().to_vec();
    match one_column(
        files,
        &header,
        char::from(dialect.delimiter),
        found.delimiter,
    ) {
        Some(error) => Err(error),
        None => Ok(Box::new(reader)),
    }
}

/// A reader of rows to predict: of standard input for `-`, else of a file, which may be a pipe. A file of another format than
/// the layout's is read as what it is.
///
/// # Errors
/// As [`open`].
pub fn open_rows(input: &Path, layout: &Layout) -> Result<Box<dyn Reader>> {
    if input == Path::new("-") {
        return open_input(Path::new(STANDARD_INPUT), Box::new(io::stdin()), layout);
    }
    let metadata = fs::metadata(input).map_err(Error::io(input, "open"))?;
    if !metadata.is_file() && !metadata.is_dir() {
        let file = File::open(input).map_err(Error::io(input, "open"))?;
        return open_input(input, Box::new(file), layout);
    }
    let files = expand(&input.to_string_lossy(), Path::new(""))?;
    let mut layout = layout.clone();
    let found = sniff(&files[0])?;
    if layout.format.is_some() && layout.format != found.format {
        layout = Layout::default();
    }
    if layout.columns.is_none() {
        layout.header.get_or_insert(true);
    }
    open(&files, &layout)
}

/// A reader of what comes through a pipe. Nothing is found out from it: what the layout leaves open is CSV with commas, quotes
/// and a header.
///
/// # Errors
/// As [`open`], and when it is Parquet.
pub fn open_input(
    name: &Path,
    mut input: Box<dyn Read + Send>,
    layout: &Layout,
) -> Result<Box<dyn Reader>> {
    let mut start = Vec::new();
    let length = PARQUET.len() as u64;
    let read = input.by_ref().take(length).read_to_end(&mut start);
    read.map_err(Error::io(name, "read"))?;
    if start == PARQUET {
        // How it is to be read stands at its end.
        let what = "Parquet cannot be read from a pipe: write it to a file first";
        return Err(Error::file(name, what));
    }
    let input = Box::new(io::Cursor::new(start).chain(input));
    let usual = Layout {
        format: Some(Format::Csv),
        delimiter: Some(','),
        quoted: Some(true),
        header: Some(true),
        columns: None,
        encoding: Some(Encoding::Utf8),
    };
    let encoding = layout.encoding.unwrap_or(Encoding::Utf8);
    let by_line = |input| Blocks::of_input(name, input, Cut::Lines, encoding);
    match layout.format {
        Some(Format::Jsonl) => return Ok(Box::new(LineReader::<Json>::new(by_line(input)?))),
        Some(Format::Libsvm) => return Ok(Box::new(LineReader::<Svm>::new(by_line(input)?))),
        Some(Format::Libffm) => return Ok(Box::new(LineReader::<Ffm>::new(by_line(input)?))),
        // Parquet is read from its end, which a pipe does not have yet: rows of a pipe are CSV then.
        None | Some(Format::Csv | Format::Parquet) => {}
    }
    let (dialect, encoding) = dialect(layout, &usual)?;
    let blocks = Blocks::of_input(name, input, cut(&dialect), encoding)?;
    Ok(Box::new(CsvReader::new(blocks, dialect, name)?))
}

fn cut(dialect: &Dialect) -> Cut {
    match dialect.quoted {
        true => Cut::Quoted {
            delimiter: dialect.delimiter,
        },
        false => Cut::Lines,
    }
}

/// What the layout says, and where it says nothing what was found.
fn dialect(layout: &Layout, found: &Layout) -> Result<(Dialect, Encoding)> {
    let dialect = Dialect {
        delimiter: delimiter(layout.delimiter.or(found.delimiter).unwrap_or(','))?,
        quoted: layout.quoted.or(found.quoted).unwrap_or(true),
        header: layout.header.or(found.header).unwrap_or(true),
        columns: layout.columns.clone(),
    };
    // Never guessed: text that is no UTF-8 is an error until somebody says what it is.
    Ok((dialect, layout.encoding.unwrap_or(Encoding::Utf8)))
}

/// All chunks of an input in memory, read as `format`; for what feeds readers with bytes of its own making.
///
/// # Errors
/// As [`open`].
pub fn read_all(bytes: &[u8], format: Format) -> Result<Vec<Chunk>> {
    let layout = Layout {
        format: Some(format),
        ..Layout::default()
    };
    let file = tempfile::NamedTempFile::new().map_err(Error::io("a temporary file", "create"))?;
    fs::write(file.path(), bytes).map_err(Error::io(file.path(), "write"))?;
    let mut reader = open(&[file.path().to_owned()], &layout)?;
    let columns: Vec<ColumnRef> = match reader.header() {
        Some(header) => (1..=header.len() as u32).map(ColumnRef::Number).collect(),
        None if format == Format::Jsonl => ["label", "a", "a.b"].map(ColumnRef::from).to_vec(),
        None => ["label", "1", "2"].map(ColumnRef::from).to_vec(),
    };
    reader.select(&columns)?;
    let mut chunks = Vec::new();
    while let Some(block) = reader.next_block()? {
        chunks.push(block.parse()?);
    }
    Ok(chunks)
}
