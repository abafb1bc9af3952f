//! The schema file: what was found, with the reasons as comments.

use super::draft::Draft;
use super::escape::{array, column, named, quoted};
use super::fields::{Proposal, reference};
use super::label::{Candidate, Label};
use super::roles::Role;
use super::times;
use super::warnings::SKIPPED;
use crate::data::protocol::condition::Condition;
use crate::data::protocol::field::{FieldKind, FieldSpec, Transform};
use crate::data::protocol::time::{Part, TimeFormat, TimePart};
use crate::data::source::columns::ColumnRef;
use crate::data::source::layout::{Encoding, Layout};
use crate::error::Error;

/// Where the rows are and how they are written.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Relative to the schema file.
    pub files: Vec<String>,
    /// What the file says of delimiter, header and the like; found out where it was not said.
    pub layout: Layout,
    /// Whether columns can be named by their number.
    pub numbered: bool,
}

impl Draft {
    /// The file's text. `again` is the command that writes it anew.
    pub fn toml(&self, name: &str, place: &Place, again: &str) -> String {
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|c| c.profile.name.clone())
            .collect();
        let writer = Writer { draft: self, names };
        let part = if self.whole {
            String::new()
        } else {
            format!(" of about {}", self.of)
        };
        let mut text = format!(
            "# Proposed by `autoint init` from {} rows{part}: each guess stands with its reason. Read it, and correct what is wrong.\n",
            self.rows
        );
        text += &format!(
            "name = {}\nmetrics = {}\n",
            quoted(&folder_name(name)),
            self.metrics()
        );
        text += &writer.input(place);
        text += &writer.label(place, again);
        text += &writer.rows(place);
        text += &writer.roles();
        text += &writer.split();
        for field in &self.fields {
            text += &written(field);
        }
        text
    }

    fn metrics(&self) -> &'static str {
        match self.roles.user {
            Some(_) => "[\"auc\", \"logloss\", \"gauc\", \"ndcg@10\", \"recall@10\", \"hit@10\"]",
            None => "[\"auc\", \"logloss\"]",
        }
    }
}

/// More columns than a schema file holds: a field takes a hundred bytes or more.
pub(super) const MOST_COLUMNS: usize = 25_000;

/// What to say of too many columns.
pub(super) fn too_many(columns: usize) -> Error {
    Error::Data(format!(
        "there are {columns} columns, which is more than a schema file can hold: write one with the columns that matter, or give the data in libsvm's layout"
    ))
}

/// A name that a folder may have.
fn folder_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_control() || matches!(c, '/' | '\\') {
            '_'
        } else {
            c
        }
    };
    let name: String = name.trim_start_matches('.').chars().map(plain).collect();
    if name.is_empty() {
        "data".to_owned()
    } else {
        name
    }
}

struct Writer<'a> {
    draft: &'a Draft,
    /// Of all columns, as the header has them.
    names: Vec<String>,
}

