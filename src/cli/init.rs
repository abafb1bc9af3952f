//! `autoint init`

use std::io::Write;
use std::path::{Path, PathBuf};

use autoint::data::init::escape::named;
use autoint::data::init::label::Label;
use autoint::data::init::place::{check_free, default_out, relative};
use autoint::data::init::write::Place;
use autoint::data::init::{Ask, Draft, columns_of, draft};
use autoint::data::source::Source;
use autoint::data::source::files::expand;
use autoint::data::source::layout::{Encoding, Format, Layout};
use autoint::data::source::open::open;
use autoint::data::source::sniff::sniff;
use autoint::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::HumanCount;

use super::table;

/// Look at data and write a schema for them, to be read, corrected and trained with.
///
/// Rows from all over the files tell what each column seems to be; the schema says so with the reasons. When it is not clear
/// which column is the label, the candidates stand there as comments: keep one, or name it with --label.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders of part files or patterns such as 'part-*.csv'
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The schema file to write [default: the data's name with .toml, in this folder]
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// About how many rows to look at
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(10..))]
    rows: usize,
    /// Look at all rows; takes four bytes of memory for each value
    #[arg(long, conflicts_with = "rows")]
    full: bool,
    /// The label, by name or by number from 1, perhaps with a test for what is positive: 'rating>=4', 'bought=yes'
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// The column that says whose row it is
    #[arg(long, value_name = "COLUMN")]
    user: Option<String>,
    /// The column that says which item it is
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// The column that says when it happened
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Whether the first line names the columns [default: found out]
    #[arg(long, value_parser = PossibleValuesParser::new(["yes", "no"]))]
    header: Option<String>,
    /// What stands between values: one character, or `tab` [default: found out]
    #[arg(long, value_name = "C", value_parser = delimiter)]
    delimiter: Option<char>,
    /// How text is written [default: found out]
    #[arg(long, value_parser = PossibleValuesParser::new(["utf-8", "iso-8859-1"]))]
    encoding: Option<String>,
    /// Replace the schema file if it is there
    #[arg(long)]
    force: bool,
}

fn delimiter(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() => Ok(c),
        _ => Err("expected one ASCII character, or `tab`".to_owned()),
    }
}

impl Arguments {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let path = self
            .out
            .clone()
            .unwrap_or_else(|| default_out(&self.files[0]));
        check_free(&path, self.force)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let patterns = self.files.iter().map(|file| relative(file, folder));
        let patterns: Vec<String> = patterns.collect::<Result<_>>()?;
        let files = self.expanded()?;
        let mut layout = self.layout(&files[0])?;
        let mut reader = open(&files, &layout)?;
        let headed = layout.header != Some(false);
        let names = columns_of(reader.as_ref(), &files, &layout)?;
        if !headed {
            layout.columns = Some(names.clone());
        }
        let ask = Ask {
            label: self.label.clone(),
            user: self.user.clone(),
            item: self.item.clone(),
            time: self.time.clone(),
            rows: (!self.full).then_some(self.rows),
            types: Vec::new(),
        };
        let draft = draft(reader.as_mut(), &names, &layout, &ask).map_err(|error| match error {
            Error::Data(what) => Error::file(&files[0], what),
            other => other,
        })?;
        let place = Place {
            files: patterns,
            numbered: reader.header().is_some(),
            layout,
        };
        let again = format!("autoint init {}", quoted(&self.files));
        draft.write(&path, &place, &again)?;
        self.tell(&draft, &path, &again, out)
    }

    /// The files, which must be ones that nothing is known of.
    fn expanded(&self) -> Result<Vec<PathBuf>> {
        let mut all = Vec::new();
        for text in &self.files {
            if let Ok(Source::Movielens { .. } | Source::Synthetic { .. } | Source::Store { .. }) =
                Source::named(text)
            {
                let what =
                    format!("needs no schema: `autoint train --data {text}` knows what it holds");
                return Err(Error::file(text, what));
            }
            all.extend(expand(text, Path::new(""))?);
        }
        Ok(all)
    }

    /// What the first file seems to be, and what was said of it.
    fn layout(&self, first: &Path) -> Result<Layout> {
        let mut layout = sniff(first)?;
        if self.delimiter.is_some() || self.header.is_some() {
            layout.format = Some(Format::Csv);
        }
        if let Some(delimiter) = self.delimiter {
            layout.delimiter = Some(delimiter);
        }
        if let Some(header) = &self.header {
            layout.header = Some(header == "yes");
        }
        match self.encoding.as_deref() {
            Some("utf-8") => layout.encoding = Some(Encoding::Utf8),
            Some(_) => layout.encoding = Some(Encoding::Latin1),
            None => {}
        }
        Ok(layout)
    }

    fn tell(
        &self,
        draft: &Draft,
        path: &Path,
        again: &str,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let rows = HumanCount(draft.rows);
        match draft.whole {
            true => writeln!(out, "{rows} rows, all of them\n")?,
            false => writeln!(out, "{rows} of about {} rows\n", HumanCount(draft.of))?,
        }
        writeln!(out, "{}\n", overview(draft))?;
        for warning in &draft.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        let shown = quoted(&[path.display().to_string()]);
        let fields = draft.fields.iter().filter(|field| field.is_used()).count();
        let noun = if fields == 1 { "field" } else { "fields" };
        writeln!(out, "{shown} written: {fields} {noun}")?;
        match &draft.label {
            Label::Clear(candidate) => {
                let name = named(&draft.columns[candidate.column].profile.name);
                let test = candidate
                    .positive
                    .as_ref()
                    .map_or(String::new(), |test| format!(" {test}"));
                let share = 100.0 * draft.shares.first().map_or(0.0, |share| share.positive());
                writeln!(out, "label: {name}{}, {share:.2} % positive", named(&test))?;
                writeln!(out, "next: autoint train --schema {shown}")?;
            }
            Label::Open {
                why, candidates, ..
            } => {
                writeln!(out, "label: none yet, as {why}")?;
                let then = match candidates.len() {
                    0 => "write a [label] in",
                    1 => "take the `# ` away before [label] in",
                    _ => "keep one of the candidates in",
                };
                writeln!(
                    out,
                    "next: {then} {shown}, or {again} --label COLUMN --force"
                )?;
            }
        }
        Ok(())
    }
}

