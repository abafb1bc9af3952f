//! Schema files: a protocol as TOML, written by people or by `autoint init`.

use std::path::{Path, PathBuf};

use super::Protocol;
use crate::data::source::Source;
use crate::data::source::files::expand;
use crate::data::split::SplitRule;
use crate::error::{Error, Result, one_line};

/// The largest schema file: a thousand fields take a tenth of this.
pub(crate) const MOST_BYTES: u64 = 4 << 20;

/// Reads a schema file: the protocol, and where its rows are.
///
/// # Errors
/// When the file cannot be read, has an unknown key or an impossible value (with its line), or names data that are not there.
pub fn read(path: &Path) -> Result<(Protocol, Option<Source>)> {
    let metadata = std::fs::metadata(path).map_err(Error::io(path, "read"))?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        let what = format!("is no schema file: expected a file of at most {MOST_BYTES} bytes");
        return Err(Error::file(path, what));
    }
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let mut protocol = parse(&text, path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = take_source(&mut protocol, folder)?;
    Ok((protocol, source))
}

/// The protocol in a text; `path` is what errors call it.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, path: &Path) -> Result<Protocol> {
    let protocol: Protocol = toml::from_str(text).map_err(|error| {
        if error.message() == "missing field `label`" {
            return without_label(text, path);
        }
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        Error::line(path, line, one_line(error.message()))
    })?;
    protocol.check().map_err(|(at, what)| {
        let line = text.find(&at).map_or(1, |place| line_at(text, place));
        Error::line(path, line, what)
    })?;
    Ok(protocol)
}

/// What to say of a file without a label: the place where `autoint init` left candidates, if it did.
fn without_label(text: &str, path: &Path) -> Error {
    let left: Vec<usize> = text
        .match_indices("\n# [label]")
        .map(|(at, _)| at + 1)
        .collect();
    let what = match left.len() {
        0 => "say which `column` it is, and which values are `positive` where it is not 0 or 1".to_owned(),
        1 => "`autoint init` left one candidate commented out: take the `# ` away before its lines, or name another".to_owned(),
        n => format!("`autoint init` left {n} candidates commented out: keep one"),
    };
    let line = left.first().map_or(1, |&at| line_at(text, at));
    Error::line(path, line, format!("there is no [label]: {what}"))
}

fn line_at(text: &str, place: usize) -> u64 {
    let before = text.get(..place).unwrap_or(text);
    1 + before.matches('\n').count() as u64
}

/// Takes the files out of a protocol: a model does not care where its data were.
pub fn take_source(protocol: &mut Protocol, folder: &Path) -> Result<Option<Source>> {
    let mut tables = std::collections::BTreeMap::new();
    for (name, table) in &mut protocol.tables {
        let file = std::mem::take(&mut table.file);
        if !file.is_empty() {
            tables.insert(
                name.clone(),
                all_files(std::slice::from_ref(&file), folder)?,
            );
        }
    }
    let input = &mut protocol.input;
    let (files, valid, test) = (
        std::mem::take(&mut input.files),
        std::mem::take(&mut input.valid),
        std::mem::take(&mut input.test),
    );
    if files.is_empty() {
        return Ok(None);
    }
    if protocol.split == SplitRule::Files && test.is_empty() {
        let what = "rule = \"files\" needs `test` files in [input], and takes `valid` files";
        return Err(Error::config("split.rule", what));
    }
    Ok(Some(Source::Files {
        files: all_files(&files, folder)?,
        valid: all_files(&valid, folder)?,
        test: all_files(&test, folder)?,
        tables,
    }))
}

fn all_files(patterns: &[String], folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for pattern in patterns {
        all.extend(expand(pattern, folder)?);
    }
    Ok(all)
}