impl Writer<'_> {
    fn name(&self, place: usize) -> String {
        named(&self.names[place])
    }

    fn column(&self, place: usize) -> String {
        column(&reference(&self.names, place))
    }

    fn input(&self, place: &Place) -> String {
        let mut text = format!("\n[input]\nfiles = {}\n", array(&place.files));
        let layout = &place.layout;
        if let Some(format) = layout.format {
            text += &format!("format = \"{format}\"\n");
        }
        if let Some(delimiter) = layout.delimiter {
            text += &format!("delimiter = {}\n", quoted(&delimiter.to_string()));
        }
        if let Some(is) = layout.quoted {
            text += &format!("quoted = {is}\n");
        }
        if let Some(is) = layout.header {
            text += &format!("header = {is}\n");
        }
        if layout.encoding == Some(Encoding::Latin1) {
            text += "encoding = \"iso-8859-1\"\n";
        }
        if let Some(columns) = &layout.columns {
            text += &format!("columns = {}\n", array(columns));
        }
        let missing = &self.draft.missing;
        if !missing.is_empty() {
            text += "# Found where all else is numbers or a label. They mean \"missing\" in every column.\n";
            text += &format!("missing = {}\n", array(missing));
        }
        text
    }

    fn label(&self, place: &Place, again: &str) -> String {
        match &self.draft.label {
            Label::Clear(candidate) => {
                let share = 100.0 * self.draft.shares[0].positive();
                let name = self.name(candidate.column);
                let why = comment(&format!(
                    "`{name}` {}; {share:.2} % positive.",
                    candidate.why
                ));
                format!("\n{why}{}", self.section(candidate))
            }
            Label::Open {
                candidates,
                more,
                why,
            } => {
                let mut text = "\n".to_owned();
                text += &comment(&format!(
                    "There is no label yet, so nothing can be trained: {why}."
                ));
                text += &match candidates.len() {
                    0 => "# Say which column it is and what is positive, as here, or start again with\n".to_owned(),
                    1 => "# If it is, take the `# ` away before the lines below, or start again with\n".to_owned(),
                    _ => "# Keep one: take the `# ` away before its lines, or start again with\n".to_owned(),
                };
                text += &comment(&format!("{again} --label COLUMN --force"));
                for (candidate, share) in candidates.iter().zip(&self.draft.shares) {
                    let why = format!("`{}` {}.", self.name(candidate.column), candidate.why);
                    text += &format!("#\n{}", comment(&why));
                    text += &commented(&self.section(candidate));
                    if let Some(drop) = self.drop(candidate, share.missing, place) {
                        text += &comment(&format!("(and in [rows]: drop = {})", array(&[drop])));
                    }
                }
                if candidates.is_empty() {
                    text += "#\n# [label]\n# column = \"COLUMN\"\n# positive = \">= 4\"\n";
                }
                if *more > 0 {
                    text += &format!("# ({more} more columns could be it)\n");
                }
                text
            }
        }
    }

    fn section(&self, candidate: &Candidate) -> String {
        let mut text = format!("[label]\ncolumn = {}\n", self.column(candidate.column));
        if let Some(test) = &candidate.positive {
            text += &format!("positive = {}\n", quoted(&test.to_string()));
        }
        text
    }

    /// The condition that leaves out rows without a label.
    fn drop(&self, candidate: &Candidate, missing: u64, place: &Place) -> Option<String> {
        if missing == 0 {
            return None;
        }
        let reference = match reference(&self.names, candidate.column) {
            // What a condition cannot write.
            ColumnRef::Name(name) if name.contains('"') || name.starts_with('#') => place
                .numbered
                .then_some(ColumnRef::Number(candidate.column as u32 + 1))?,
            reference => reference,
        };
        let condition = Condition {
            column: reference,
            test: crate::data::protocol::condition::Test::OneOf(vec![String::new()]),
        };
        Some(condition.to_string())
    }

    fn rows(&self, place: &Place) -> String {
        let mut lines = String::new();
        if let Label::Clear(candidate) = &self.draft.label
            && let Some(drop) = self.drop(candidate, self.draft.shares[0].missing, place)
        {
            lines += "# Rows without a label.\n";
            lines += &format!("drop = {}\n", array(&[drop]));
        }
        let bad = &self.draft.bad;
        let share = bad.rows as f64 / bad.of.max(1) as f64;
        if let Some(first) = bad.first.as_ref().filter(|_| share <= SKIPPED) {
            let about = (share * self.draft.of as f64) as u64;
            lines += &comment(&format!(
                "About {about} rows are not what the format says, such as {first}."
            ));
            lines += "# They are counted and left out; with \"error\" the first one ends the reading.\non_bad = \"skip\"\n";
            if about >= 500 {
                lines += &format!("most_bad = {}\n", 4 * about);
            }
        }
        match lines.is_empty() {
            true => lines,
            false => format!("\n[rows]\n{lines}"),
        }
    }

    fn roles(&self) -> String {
        let roles = &self.draft.roles;
        let role = |what: &str, role: &Option<Role>| match role {
            None => String::new(),
            Some(Role { column, why }) => {
                let why = comment(&format!("`{}`, {why}.", self.name(*column)));
                format!("{why}{what} = {}\n", self.column(*column))
            }
        };
        let mut lines = role("user", &roles.user) + &role("item", &roles.item);
        if let Some((Role { column, why }, format)) = &roles.time {
            let value = match format {
                TimeFormat::Seconds => self.column(*column),
                other => format!(
                    "{{ column = {}, format = \"{}\" }}",
                    self.column(*column),
                    times::name(*other)
                ),
            };
            lines += &comment(&format!("`{}`: {why}.", self.name(*column)));
            lines += &format!("time = {value}\n");
        }
        match lines.is_empty() {
            true => "\n# [roles] can name the columns `user` (for metrics per user), `item` and `time`.\n".to_owned(),
            false => format!("\n[roles]\n{lines}"),
        }
    }

    fn split(&self) -> String {
        let roles = &self.draft.roles;
        let mut text = "\n# Eight parts of the rows train, one chooses the epoch, one is the test, drawn at random.".to_owned();
        let time = roles.time.is_some();
        match (roles.user.is_some(), time) {
            (_, false) => text += " Splits in time need `time` in [roles].",
            (true, true) => {
                text += " Instead:\n#   rule = \"leave-last-out\"  (each user's last row is the test)\n";
                text += "#   rule = \"global-time\", validation = 0.1, test = 0.1  (the latest rows are the test)";
            }
            (false, true) => {
                text += " Instead:\n#   rule = \"global-time\", validation = 0.1, test = 0.1  (the latest rows are the test)";
            }
        }
        text + "\n[split]\nrule = \"random\"\nparts = [8, 1, 1]\nseed = 1\n"
    }
}

/// A line that nothing in it can end.
fn comment(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    format!("# {}\n", text.chars().map(plain).collect::<String>())
}

fn commented(text: &str) -> String {
    text.lines().map(comment).collect()
}

fn written(field: &Proposal) -> String {
    let notes: String = field.notes.iter().map(|note| comment(note)).collect();
    let lines = spec(&field.spec);
    let lines = if field.is_used() {
        lines
    } else {
        commented(&lines)
    };
    format!("\n{notes}{lines}")
}

fn spec(spec: &FieldSpec) -> String {
    let mut text = format!(
        "[[field]]\nname = {}\nkind = \"{}\"\n",
        quoted(&spec.name),
        spec.kind
    );
    if let [one] = &spec.columns[..] {
        text += &format!("column = {}\n", column(one));
    }
    match spec.part {
        None => {}
        Some(TimePart::OfSeconds(of)) => text += &format!("part = \"{}\"\n", part(of)),
        Some(TimePart::As(of)) => {
            text += &format!(
                "part = {{ of = \"{}\", format = \"{}\" }}\n",
                part(of.of),
                times::name(of.format)
            );
        }
    }
    if let Some(separator) = &spec.separator {
        text += &format!("separator = {}\n", quoted(separator));
    }
    if spec.kind == FieldKind::Numeric {
        let transform = match spec.transform() {
            Transform::Log => "log",
            _ => "min-max",
        };
        text += &format!("transform = \"{transform}\"\n");
    }
    if spec.min_count > 1 {
        text += &format!("min_count = {}\n", spec.min_count);
    }
    text
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Year => "year",
        Part::Decade => "decade",
        Part::Month => "month",
        Part::Weekday => "weekday",
        Part::Hour => "hour",
        Part::Days => "days",
    }
}
