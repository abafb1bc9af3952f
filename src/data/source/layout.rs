//! How the rows of an input are written: what a schema file says under `[input]`, beside where the files are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How to read an input. What is `None` is found out from the content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// None where the first bytes are to tell, see [`super::sniff`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// CSV only: one ASCII character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// CSV only: whether a field may be put in double quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<bool>,
    /// CSV only: whether the first line names the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// CSV only: the columns' names, in the place of the header's or where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// None is UTF-8: another one is never guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text: CSV, TSV and their relatives.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Columns in row groups, each with its type; no text, so the settings of CSV mean nothing to it.
    Parquet,
    /// `label index:value ...`
    Libsvm,
    /// `label field:feature:value ...`
    Libffm,
}

/// How text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Unicode; a row whose bytes are not is bad.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Each byte is a character, so nothing can be wrong with it.
    #[serde(rename = "iso-8859-1")]
    Latin1,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Parquet => "parquet",
            Format::Libsvm => "libsvm",
            Format::Libffm => "libffm",
        })
    }
}