/// Columns that are shown.
const SHOWN: usize = 100;

/// A line a column.
fn overview(draft: &Draft) -> String {
    let header = ["column", "guess", "values", "missing", "use"];
    let mut table = table::new(&header.map(str::to_owned));
    let label = draft.label.columns();
    let clear = matches!(draft.label, Label::Clear(_));
    let roles = &draft.roles;
    for (place, column) in draft.columns.iter().enumerate().take(SHOWN) {
        let mut uses = Vec::new();
        if label.contains(&place) {
            uses.push(if clear { "label" } else { "label?" });
        }
        let has = |role: &Option<_>| {
            role.as_ref()
                .is_some_and(|r: &autoint::data::init::roles::Role| r.column == place)
        };
        uses.extend(has(&roles.user).then_some("user"));
        uses.extend(has(&roles.item).then_some("item"));
        uses.extend(
            roles
                .time
                .as_ref()
                .filter(|(role, _)| role.column == place)
                .map(|_| "time"),
        );
        let of_column = || draft.fields.iter().filter(|field| field.column == place);
        match of_column().filter(|field| field.is_used()).count() {
            0 if uses.is_empty() => uses.push("left out"),
            0 => {}
            1 => uses.push("field"),
            _ => uses.push("fields"),
        }
        let profile = &column.profile;
        let missing = 100.0 * profile.missing as f64 / profile.rows.max(1) as f64;
        table.add_row([
            named(&profile.name),
            column.guess.kind.to_string(),
            HumanCount(profile.distinct as u64).to_string(),
            if profile.missing == 0 {
                "-".to_owned()
            } else {
                format!("{missing:.1} %")
            },
            uses.join(", "),
        ]);
    }
    let more = draft.columns.len().saturating_sub(SHOWN);
    match more {
        0 => table.trim_fmt(),
        more => format!("{}\nand {more} more columns", table.trim_fmt()),
    }
}

/// Arguments as a shell takes them.
fn quoted(arguments: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/=:,+@%".contains(c);
    let quoted = arguments
        .iter()
        .map(|text| match !text.is_empty() && text.chars().all(plain) {
            true => text.clone(),
            false => format!("'{}'", text.replace('\'', "'\\''")),
        });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back_from_a_shell() {
        let texts = ["a.csv", "my data", "it's", ""].map(str::to_owned);
        assert_eq!(quoted(&texts), "a.csv 'my data' 'it'\\''s' ''");
    }

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(delimiter("tab"), Ok('\t'));
        assert_eq!(delimiter(";"), Ok(';'));
        assert!(delimiter("::").is_err() && delimiter("").is_err() && delimiter("é").is_err());
    }
}
